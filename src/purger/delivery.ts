// Runs the tries of an outbox. A due message starts once a slot and its targets are free.
import type { OutboxEntry } from "./message.ts";
import { TargetOrder } from "./target-order.ts";

/** Number of tries by result. */
export interface Round {
  delivered: number;
  failed: number;
  refused: number;
}

export interface DeliverySettings {
  /** Returns the oldest `limit` due messages, in order. */
  readonly due: (limit: number) => readonly OutboxEntry[] | Promise<readonly OutboxEntry[]>;
  /** Tries a message; `cut-off`: aborted, and nothing noted. Rejects with errors of the store. */
  readonly attempt: (entry: OutboxEntry, signal: AbortSignal) => Promise<keyof Round | "cut-off">;
  /** Receives the first failure after each look. `isThrown`: a round also rejects with it. */
  readonly storeFailed: (cause: unknown, isThrown: boolean) => void;
}

interface OpenRound {
  readonly counts: Round;
  /** The messages that the round waits for; `undefined` until a look has found all due ones. */
  left: Set<string> | undefined;
  failure: { readonly cause: unknown } | undefined;
  readonly resolve: (counts: Round) => void;
  readonly reject: (cause: unknown) => void;
}

/** Maximum messages that one look adds to the known ones. */
const batchCount = 50;

/** Limit of known messages. Behind this many that wait for one target, others are not seen. */
const knownCountMax = 500;

export class Delivery {
  readonly #settings: DeliverySettings;
  readonly #order = new TargetOrder();
  readonly #tries = new Set<Promise<void>>();
  readonly #rounds = new Set<OpenRound>();
  #lastLook: Promise<void> = Promise.resolve();
  #cut = new AbortController();
  /** Incremented on each stop and failure. The result of a look from an earlier era is discarded. */
  #era = 0;
  #hasFailed = false;
  /** Whether the last look may have missed messages. */
  #hasMore = false;
  /** `failedTries` of messages tried here. If one is due and unchanged, the store has not noted the try. */
  #tried = new Map<string, number>();
  /** Number of such unnoted messages in the last look. */
  #unnotedCount = 0;

  constructor(settings: DeliverySettings) {
    this.#settings = settings;
  }

  /**
   * Starts due messages. Looks run one after another. Never rejects.
   *
   * @param of `more`: skips messages that were tried and are still unchanged; otherwise a store that notes
   *   nothing would be queried in a loop
   */
  look(of: "more" | "anew"): Promise<void> {
    const era = this.#era;
    this.#lastLook = this.#lastLook.then(() =>
      era === this.#era ? this.#lookNow(of, era) : undefined,
    );
    return this.#lastLook;
  }

  /**
   * Waits until all messages due now have been tried, by any caller.
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

  /** Aborts all running tries, which ends open rounds. A later look waits for them to end. */
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
      // Another process may have delivered some of them.
      if (round.left !== undefined)
        round.left = new Set([...round.left].filter((id) => ids.has(id)));
    }
    this.#beginAll();
    this.#settle();
  }

  #beginAll(): void {
    for (let entry = this.#order.begin(); entry !== undefined; entry = this.#order.begin())
      this.#begin(entry);
    const held = this.#order.ids.size + this.#unnotedCount;
    const mayAsk = this.#order.hasFreeSlot && held + batchCount <= knownCountMax;
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
      const came = await this.#settings.attempt(entry, this.#cut.signal);
      if (came === "cut-off") return;
      this.#tried.set(entry.id, entry.failedTries);
      for (const { counts } of this.#rounds) counts[came] += 1;
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

  /** Starts nothing more before the next look. Open rounds end with the running tries. */
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
