// Chooses large bodies of the edge tier to read whole into memory (a lift). The first hit only
// streams the body, because many bodies are requested just once and must not evict others.
import { isWithinMs } from "../../base/elapsed.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/**
 * A lift whose client has disconnected may never end. After this time, the lift is treated as
 * ended.
 */
const liftMsMax = 10_000;

/** The memory budget of arriving bodies, and of bodies that clients have not read yet. */
interface Budget {
  hasRoomInAll(bytes: number): boolean;
}

/** The lifts of one isolate, one at a time. */
export class Lifts {
  readonly #budget: Budget;
  readonly #bodyBytesMax: number;
  readonly #requests = new WeakSet<StoredMetadata>();
  #sinceAtMs = -Infinity;

  /**
   * @param given.budget the budget of memory that an eviction from the memory tier does not free
   */
  constructor(given: { budget: Budget; bodyBytesMax: number }) {
    this.#budget = given.budget;
    this.#bodyBytesMax = given.bodyBytesMax;
  }

  /**
   * Returns whether a hit reads a large body whole, and if so, begins the lift. The caller calls
   * `end` after the read. Only one lift runs at a time, because concurrent requests would each hold
   * a copy.
   *
   * @param metadata the metadata from the edge tier, which is the same object at each hit
   */
  begin(metadata: StoredMetadata, atMs: number): boolean {
    const { bodyBytes, status } = metadata;
    if (bodyBytes === null || bodyBytes > this.#bodyBytesMax || isErrorStatus(status)) return false;
    if (!this.#requests.has(metadata)) {
      this.#requests.add(metadata);
      return false;
    }
    const isUnderWay = isWithinMs(liftMsMax, this.#sinceAtMs, atMs);
    if (isUnderWay || !this.#budget.hasRoomInAll(bodyBytes)) return false;
    // If memory evicts the body, another lift needs two more hits.
    this.#requests.delete(metadata);
    this.#sinceAtMs = atMs;
    return true;
  }

  /** Ends the lift. */
  end(): void {
    this.#sinceAtMs = -Infinity;
  }
}
