// Marks keys by their earlier answers: whether clients can share the answers, and whether an
// anonymous request must confirm an answer. Marks affect whether requests for the key are collapsed
// and whether they read the shared tier.
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

  /** @param forMs the duration, at most `keptMsMax` */
  mark(key: string, atMs: number, forMs = this.#keptMs): void {
    this.#untilAtMs.set(key, atMs + forMs);
  }

  has(key: string, atMs: number): boolean {
    const leftMs = (this.#untilAtMs.get(key) ?? -Infinity) - atMs;
    // A clock that was set back must not extend the mark.
    return leftMs > 0 && leftMs <= this.#keptMsMax;
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}

/**
 * The longest duration of a mark in `ledAnonymously`. By default, a mark lasts 10 s. If an error or
 * redirect may be stored, the mark lasts a minute longer than that response.
 */
export const ledAnonymouslyMsMax = 600_000;

/** The marks of one isolate, limited in bytes. */
export class Uncacheable {
  /** Keys whose answers no other client may receive. */
  readonly forAll = new Marks(10_000);
  /**
   * Keys whose answers to personal requests are not shared. Each further session forwards its own
   * request, which renews or ends the mark.
   */
  readonly forSessions = new Marks(60_000);
  /**
   * Hit-for-miss: requests for these keys do not wait for each other. A key is marked when an
   * anonymous request fails, or when its response is not shareable or arrives too slowly. A refusal
   * to store renews the mark, and a stored response removes it.
   */
  readonly pass = new Marks(60_000);
  /**
   * Keys whose last answer to an anonymous request nobody may share. After a quiet spell, only the
   * first request leads: the requests that wait for it need no anonymous request and no slot.
   */
  readonly unshared = new Marks(3_600_000);
  /**
   * Pages with an earlier storable success. An error or redirect to a client's request replaces the
   * success only after an anonymous request had the same result, even if the success has expired.
   */
  readonly successes = new Marks(600_000);
  /**
   * Keys for which the isolate sends an anonymous request. A client's request for the key failed,
   * had nothing to share, or got an answer that needs confirmation.
   */
  readonly ledAnonymously = new Marks(10_000, ledAnonymouslyMsMax);

  /** Marks a key after an anonymous request, in this or another isolate, got nothing to share. */
  confirm(key: string, atMs: number): void {
    this.pass.mark(key, atMs);
    this.unshared.mark(key, atMs);
  }
}
