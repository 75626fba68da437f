// Gathers what many requests of an isolate have for one place, and sends it together: an isolate
// sends once in a while, however much its requests bring. A batch outlives the request that sends it.
//
// Something joins a batch only until that is sent: it arrives after it was given. What comes later
// goes into the next batch, also if it is the same.
import { pause } from "./patience.ts";

export interface JoinedBatchesSettings<Contents> {
  /** What a new batch begins with: something that can be added to. */
  readonly begun: () => Contents;
  /** One try, of 5 s at the most. @returns whether the contents have arrived */
  readonly send: (contents: Contents, afterAnswer: AfterAnswer) => Promise<boolean>;
  /** The last try has failed, too. */
  readonly givenUp: (contents: Contents) => void;
  readonly nowAtMs: () => number;
  /** From one batch to the next: what joins waits no longer than this for its first try. */
  readonly joinMs: number;
}

type AfterAnswer = (work: () => Promise<void>) => void;

const firstPauseMs = 1_000;
const pauseMsMax = 4_000;
/** Counted from a batch's beginning: a try takes 5 s at the most, and work behind an answer 30 s. */
const lastTryMs = 22_000;
/** Also where the clock stands still. */
const triesMax = 8;

/** A carrier that is silent for longer is gone with its request: before its first try, and after. */
const lateMsMax = 1_000;
const silenceMsMax = 7_000;
/** Requests that see to a batch: the one that sends it, and those that stand by. */
const carriersMax = 4;

interface Batch<Contents> {
  readonly contents: Contents;
  readonly startedAtMs: number;
  readonly waitMs: number;
  carrierCount: number;
  /** Raised at each sign of life. */
  signs: number;
  /** How long the next sign may take. */
  silenceMs: number;
  isSettled: boolean;
}

export class JoinedBatches<Contents> {
  readonly #settings: JoinedBatchesSettings<Contents>;
  /** Not sent yet, and so open to more. */
  #open: Batch<Contents> | undefined;
  #sentAtMs = -Infinity;

  constructor(settings: JoinedBatchesSettings<Contents>) {
    this.#settings = settings;
  }

  /**
   * Has something sent, `joinMs` and a try later at the most. Nobody waits for it.
   *
   * @param put adds it to the contents of a batch
   * @param afterAnswer of the request that brings it, which then sees to the batch
   */
  add(put: (contents: Contents) => void, afterAnswer: AfterAnswer): void {
    const atMs = this.#settings.nowAtMs();
    const batch = (this.#open ??= this.#begun(atMs));
    put(batch.contents);
    const isLate = atMs - batch.startedAtMs > batch.silenceMs;
    if (batch.carrierCount >= carriersMax && !isLate) return;
    batch.carrierCount += 1;
    const isFirst = batch.carrierCount === 1;
    afterAnswer(async () => {
      if (isFirst && batch.waitMs > 0) await pause(batch.waitMs);
      if (isFirst || isLate) await this.#send(batch, afterAnswer);
      else await this.#standBy(batch, afterAnswer);
    });
  }

  #begun(atMs: number): Batch<Contents> {
    const { begun, joinMs } = this.#settings;
    const waitMs = Math.min(joinMs, Math.max(0, this.#sentAtMs + joinMs - atMs));
    const unseen = { carrierCount: 0, signs: 0, silenceMs: waitMs + lateMsMax, isSettled: false };
    return { contents: begun(), startedAtMs: atMs, waitMs, ...unseen };
  }

  /**
   * A request may end with all that it has under way; then another sends its batch. It looks from
   * time to time, by timers of its own: a promise of the other's might never end.
   */
  async #standBy(batch: Batch<Contents>, afterAnswer: AfterAnswer): Promise<void> {
    while (!batch.isSettled) {
      const { signs } = batch;
      await pause(batch.silenceMs);
      if (batch.signs === signs && !batch.isSettled) return this.#send(batch, afterAnswer);
    }
  }

  async #send(batch: Batch<Contents>, afterAnswer: AfterAnswer): Promise<void> {
    const { send, givenUp, nowAtMs } = this.#settings;
    if (this.#open === batch) {
      this.#open = undefined;
      this.#sentAtMs = nowAtMs();
    }
    let pauseMs = firstPauseMs;
    for (let tries = 0; tries < triesMax && !batch.isSettled; tries += 1) {
      live(batch, 0);
      if (await send(batch.contents, afterAnswer)) {
        batch.isSettled = true;
        return;
      }
      if (nowAtMs() + pauseMs - batch.startedAtMs > lastTryMs) break;
      live(batch, pauseMs);
      await pause(pauseMs);
      pauseMs = Math.min(pauseMsMax, 2 * pauseMs);
    }
    if (batch.isSettled) return;
    batch.isSettled = true;
    givenUp(batch.contents);
  }
}

/** A sign of life; the next may take a pause and a try. */
function live(batch: Batch<unknown>, pauseMs: number): void {
  batch.signs += 1;
  batch.silenceMs = pauseMs + silenceMsMax;
}
