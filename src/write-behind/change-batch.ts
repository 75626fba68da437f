// A batch: changes that an isolate has gathered and sends together.
import type { ChangeKind } from "./change-kind.ts";
import type { Batch } from "./slice-store.ts";

/** A batch with this many calls or bytes is sent at once. */
export const [batchCallsMax, batchBytesMax] = [1_000, 262_144];

/** The reason why the database or this isolate did not accept a batch. */
export type Refusal = "late" | "early" | "full" | "paused" | "no-room" | "unanswered";

/**
 * - `refused`: the batch certainly does not count.
 * - `in-doubt`: it is unknown whether the batch counts.
 */
export type Outcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused" | "in-doubt"; readonly cause: Refusal };

/** A batch, open to more changes until it is sealed. Its id and slice are then fixed. */
export class ChangeBatch<Change extends { readonly key: string }> {
  /** The number of calls. Several may have the same key. */
  callCount = 0;
  /** The approximate size of the calls' keys and values. */
  bytes = 0;
  /** The time of the last call. */
  lastAtMs = 0;
  /** Increases at each sign of life of the sender. */
  signs = 0;
  /** Attempts whose result is unknown or pending. */
  unknownTryCount = 0;
  outcome: Outcome | undefined;
  readonly #joined: ChangeKind<Change, unknown>["joined"];
  readonly #changes = new Map<string, Change>();
  #batch: Batch<Change> | undefined;
  readonly #settled = Promise.withResolvers<void>();

  constructor(joined: ChangeKind<Change, unknown>["joined"]) {
    this.#joined = joined;
  }

  get isFull(): boolean {
    return this.callCount >= batchCallsMax || this.bytes >= batchBytesMax;
  }

  /** Resolves once there is an outcome. Another request may wait for it with its own timer. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** @param by.bytes the approximate size of the key and the value */
  take(change: Change, by: { bytes: number; atMs: number }): void {
    const earlier = this.#changes.get(change.key);
    const joined = earlier === undefined ? change : this.#joined(earlier, change);
    this.#changes.set(change.key, joined);
    this.callCount += 1;
    this.lastAtMs = by.atMs;
    this.bytes += by.bytes;
  }

  /** @param made called at the first call; later attempts keep its result */
  sealed(made: () => Pick<Batch<Change>, "id" | "slice">): Batch<Change> {
    return (this.#batch ??= { ...made(), changes: [...this.#changes.values()] });
  }

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.#settled.resolve();
  }
}
