// Keys whose responses just proved to be for one client alone: for a while they are neither looked
// up in the shared tier nor collapsed, since nobody could use what another is given. And keys of
// which that holds for sessions alone.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

/** Keys, each marked for so long. */
class Marks {
  readonly #keptMs: number;
  readonly #untilAtMs = new BoundedMarks<number>();

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  mark(key: string, atMs: number): void {
    this.#untilAtMs.set(key, atMs + this.#keptMs);
  }

  has(key: string, atMs: number): boolean {
    return this.#lasts(this.#untilAtMs.get(key), atMs);
  }

  /** What `has` would say, without counting as a use of the mark. */
  peek(key: string, atMs: number): boolean {
    return this.#lasts(this.#untilAtMs.peek(key), atMs);
  }

  #lasts(untilAtMs: number | undefined, atMs: number): boolean {
    const leftMs = (untilAtMs ?? -Infinity) - atMs;
    // A clock that was set back must not lengthen it.
    return leftMs > 0 && leftMs <= this.#keptMs;
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}

/** The marks of one isolate, under a bound in bytes. */
export class Uncacheable {
  /** Keys whose answers no other client may have. */
  readonly forAll = new Marks(10_000);
  /**
   * Keys that answer requests with unknown cookies with what no other such request may have. Each
   * further session asks the origin itself: it renews the mark, or ends it.
   */
  readonly forSessions = new Marks(60_000);
}
