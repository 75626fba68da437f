// Which large bodies are read whole from the edge tier, so that memory answers with them from then on.
// The first hit of each streams through, since many are asked for once alone: those push nothing out.
import { isWithinMs } from "../../base/elapsed.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** A client that leaves takes its request with it, and whatever that would have done. */
const liftMsMax = 10_000;

/** What clients have yet to take, and how much of it there may be. */
interface Budget {
  hasRoomInAll(bytes: number): boolean;
}

/** The lifts of one isolate: one at a time. */
export class Lifts {
  readonly #budget: Budget;
  readonly #bodyBytesMax: number;
  readonly #asked = new WeakSet<StoredMetadata>();
  #sinceAtMs = -Infinity;

  /** @param given.budget of what clients have yet to take: what they hold, memory cannot free */
  constructor(given: { budget: Budget; bodyBytesMax: number }) {
    this.#budget = given.budget;
    this.#bodyBytesMax = given.bodyBytesMax;
  }

  /**
   * To be asked at each hit of a large body; `end` must follow where this says so. One at a time, since
   * all who ask at once would hold it once each.
   *
   * @param metadata the same object at each hit, as the edge tier gives it
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
    // Memory may let go of it before it is asked for again: two more hits, then.
    this.#asked.delete(metadata);
    this.#sinceAtMs = atMs;
    return true;
  }

  /** The lift that was begun is over. */
  end(): void {
    this.#sinceAtMs = -Infinity;
  }
}
