// Chooses large bodies of the edge tier to read whole into memory. The first hit of each only streams,
// because many are requested just once and should evict nothing.
import { isWithinMs } from "../../base/elapsed.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** A lift whose client has left may never end. It counts as over after this time. */
const liftMsMax = 10_000;

/** Limits the bytes that clients have yet to read. */
interface Budget {
  hasRoomInAll(bytes: number): boolean;
}

/** The lifts of one isolate, one at a time. */
export class Lifts {
  readonly #budget: Budget;
  readonly #bodyBytesMax: number;
  readonly #asked = new WeakSet<StoredMetadata>();
  #sinceAtMs = -Infinity;

  /** @param given.budget the bytes that clients have yet to read, which memory cannot free */
  constructor(given: { budget: Budget; bodyBytesMax: number }) {
    this.#budget = given.budget;
    this.#bodyBytesMax = given.bodyBytesMax;
  }

  /**
   * Returns whether a hit reads a large body whole; call `end` after it. Only one lift runs at a time, because
   * concurrent requests would each hold a copy.
   *
   * @param metadata the same object at each hit, as the edge tier returns it
   */
  begin(metadata: StoredMetadata, atMs: number): boolean {
    const { bodyBytes, status } = metadata;
    if (bodyBytes === null || bodyBytes > this.#bodyBytesMax || isErrorStatus(status)) return false;
    if (!this.#asked.has(metadata)) {
      this.#asked.add(metadata);
      return false;
    }
    const isUnderWay = isWithinMs(liftMsMax, this.#sinceAtMs, atMs);
    if (isUnderWay || !this.#budget.hasRoomInAll(bodyBytes)) return false;
    // If memory evicts the body, another lift needs two more hits.
    this.#asked.delete(metadata);
    this.#sinceAtMs = atMs;
    return true;
  }

  /** Ends the lift. */
  end(): void {
    this.#sinceAtMs = -Infinity;
  }
}
