// Gathers the changes of one set in this isolate, and sends them in batches. A batch outlives its first request: other
// requests that wait for it, and later changes, may take over its sending.
import { patiently, pause } from "../base/timeouts.ts";
import type { RedisCause } from "../redis/redis-client.ts";
import type { ChangeKind } from "./change-kind.ts";
import { ChangeBatch, type Outcome, type Refusal } from "./change-batch.ts";
import type { Backlog, Batch, SliceStore } from "./slice-store.ts";
import { sliceAt, type SliceTimes } from "./slice-times.ts";

/** From the first change of a batch until it is sent. */
export const gatherMs = 1_000;

/** Limits for changes that wait in an isolate: calls, and bytes of keys and values. */
const [waitingCallsMax, waitingBytesMax] = [10_000, 8_388_608];

const pausesMs = [1_000, 2_000, 4_000, 4_000];
/** A batch is late 20 s after its slice has begun, and background work ends after 30 s. */
const lastTryMs = 20_000;
/** An attempt takes at most 5 s. A sender without a sign of life for longer has ended with its request. */
const silenceMs = 10_000;

export interface GatheringSettings<Change extends { readonly key: string }> {
  readonly store: Pick<SliceStore<Change>, "accept">;
  readonly kind: Pick<ChangeKind<Change, unknown>, "joined" | "slicedAt">;
  readonly times: SliceTimes;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Called once for each batch, when it is settled. */
  readonly onOutcome: (outcome: Outcome, callCount: number) => void;
  /** Called after each acceptance with the backlog of the sink. */
  readonly onBacklog: (backlog: Backlog) => void;
}

export class ChangeBatches<Change extends { readonly key: string }> {
  readonly #settings: GatheringSettings<Change>;
  #open: ChangeBatch<Change> | undefined;
  /** Batches that are neither accepted nor given up. */
  readonly #unsettled = new Map<ChangeBatch<Change>, { signs: number; atMs: number }>();
  /** The newest slice given to a batch, and the newest one that Redis has accepted. */
  #sliceMin = -Infinity;
  #acceptedSlice = -Infinity;

  constructor(settings: GatheringSettings<Change>) {
    this.#settings = settings;
  }

  /** Adds a change without waiting. Its outcome is counted. */
  add(change: Change, bytes: number): void {
    const { afterAnswer, onOutcome } = this.#settings;
    const joined = this.#join(change, bytes);
    if (joined === undefined) return onOutcome(noRoom, 1);
    const { batch, isFirst } = joined;
    if (batch.isFull) afterAnswer(() => this.#send(batch));
    else if (isFirst) afterAnswer(() => this.#sendLater(batch));
  }

  /** Resolves once the batch is accepted or given up. Never rejects. */
  async addAndWait(change: Change, bytes: number): Promise<Outcome> {
    const joined = this.#join(change, bytes);
    if (joined === undefined) {
      this.#settings.onOutcome(noRoom, 1);
      return noRoom;
    }
    const { batch, isFirst } = joined;
    const { afterAnswer } = this.#settings;
    if (batch.isFull) await this.#send(batch);
    // Also behind the answer, because the caller may stop waiting.
    else if (isFirst) {
      const sent = this.#sendLater(batch);
      afterAnswer(() => sent);
      await sent;
    }
    await this.#standBy(batch);
    return batch.outcome ?? notAccepted(batch, "unanswered");
  }

  /** Waits until all changes gathered so far are accepted or given up. Never rejects. */
  async settle(): Promise<void> {
    const batches = [...this.#unsettled.keys()];
    if (this.#open !== undefined) await this.#send(this.#open);
    for (const batch of batches) await this.#standBy(batch);
  }

  #join(change: Change, bytes: number) {
    this.#takeUp();
    let [waitingCount, waitingBytes] = [0, 0];
    for (const batch of this.#unsettled.keys()) {
      waitingCount += batch.callCount;
      waitingBytes += batch.bytes;
    }
    if (waitingCount >= waitingCallsMax || waitingBytes >= waitingBytesMax) return undefined;
    const isFirst = this.#open === undefined;
    const { kind, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    const batch = (this.#open ??= new ChangeBatch(kind.joined));
    batch.take(change, { bytes, atMs });
    if (isFirst) this.#unsettled.set(batch, { signs: 0, atMs });
    if (batch.isFull) {
      this.#open = undefined;
      // Fix its slice now: if it is sent after a later batch, its slice must not be newer.
      this.#sealed(batch);
    }
    return { batch, isFirst };
  }

  /** A clock that was set back must not give an older slice: in a buffer, the older put would win. */
  #sealed(batch: ChangeBatch<Change>): Batch<Change> {
    const { kind, nowAtMs, randomText, times } = this.#settings;
    return batch.sealed(() => {
      const atMs = kind.slicedAt === "sending" ? nowAtMs() : batch.lastAtMs;
      this.#sliceMin = Math.max(this.#sliceMin, sliceAt(atMs, times));
      return { id: randomText(), slice: this.#sliceMin };
    });
  }

  /** Takes over batches whose requests have ended silently. */
  #takeUp(): void {
    const { nowAtMs, afterAnswer } = this.#settings;
    const atMs = nowAtMs();
    for (const [batch, seen] of this.#unsettled) {
      if (batch.signs !== seen.signs) {
        this.#unsettled.set(batch, { signs: batch.signs, atMs });
      } else if (Math.abs(atMs - seen.atMs) > silenceMs) {
        afterAnswer(() => this.#send(batch));
      }
    }
  }

  async #sendLater(batch: ChangeBatch<Change>): Promise<void> {
    await pause(gatherMs);
    // A batch that was full or flushed has already been sent.
    if (batch.signs === 0) await this.#send(batch);
  }

  /** Waits for the sender, and takes over if it shows no sign of life. */
  async #standBy(batch: ChangeBatch<Change>): Promise<void> {
    while (batch.outcome === undefined) {
      const { signs } = batch;
      await patiently(batch.settled, silenceMs);
      if (batch.outcome === undefined && batch.signs === signs) await this.#send(batch);
    }
  }

  async #send(batch: ChangeBatch<Change>): Promise<void> {
    if (this.#open === batch) this.#open = undefined;
    const sinceAtMs = this.#settings.nowAtMs();
    for (const pauseMs of [0, ...pausesMs]) {
      if (this.#settings.nowAtMs() + pauseMs - sinceAtMs > lastTryMs) break;
      batch.signs += 1;
      if (pauseMs > 0) await pause(pauseMs);
      if (batch.outcome !== undefined) return;
      const outcome = await this.#tried(batch);
      if (outcome !== undefined) return this.#settle(batch, outcome);
    }
    this.#settle(batch, notAccepted(batch, "unanswered"));
  }

  async #tried(batch: ChangeBatch<Change>): Promise<Outcome | undefined> {
    const { store, onBacklog } = this.#settings;
    batch.signs += 1;
    batch.unknownTryCount += 1;
    const sealed = this.#sealed(batch);
    const answer = await store.accept(sealed);
    if (answer.kind === "answered" || unsent.includes(answer.cause)) batch.unknownTryCount -= 1;
    if (answer.kind === "unavailable") return undefined;
    // The clock was ahead before. New batches must not wait until Redis reaches that slice.
    if (answer.value.kind === "early") this.#sliceMin = this.#acceptedSlice;
    if (answer.value.kind !== "accepted") return notAccepted(batch, answer.value.kind);
    this.#acceptedSlice = Math.max(this.#acceptedSlice, sealed.slice);
    onBacklog(answer.value.backlog);
    return answer.value;
  }

  #settle(batch: ChangeBatch<Change>, outcome: Outcome): void {
    if (batch.outcome !== undefined) return;
    this.#unsettled.delete(batch);
    batch.settle(outcome);
    this.#settings.onOutcome(outcome, batch.callCount);
  }
}

const noRoom: Outcome = { kind: "refused", cause: "no-room" };

/** Without an answer, the batch may have been accepted, or may arrive later. */
const notAccepted = (
  { unknownTryCount }: { readonly unknownTryCount: number },
  cause: Refusal,
): Outcome => ({ kind: unknownTryCount > 0 ? "in-doubt" : "refused", cause });

/** Causes after which the database certainly has done nothing. */
const unsent: readonly RedisCause[] = [
  "shut-off",
  "writes-refused",
  "token-refused",
  "forbidden",
  "read-only",
  "full",
  "plan-used-up",
  "too-large",
];
