// Keys whose responses just proved to be for one client alone: for a while they are neither looked
// up in the shared tier nor collapsed, since nobody could use what another is given. And keys of
// which that holds for sessions alone.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

const keptForAllMs = 10_000;

/** Each further session asks the origin itself: it renews the mark, or ends it. */
const keptForSessionsMs = 60_000;

/** The marks of one isolate, under a bound in bytes. */
export class Uncacheable {
  readonly #forAll = new Marks(keptForAllMs);
  readonly #forSessions = new Marks(keptForSessionsMs);

  /** No other may have what this key answers, from now on for ten seconds. */
  mark(key: string, atMs: number): void {
    this.#forAll.set(key, atMs);
  }

  has(key: string, atMs: number): boolean {
    return this.#forAll.has(key, atMs);
  }

  forget(key: string): void {
    this.#forAll.delete(key);
  }

  /** Requests with unknown cookies got what no other such request may have. */
  markForSessions(key: string, atMs: number): void {
    this.#forSessions.set(key, atMs);
  }

  hasForSessions(key: string, atMs: number): boolean {
    return this.#forSessions.has(key, atMs);
  }

  forgetForSessions(key: string): void {
    this.#forSessions.delete(key);
  }
}

class Marks {
  readonly #keptMs: number;
  readonly #untilAtMs = new BoundedMarks<number>();

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  set(key: string, atMs: number): void {
    this.#untilAtMs.set(key, atMs + this.#keptMs);
  }

  has(key: string, atMs: number): boolean {
    const leftMs = (this.#untilAtMs.get(key) ?? -Infinity) - atMs;
    // A clock that was set back must not lengthen it.
    return leftMs > 0 && leftMs <= this.#keptMs;
  }

  delete(key: string): void {
    this.#untilAtMs.delete(key);
  }
}
