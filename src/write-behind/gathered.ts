// Changes that an isolate has gathered and that are sent together, as one batch.
import type { ChangeKind } from "./change-kind.ts";
import type { Batch } from "./slice-store.ts";

/** A batch with as many calls, or as many bytes, is sent at once. */
export const [batchCallsMax, batchBytesMax] = [1_000, 262_144];

/** Why a batch was not accepted: what the database answered, or what this isolate found. */
export type Refusal = "late" | "early" | "full" | "paused" | "no-room" | "unanswered";

/**
 * - `refused`: for certain none of it counts.
 * - `in-doubt`: nobody knows whether it counts.
 */
export type Outcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused" | "in-doubt"; readonly cause: Refusal };

/** It is open to more changes until it is sealed; then its id and its slice are fixed. */
export class Gathered<Change extends { readonly key: string }> {
  /** Calls that it stands for: several may be about one key. */
  callCount = 0;
  /** Of the keys and values of these calls, about. */
  bytes = 0;
  /** Of its last call. */
  lastAtMs = 0;
  /** Raised at each sign of life of whoever sends it. */
  signs = 0;
  /** Tries of which nobody knows what they came to, or not yet. */
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

  /** Resolves once there is an outcome. Another request may wait for it under a timer of its own. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** @param by.bytes of its key and its value, about */
  take(change: Change, by: { bytes: number; atMs: number }): void {
    const earlier = this.#changes.get(change.key);
    const joined = earlier === undefined ? change : this.#joined(earlier, change);
    this.#changes.set(change.key, joined);
    this.callCount += 1;
    this.lastAtMs = by.atMs;
    this.bytes += by.bytes;
  }

  /** @param made of its first call; it stays on each try */
  sealed(made: () => Pick<Batch<Change>, "id" | "slice">): Batch<Change> {
    return (this.#batch ??= { ...made(), changes: [...this.#changes.values()] });
  }

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.#settled.resolve();
  }
}
