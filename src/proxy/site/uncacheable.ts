// Marks keys whose responses cannot be shared, by all clients or by sessions. For a while such requests are
// neither looked up in the shared tier nor collapsed.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

/** Marks on keys, each with an expiry. */
export class Marks {
  readonly #keptMs: number;
  readonly #keptMsMax: number;
  readonly #untilAtMs = new BoundedMarks<number>();

  constructor(keptMs: number, keptMsMax = keptMs) {
    this.#keptMs = keptMs;
    this.#keptMsMax = keptMsMax;
  }

  /** @param forMs at most the longest duration of this kind */
  mark(key: string, atMs: number, forMs = this.#keptMs): void {
    this.#untilAtMs.set(key, atMs + forMs);
  }

  has(key: string, atMs: number): boolean {
    return this.#lasts(this.#untilAtMs.get(key), atMs);
  }

  /** Returns the result of `has` without counting as a use. */
  peek(key: string, atMs: number): boolean {
    return this.#lasts(this.#untilAtMs.peek(key), atMs);
  }

  #lasts(untilAtMs: number | undefined, atMs: number): boolean {
    const leftMs = (untilAtMs ?? -Infinity) - atMs;
    // A clock that was set back must not extend the mark.
    return leftMs > 0 && leftMs <= this.#keptMsMax;
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}

/** The longest mark of `ledAnonymously`: 10 s after a failure, longer if an error may be stored. */
export const ledAnonymouslyMsMax = 600_000;

/** The marks of one isolate, limited in bytes. */
export class Uncacheable {
  /** Keys whose answers no other client may get. */
  readonly forAll = new Marks(10_000);
  /**
   * Keys whose answers to personal requests are not shared. Each further session goes to the origin itself and
   * renews or ends the mark.
   */
  readonly forSessions = new Marks(60_000);
  /**
   * Hit-for-miss: an anonymous request got a response that may not be shared. Requests for these keys
   * do not wait for each other. Each refusal renews the mark, a storable response removes it.
   */
  readonly pass = new Marks(60_000);
  /**
   * Pages that had a storable success. A client's error or redirect is not stored in its place before an
   * anonymous request gets the same, even after the success has expired.
   */
  readonly stood = new Marks(600_000);
  /** Keys whose client's request failed or got nothing to share: the isolate sends an anonymous one. */
  readonly ledAnonymously = new Marks(10_000, ledAnonymouslyMsMax);
}
