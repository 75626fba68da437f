// Keys whose responses just proved to be for one client alone: for a while they are neither looked
// up in the shared tier nor collapsed, since nobody could use what another is given. And keys of
// which that holds for sessions alone.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";

/** Keys, each marked for so long. */
export class Marks {
  readonly #keptMs: number;
  readonly #keptMsMax: number;
  readonly #untilAtMs = new BoundedMarks<number>();

  constructor(keptMs: number, keptMsMax = keptMs) {
    this.#keptMs = keptMs;
    this.#keptMsMax = keptMsMax;
  }

  /** @param forMs no longer than a mark of this kind may last */
  mark(key: string, atMs: number, forMs = this.#keptMs): void {
    this.#untilAtMs.set(key, atMs + forMs);
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
    return leftMs > 0 && leftMs <= this.#keptMsMax;
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}

/** The longest that a key is led anonymously: 10 s after a failure, longer where an error may be stored. */
export const ledAnonymouslyMsMax = 600_000;

/** The marks of one isolate, under a bound in bytes. */
export class Uncacheable {
  /** Keys whose answers no other client may have. */
  readonly forAll = new Marks(10_000);
  /**
   * Keys that answer requests with unknown cookies with what no other such request may have. Each
   * further session asks the origin itself: it renews the mark, or ends it.
   */
  readonly forSessions = new Marks(60_000);
  /**
   * Hit-for-miss: an anonymous request got a response that may not be shared. Requests for these keys
   * do not wait for each other. Each refusal renews the mark, a storable response removes it.
   */
  readonly pass = new Marks(60_000);
  /**
   * Pages of which this isolate has had a success to store. What one client gets in its place is not stored
   * before an anonymous request gets the same, also once the success has expired.
   */
  readonly stood = new Marks(600_000);
  /** A client's own request got a failure, or nothing to share: the isolate leads without a client. */
  readonly ledAnonymously = new Marks(10_000, ledAnonymouslyMsMax);
}
