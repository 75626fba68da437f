// Purges kept in the origin's own database from the change they belong to until their acceptance.
import type { Acceptance } from "./answer.ts";
import { type BackOff, backOffMs, sleep } from "./back-off.ts";
import { Delivery, type DeliverySettings, type Round } from "./delivery.ts";
import { messageOf, type OutboxEntry, type PurgeMessage, type PurgeOrder } from "./message.ts";
import type { Purger } from "./purger.ts";

export type { Round } from "./delivery.ts";
export type { OutboxEntry } from "./message.ts";

/**
 * The origin's table of messages. Members may be synchronous or not.
 *
 * A message must not be seen by `due` before the transaction that added it is committed: a purge
 * that overtakes its change purges copies which are then made anew from the old state.
 */
export interface OutboxStore<Added = void> {
  /** Called inside the origin's transaction; `enqueue` returns its result. Due at once. */
  add(message: PurgeMessage): Added;
  /**
   * Messages neither delivered nor refused that are due at that time: the oldest `limit` of them, in
   * the order in which they were added, one that failed before in its old place.
   */
  due(atMs: number, limit: number): readonly OutboxEntry[] | Promise<readonly OutboxEntry[]>;
  delivered(id: string, acceptance: Acceptance): void | Promise<void>;
  /** Not accepted this time; due again at `nextTryAtMs`. */
  failed(id: string, nextTryAtMs: number, why: string): void | Promise<void>;
  /** Refused for good: never due again, but kept, with the reason, for someone to look at. */
  refused(id: string, why: string): void | Promise<void>;
}

export type OutboxReport =
  | { readonly kind: "refused"; readonly id: string; readonly why: string }
  | { readonly kind: "waits"; readonly id: string; readonly why: string }
  /** The store threw; the messages stand where they stood. */
  | { readonly kind: "store-failed"; readonly cause: unknown };

export interface OutboxSettings<Added> {
  readonly store: OutboxStore<Added>;
  readonly purger: Pick<Purger, "send">;
  readonly nowAtMs?: () => number;
  /**
   * Told of what went wrong; unless set, refusals and failures of the store go to the console. So
   * does what it throws itself, which ends nothing.
   */
  readonly report?: (report: OutboxReport) => void;
  /** How often the loop looks for due messages when nothing wakes it (1,000). */
  readonly pollMs?: number;
  /** Between the tries of one message (from 500 up to 60,000). */
  readonly backOff?: Partial<BackOff>;
}

export interface Outbox<Added> {
  /**
   * Adds a message for an order; to be called inside the transaction that makes the change.
   *
   * @returns what the store's `add` returns, so nothing has to be awaited where that is synchronous
   * @throws PurgeError for an order that names nothing or is too large
   */
  enqueue(order: PurgeOrder): Added;
  /** Lets the loop look at once: for transactions that commit later than the turn of `enqueue`. */
  wake(): void;
  /**
   * Tries what is due, the oldest first, up to eight at a time, until all of it has been tried. Those
   * that name the same target are tried in the order in which they were added. It shares the tries of
   * the loop and of other calls, and counts those that end while it waits. `stop` ends it early: it
   * returns what was done until then.
   *
   * @throws what the store throws, once no try is under way any more; no further one begins
   */
  deliver(): Promise<Round>;
  /** Delivers until `stop`; twice is as good as once. After a `stop`, once that is through. */
  run(): void;
  /** Cuts off every try under way, also those of `deliver`; their messages stay due. */
  stop(): Promise<void>;
}

/**
 * A message is sent again until its acceptance is noted, so it may be sent twice: a purge done
 * twice is as good as once.
 */
export function createOutbox<Added>(settings: OutboxSettings<Added>): Outbox<Added> {
  const { store, nowAtMs = Date.now, pollMs = 1_000 } = settings;
  const report = (of: OutboxReport) => void told(of, settings.report ?? reportToConsole);
  let running: { stop: AbortController; alarm: Alarm; ended: Promise<void> } | undefined;
  const delivery = new Delivery({
    due: (limit) => store.due(nowAtMs(), limit),
    attempt: createAttempt(settings, nowAtMs, report),
    storeFailed(cause, isThrown) {
      if (running !== undefined || !isThrown) report({ kind: "store-failed", cause });
    },
  });

  const loop = async (signal: AbortSignal, alarm: Alarm): Promise<void> => {
    for (let isRung = false; !signal.aborted;) {
      await delivery.look(isRung ? "more" : "anew");
      // Without this wait a store that fails, or forgets, would be asked without pause.
      if (!signal.aborted) isRung = await alarm.wait(pollMs);
    }
  };

  return {
    enqueue(order) {
      const added = store.add(messageOf(order));
      // The loop goes on in a later turn, when a synchronous transaction is committed.
      running?.alarm.ring();
      return added;
    },
    wake: () => running?.alarm.ring(),
    deliver: () => delivery.round(),
    run() {
      if (running !== undefined) return;
      const [stop, alarm] = [new AbortController(), new Alarm()];
      running = { stop, alarm, ended: loop(stop.signal, alarm) };
    },
    async stop() {
      const ending = running;
      running = undefined;
      ending?.stop.abort();
      ending?.alarm.ring();
      await Promise.all([ending?.ended, delivery.stop()]);
    },
  };
}

/**
 * What Tidemark itself says against a message. Whatever else is answered (a wrong secret or address,
 * a redirect, another server's page) says nothing against it: it waits.
 */
const aboutTheMessage: ReadonlySet<string> = new Set([
  "malformed",
  "id-reused",
  "too-large",
  "dry-run",
]);

function createAttempt(
  { store, purger, backOff: given }: OutboxSettings<unknown>,
  nowAtMs: () => number,
  report: (report: OutboxReport) => void,
): DeliverySettings["attempt"] {
  const backOff = { firstWaitMs: 500, waitMsMax: 60_000, random: Math.random, ...given };
  return async (entry, signal) => {
    const { id, body } = entry;
    const verdict = await purger.send({ id, body }, { signal }).catch((cause: unknown) => {
      if (signal.aborted) return "cut-off" as const;
      throw cause;
    });
    if (verdict === "cut-off") return verdict;
    if (verdict.kind === "accepted") {
      const { position, visibleWithinSeconds } = verdict;
      await store.delivered(id, { position, visibleWithinSeconds });
      return "delivered";
    }
    const isRefused = verdict.kind === "refused";
    const why = isRefused ? verdict.error.message : verdict.why;
    if (isRefused && aboutTheMessage.has(verdict.error.code)) {
      await store.refused(id, why);
      report({ kind: "refused", id, why });
      return "refused";
    }
    const retryAfterMs = isRefused ? 0 : verdict.retryAfterMs;
    const waitMs = Math.max(backOffMs(entry.failedTries + 1, backOff), retryAfterMs);
    await store.failed(id, nowAtMs() + waitMs, why);
    report({ kind: "waits", id, why });
    return "failed";
  };
}

/** A wait that can be ended early; rung while nobody waits, it ends the next wait at once. */
class Alarm {
  #bell = new AbortController();

  ring(): void {
    this.#bell.abort();
  }

  /** @returns whether it was rung */
  async wait(ms: number): Promise<boolean> {
    const { signal } = this.#bell;
    await sleep(ms, signal).catch(() => undefined);
    this.#bell = new AbortController();
    return signal.aborted;
  }
}

/** What listens must not decide whether purges are sent. */
async function told(of: OutboxReport, report: (of: OutboxReport) => void): Promise<void> {
  try {
    // It may be asynchronous all the same, and fail later.
    await (report(of) as unknown);
  } catch (cause) {
    console.error("The outbox's `report` threw.", cause);
    reportToConsole(of);
  }
}

function reportToConsole(report: OutboxReport): void {
  if (report.kind === "refused") console.error(`Purge ${report.id}: ${report.why}`);
  if (report.kind === "store-failed")
    console.error("The outbox cannot use its store.", report.cause);
}
