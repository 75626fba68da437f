// Gathers the changes of one set in this isolate, and sends them in batches. If the request that
// sends a batch ends, a waiting request or the request of a later change continues.
import type { RemoteCause } from "../remote/trouble.ts";
import { patiently, pause } from "../base/timeouts.ts";
import type { ChangeKind } from "./change-kind.ts";
import { ChangeBatch, type Outcome, type Refusal } from "./change-batch.ts";
import type { Backlog, Batch, SetTime, SliceStore } from "./change-slices.ts";
import { sliceAt, type SliceTimes } from "./slice-times.ts";

/** The time from a batch's first change to its first attempt, unless it is full or flushed first. */
const gatherMs = 1_000;

/**
 * The limits for changes that wait in this isolate: their number, and the bytes of their keys and
 * values. Several changes of one key in a batch count as one.
 */
const [waitingKeysMax, waitingBytesMax] = [10_000, 8_388_608];

/** How often a caller that waits for room checks the room, which another request may make. */
const roomPauseMs = 1_000;

const pausesMs = [1_000, 2_000, 4_000, 4_000];
/** A sender's attempts begin within this time. A batch is late 20 s after the start of its slice. */
const lastTryMs = 20_000;
/** A sender has a heartbeat about every 5 s. After this long without one, its request has ended. */
const silenceMs = 10_000;

export interface GatheringSettings<Change extends { readonly key: string }> {
  readonly store: Pick<SliceStore<Change>, "accept">;
  /** Returns whether Redis has never been reached. Durable changes are then refused at once. */
  readonly hasNeverConnected: () => boolean;
  readonly kind: Pick<ChangeKind<Change, unknown>, "joined" | "slicedAt">;
  readonly times: SliceTimes;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Called once for each settled batch, and for each change that was refused without a batch. */
  readonly onOutcome: (outcome: Outcome, callCount: number) => void;
  /** Called with the set's time in each answer of Redis. */
  readonly onTime: (time: SetTime) => void;
  /** Called after each acceptance with the backlog of the set. */
  readonly onBacklog: (backlog: Backlog) => void;
}

export class ChangeBatches<Change extends { readonly key: string }> {
  readonly #settings: GatheringSettings<Change>;
  #open: ChangeBatch<Change> | undefined;
  /** Batches without an outcome. For each, the last seen heartbeat, and when it was first seen. */
  readonly #unsettled = new Map<ChangeBatch<Change>, { signs: number; atMs: number }>();
  /** The oldest slice that the next batch may have, and the newest slice of an accepted batch. */
  #sliceMin = -Infinity;
  #acceptedSlice = -Infinity;
  /** How far the set's time was ahead of the isolate's clock when Redis last refused a batch for it. */
  #aheadMs = 0;
  #newest: ChangeBatch<Change> | undefined;

  constructor(settings: GatheringSettings<Change>) {
    this.#settings = settings;
  }

  /** Adds a change without waiting. `onOutcome` receives its outcome. */
  add(change: Change, bytes: number): void {
    const { afterAnswer, onOutcome } = this.#settings;
    const joined = this.#join(change, bytes);
    if (joined === undefined) return onOutcome(noRoom, 1);
    const { batch, isFirst } = joined;
    if (batch.isFull) afterAnswer(() => this.#send(batch));
    else if (isFirst) afterAnswer(() => this.#sendLater(batch));
  }

  /**
   * Waits for room for a change of the key, and then runs `add` at once. A batch makes room when it
   * is accepted or refused, or when its last attempt fails, within about 25 s of the first.
   */
  async withRoom<T>(key: string, add: () => T): Promise<Awaited<T>> {
    while (!this.#hasRoom(key)) {
      this.#takeUp();
      const [oldest] = this.#unsettled.keys();
      if (oldest !== undefined) await patiently(oldest.settled, roomPauseMs);
    }
    return await add();
  }

  #hasRoom(key: string): boolean {
    if (this.#open?.has(key) === true) return true;
    let [keyCount, bytes] = [0, 0];
    for (const batch of this.#unsettled.keys()) {
      keyCount += batch.keyCount;
      bytes += batch.bytes;
    }
    return keyCount < waitingKeysMax && bytes < waitingBytesMax;
  }

  /** Adds a change. Resolves with its batch's outcome, or at once with a refusal. Never rejects. */
  async addAndWait(change: Change, bytes: number): Promise<Outcome> {
    const { afterAnswer, onOutcome, hasNeverConnected } = this.#settings;
    const joined = hasNeverConnected() ? unreached : (this.#join(change, bytes) ?? noRoom);
    if ("kind" in joined) {
      onOutcome(joined, 1);
      return joined;
    }
    const { batch, isFirst } = joined;
    batch.isAwaited = true;
    if (batch.isFull) await this.#send(batch);
    // Also send in the background, because the caller may stop waiting.
    else if (isFirst) {
      const sent = this.#sendLater(batch);
      afterAnswer(() => sent);
      await sent;
    }
    await this.#standBy(batch);
    return batch.outcome ?? notAccepted(batch, "unanswered");
  }

  /**
   * Waits until each change gathered so far has an outcome. If Redis has never been reached, waits
   * only for one attempt; later attempts run in the background. Never rejects.
   */
  async settle(): Promise<void> {
    const batches = [...this.#unsettled.keys()];
    const open = this.#open;
    if (open !== undefined) {
      const sent = this.#send(open);
      this.#settings.afterAnswer(() => sent);
    }
    for (const batch of batches) await Promise.race([this.#standBy(batch), batch.unreached]);
  }

  #join(change: Change, bytes: number) {
    this.#takeUp();
    if (!this.#hasRoom(change.key)) return undefined;
    const isFirst = this.#open === undefined;
    const { kind, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    const batch = (this.#open ??= new ChangeBatch(kind.joined));
    batch.take(change, { bytes, atMs });
    if (isFirst) this.#unsettled.set(batch, { signs: 0, atMs });
    if (batch.isFull) {
      this.#open = undefined;
      // Fix the slice now: a later batch may be sent first, and must not have an older slice.
      this.#sealed(batch);
    }
    return { batch, isFirst };
  }

  /**
   * Seals a batch. Its slice is never older than that of an accepted batch, even if the clock is set
   * back. Otherwise older puts could replace the puts of this batch.
   */
  #sealed(batch: ChangeBatch<Change>): Batch<Change> {
    return batch.sealed(() => {
      this.#newest = batch;
      return { id: this.#settings.randomText(), slice: this.#sliceOf(batch) };
    });
  }

  #sliceOf(batch: ChangeBatch<Change>): number {
    const { kind, nowAtMs, times } = this.#settings;
    const atMs = kind.slicedAt === "sending" ? nowAtMs() : batch.lastAtMs;
    this.#sliceMin = Math.max(this.#sliceMin, sliceAt(atMs + this.#aheadMs, times));
    return this.#sliceMin;
  }

  /**
   * Gives a batch a slice by the set's time, after Redis has refused the batch's slice. Only the
   * newest batch gets another slice, because no earlier changes may have a later slice. A batch that
   * may count gets none: another attempt is in doubt, or was answered meanwhile.
   *
   * @returns whether the batch has another slice now
   */
  #moves(batch: ChangeBatch<Change>, { atMs }: SetTime): boolean {
    this.#aheadMs = atMs - this.#settings.nowAtMs();
    const mayCount = batch.unknownTryCount > 0 || batch.outcome !== undefined;
    if (batch !== this.#newest || mayCount) return false;
    return batch.moves(() => this.#sliceOf(batch));
  }

  /** Continues to send batches whose sender has no heartbeat any more. */
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
    // A full or flushed batch has already been sent.
    if (batch.signs === 0) await this.#send(batch);
  }

  /** Waits for the outcome, and continues to send the batch if its sender has no heartbeat. */
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
      if (this.#settings.hasNeverConnected()) {
        batch.foundUnreached();
        if (batch.isAwaited) break;
      }
    }
    this.#settle(batch, notAccepted(batch, "unanswered"));
  }

  async #tried(batch: ChangeBatch<Change>): Promise<Outcome | undefined> {
    const { store, onTime, onBacklog, hasNeverConnected } = this.#settings;
    batch.signs += 1;
    batch.unknownTryCount += 1;
    const sealed = this.#sealed(batch);
    const answer = await store.accept(sealed);
    const isKnown =
      answer.kind === "answered" || unsent.includes(answer.cause) || hasNeverConnected();
    if (isKnown) batch.unknownTryCount -= 1;
    if (answer.kind === "unavailable") return undefined;
    if (answer.value.kind === "paused") return notAccepted(batch, "paused");
    onTime(answer.value.time);
    // The clock was ahead. Later batches must not have slices that Redis has not reached yet.
    if (answer.value.kind === "early") this.#sliceMin = this.#acceptedSlice;
    if (answer.value.kind !== "accepted") {
      const isUntimely = answer.value.kind !== "full";
      if (isUntimely && this.#moves(batch, answer.value.time)) return this.#tried(batch);
      return notAccepted(batch, answer.value.kind);
    }
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
const unreached: Outcome = { kind: "refused", cause: "unanswered" };

/** Returns `in-doubt` if Redis may have accepted an attempt or may still do so; else `refused`. */
const notAccepted = (
  { unknownTryCount }: { readonly unknownTryCount: number },
  cause: Refusal,
): Outcome => ({ kind: unknownTryCount > 0 ? "in-doubt" : "refused", cause });

/** Causes that prove that Redis has stored nothing. */
const unsent: readonly RemoteCause[] = [
  "not-open",
  "breaker-open",
  "writes-refused",
  "token-refused",
  "forbidden",
  "read-only",
  "not-permitted",
  "full",
  "plan-used-up",
  "too-large",
];
