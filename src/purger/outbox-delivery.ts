// Runs the tries of an outbox. The try of a due message starts once there is a free slot, and no
// other try has the same target.
import type { OutboxEntry } from "./message.ts";
import { TargetOrder } from "./target-order.ts";

/** The number of tries by result. */
export interface Round {
  delivered: number;
  failed: number;
  refused: number;
}

export interface DeliverySettings {
  /** Returns the oldest `limit` due messages, in order. */
  readonly due: (limit: number) => readonly OutboxEntry[] | Promise<readonly OutboxEntry[]>;
  /**
   * Tries a message. Returns `cut-off` if the try was aborted and nothing was stored. Rejects with
   * errors of the store.
   */
  readonly attempt: (entry: OutboxEntry, signal: AbortSignal) => Promise<keyof Round | "cut-off">;
  /**
   * Receives the first failure after each read of due messages. `isThrown`: whether a round also
   * rejects with this failure.
   */
  readonly storeFailed: (cause: unknown, isThrown: boolean) => void;
}

interface OpenRound {
  readonly counts: Round;
  /** The messages that the round waits for; `undefined` until all due messages have been read. */
  left: Set<string> | undefined;
  failure: { readonly cause: unknown } | undefined;
  readonly resolve: (counts: Round) => void;
  readonly reject: (cause: unknown) => void;
}

/** The maximum number of messages that one read adds to the known messages. */
const batchCount = 50;

/**
 * The maximum number of known messages. If all of them wait for one target, later messages wait
 * too.
 */
const knownCountMax = 500;

export class Delivery {
  readonly #settings: DeliverySettings;
  readonly #order = new TargetOrder();
  readonly #tries = new Set<Promise<void>>();
  readonly #rounds = new Set<OpenRound>();
  #lastLook: Promise<void> = Promise.resolve();
  #cut = new AbortController();
  /**
   * A counter that each stop and failure increments. The result of a read that began in an earlier
   * era is discarded.
   */
  #era = 0;
  #hasFailed = false;
  /** Whether the last read may have left out due messages. */
  #hasMore = false;
  /**
   * The `failedTries` of each message before its last try in this process. If the message is due
   * with the same number, the store has not recorded that try.
   */
  #tried = new Map<string, OutboxEntry["failedTries"]>();
  /** The number of messages in the last read whose last try the store has not recorded. */
  #unnotedCount = 0;

  constructor(settings: DeliverySettings) {
    this.#settings = settings;
  }

  /**
   * Reads due messages from the store, and starts their tries. Reads run one after another. Never
   * rejects.
   *
   * @param of `more` skips messages whose last try the store has not recorded, because a store that
   *   records nothing would otherwise be queried in a loop. `anew` includes these messages.
   */
  look(of: "more" | "anew"): Promise<void> {
    const era = this.#era;
    this.#lastLook = this.#lastLook.then(() =>
      era === this.#era ? this.#lookNow(of, era) : undefined,
    );
    return this.#lastLook;
  }

  /**
   * Waits until all messages that are due now have been tried, by any caller.
   *
   * @throws errors of the store, after all running tries have ended
   */
  round(): Promise<Round> {
    return new Promise((resolve, reject) => {
      const counts: Round = { delivered: 0, failed: 0, refused: 0 };
      this.#rounds.add({ counts, left: undefined, failure: undefined, resolve, reject });
      void this.look("anew");
    });
  }

  /**
   * Aborts all running tries, which ends open rounds. A later read waits until these tries have
   * ended.
   */
  stop(): Promise<void> {
    this.#cut.abort();
    this.#cut = new AbortController();
    this.#halt();
    this.#lastLook = Promise.all([this.#lastLook, ...this.#tries]).then(() => undefined);
    return this.#lastLook;
  }

  async #lookNow(of: "more" | "anew", era: number): Promise<void> {
    this.#hasFailed = false;
    if (of === "anew") this.#tried.clear();
    const known = this.#order.ids.size + this.#tried.size;
    const limit = Math.min(known + batchCount, knownCountMax);
    const rounds = [...this.#rounds];
    let entries: readonly OutboxEntry[];
    try {
      entries = await this.#settings.due(limit);
    } catch (cause) {
      if (era === this.#era) this.#fail(cause);
      return;
    }
    if (era !== this.#era) return;
    const unnoted = entries.filter(({ id, failedTries }) => this.#tried.get(id) === failedTries);
    this.#tried = new Map(unnoted.map(({ id, failedTries }) => [id, failedTries]));
    this.#order.replaceWaiting(entries.filter(({ id }) => !this.#tried.has(id)));
    this.#unnotedCount = unnoted.length;
    this.#hasMore = entries.length >= limit && unnoted.length + batchCount <= knownCountMax;
    const { ids } = this.#order;
    for (const round of rounds) {
      if (!this.#hasMore) round.left ??= ids;
      // Another process may have delivered some of the messages.
      if (round.left !== undefined)
        round.left = new Set([...round.left].filter((id) => ids.has(id)));
    }
    this.#beginAll();
    this.#settle();
  }

  #beginAll(): void {
    for (let entry = this.#order.begin(); entry !== undefined; entry = this.#order.begin())
      this.#begin(entry);
    const count = this.#order.ids.size + this.#unnotedCount;
    const mayAsk = this.#order.hasFreeSlot && count + batchCount <= knownCountMax;
    if (!this.#hasMore || !mayAsk) return;
    this.#hasMore = false;
    void this.look("more");
  }

  #begin(entry: OutboxEntry): void {
    const tried = this.#try(entry).finally(() => {
      this.#tries.delete(tried);
      this.#order.ended(entry.id);
      for (const { left } of this.#rounds) left?.delete(entry.id);
      this.#beginAll();
      this.#settle();
    });
    this.#tries.add(tried);
  }

  async #try(entry: OutboxEntry): Promise<void> {
    try {
      const outcome = await this.#settings.attempt(entry, this.#cut.signal);
      if (outcome === "cut-off") return;
      this.#tried.set(entry.id, entry.failedTries);
      for (const { counts } of this.#rounds) counts[outcome] += 1;
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    for (const round of this.#rounds) round.failure ??= { cause };
    if (!this.#hasFailed) this.#settings.storeFailed(cause, this.#rounds.size > 0);
    this.#hasFailed = true;
    this.#halt();
  }

  /**
   * Starts no further tries before the next read. Open rounds end once the running tries have
   * ended.
   */
  #halt(): void {
    this.#era += 1;
    this.#hasMore = false;
    this.#order.replaceWaiting([]);
    for (const round of this.#rounds) round.left = this.#order.ids;
    this.#settle();
  }

  #settle(): void {
    for (const round of this.#rounds) {
      if (round.left?.size !== 0) continue;
      this.#rounds.delete(round);
      if (round.failure === undefined) round.resolve(round.counts);
      else round.reject(round.failure.cause);
    }
  }
}
