// A batch: changes that an isolate has gathered and sends together.
import type { ChangeKind } from "./change-kind.ts";
import type { Batch } from "./change-slices.ts";

/** A batch with this many keys or bytes is sent at once. */
export const [batchKeysMax, batchBytesMax] = [1_000, 262_144];
/** The limit for calls in a batch. A call adds at most `byMax`, so every sum is a safe integer. */
const batchCallsMax = 1_000_000;

/** Reasons why Redis does not accept a batch, or this isolate does not accept a change. */
export type Refusal = "late" | "early" | "full" | "paused" | "no-room" | "unanswered";

/**
 * - `refused`: the batch certainly does not count.
 * - `in-doubt`: the batch may or may not count.
 */
export type Outcome =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused" | "in-doubt"; readonly cause: Refusal };

/** A batch gathers changes until it is sealed. Sealing fixes its id, slice and changes. */
export class ChangeBatch<Change extends { readonly key: string }> {
  /** The number of calls. Several calls may have the same key. */
  callCount = 0;
  /** The approximate size of all keys and values. */
  bytes = 0;
  /** The time of the last call. */
  lastAtMs = 0;
  /** The sender's heartbeat: increases before each pause and each attempt. */
  signs = 0;
  /** The number of attempts whose result is unknown or pending. */
  unknownTryCount = 0;
  outcome: Outcome | undefined;
  /** Whether a caller waits for the outcome. */
  isAwaited = false;
  readonly #joined: ChangeKind<Change, unknown>["joined"];
  readonly #changes = new Map<string, { readonly change: Change; readonly bytes: number }>();
  #batch: Batch<Change> | undefined;
  readonly #settled = Promise.withResolvers<void>();
  readonly #unreached = Promise.withResolvers<void>();

  constructor(joined: ChangeKind<Change, unknown>["joined"]) {
    this.#joined = joined;
  }

  get isFull(): boolean {
    const isFull = this.keyCount >= batchKeysMax || this.bytes >= batchBytesMax;
    return isFull || this.callCount >= batchCallsMax;
  }

  /** The number of changes, one for each key. */
  get keyCount(): number {
    return this.#changes.size;
  }

  has(key: string): boolean {
    return this.#changes.has(key);
  }

  /**
   * Resolves once there is an outcome. A request other than the sender's must also set a timer,
   * because it may never see the promise settle.
   */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Resolves once an attempt has failed and the isolate has never connected to the database. */
  get unreached(): Promise<void> {
    return this.#unreached.promise;
  }

  foundUnreached(): void {
    this.#unreached.resolve();
  }

  /**
   * Adds a change.
   *
   * @param by.bytes the approximate size of the key and the value
   */
  take(change: Change, by: { bytes: number; atMs: number }): void {
    const earlier = this.#changes.get(change.key);
    const joined = earlier === undefined ? change : this.#joined(earlier.change, change);
    this.#changes.set(change.key, { change: joined, bytes: by.bytes });
    this.callCount += 1;
    this.lastAtMs = by.atMs;
    this.bytes += by.bytes - (earlier?.bytes ?? 0);
  }

  /**
   * Gives a sealed batch another slice, only once.
   *
   * @param slice returns the slice
   * @returns whether the batch has another slice now
   */
  moves(slice: () => number): boolean {
    const batch = this.#batch;
    if (batch === undefined || batch.formerSlice !== undefined) return false;
    this.#batch = { ...batch, slice: slice(), formerSlice: batch.slice };
    return this.#batch.slice !== batch.slice;
  }

  /**
   * Seals the batch.
   *
   * @param made returns the id and slice; called only once, because later attempts reuse both
   */
  sealed(made: () => Pick<Batch<Change>, "id" | "slice">): Batch<Change> {
    return (this.#batch ??= {
      ...made(),
      changes: [...this.#changes.values()].map((one) => one.change),
    });
  }

  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.#settled.resolve();
  }
}
