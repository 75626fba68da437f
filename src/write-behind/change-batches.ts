// Gathers the changes of one set in this isolate, and sends them in batches. A batch can outlive
// its first request: waiting requests and later changes may continue its sending.
import { patiently, pause } from "../base/timeouts.ts";
import type { RedisCause } from "../redis/redis-client.ts";
import type { ChangeKind } from "./change-kind.ts";
import { ChangeBatch, type Outcome, type Refusal } from "./change-batch.ts";
import type { Backlog, Batch, SliceStore } from "./slice-store.ts";
import { sliceAt, type SliceTimes } from "./slice-times.ts";

/** Time from a batch's first change to its first attempt, unless it is full or flushed first. */
export const gatherMs = 1_000;

/**
 * Limits for the changes that wait in this isolate: the number of changes, and the bytes of their
 * keys and values. Several changes of one key in a batch count as one.
 */
const [waitingKeysMax, waitingBytesMax] = [10_000, 8_388_608];

/** A caller that waits for room checks at this interval, because another request may make room. */
const roomPauseMs = 1_000;

const pausesMs = [1_000, 2_000, 4_000, 4_000];
/** Attempts begin within this time, because a batch is late 20 s after its slice has begun. */
const lastTryMs = 20_000;
/** A sender shows signs of life about every 5 s. After this silence, the sender's request has ended. */
const silenceMs = 10_000;

export interface GatheringSettings<Change extends { readonly key: string }> {
  readonly store: Pick<SliceStore<Change>, "accept">;
  /** Returns whether the database has never been reached. Durable changes are then refused at once. */
  readonly hasNeverConnected: () => boolean;
  readonly kind: Pick<ChangeKind<Change, unknown>, "joined" | "slicedAt">;
  readonly times: SliceTimes;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Called once for each settled batch, and for each change that was refused without a batch. */
  readonly onOutcome: (outcome: Outcome, callCount: number) => void;
  /** Called after each acceptance with the backlog of the sink. */
  readonly onBacklog: (backlog: Backlog) => void;
}

export class ChangeBatches<Change extends { readonly key: string }> {
  readonly #settings: GatheringSettings<Change>;
  #open: ChangeBatch<Change> | undefined;
  /** Batches without an outcome. */
  readonly #unsettled = new Map<ChangeBatch<Change>, { signs: number; atMs: number }>();
  /** The oldest slice for the next batch, and the newest slice that Redis has accepted. */
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

  /**
   * Waits for room for a change of the key, and then runs `add` at once. A batch makes room when it
   * is accepted or refused, or when its last attempt has failed, after about 25 s.
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
    const joined = hasNeverConnected() ? "unreached" : this.#join(change, bytes);
    if (joined === undefined || joined === "unreached") {
      const outcome = joined === undefined ? noRoom : unreached;
      onOutcome(outcome, 1);
      return outcome;
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
   * Waits until each change gathered so far has an outcome. Never rejects. If an attempt finds that
   * the database has never been reached, does not wait for later attempts. They run in the
   * background.
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
      // Fix the slice now. A later batch may be sent first, and must not get an older slice.
      this.#sealed(batch);
    }
    return { batch, isFirst };
  }

  /**
   * Seals a batch. If the clock is set back, its slice is still not older than any accepted slice.
   * Otherwise the puts of this batch would lose against older puts.
   */
  #sealed(batch: ChangeBatch<Change>): Batch<Change> {
    const { kind, nowAtMs, randomText, times } = this.#settings;
    return batch.sealed(() => {
      const atMs = kind.slicedAt === "sending" ? nowAtMs() : batch.lastAtMs;
      this.#sliceMin = Math.max(this.#sliceMin, sliceAt(atMs, times));
      return { id: randomText(), slice: this.#sliceMin };
    });
  }

  /** Continues batches whose requests have ended silently. */
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

  /** Waits for the sender, and continues its work if it shows no sign of life. */
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
    const { store, onBacklog, hasNeverConnected } = this.#settings;
    batch.signs += 1;
    batch.unknownTryCount += 1;
    const sealed = this.#sealed(batch);
    const answer = await store.accept(sealed);
    const isKnown =
      answer.kind === "answered" || unsent.includes(answer.cause) || hasNeverConnected();
    if (isKnown) batch.unknownTryCount -= 1;
    if (answer.kind === "unavailable") return undefined;
    // The clock was ahead. Later batches must not get slices that Redis has not reached yet.
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
const unreached: Outcome = { kind: "refused", cause: "unanswered" };

/** Returns `in-doubt` if Redis may have accepted an attempt, or may yet; otherwise `refused`. */
const notAccepted = (
  { unknownTryCount }: { readonly unknownTryCount: number },
  cause: Refusal,
): Outcome => ({ kind: unknownTryCount > 0 ? "in-doubt" : "refused", cause });

/** Causes that show that the database has done nothing. */
const unsent: readonly RedisCause[] = [
  "not-open",
  "shut-off",
  "writes-refused",
  "token-refused",
  "forbidden",
  "read-only",
  "full",
  "plan-used-up",
  "too-large",
];
