// Stores purges in the origin's own database until they are accepted. A purge is stored in the
// transaction of its change.
import type { Acceptance } from "./answer.ts";
import { type BackOff, backOffMs, sleep } from "./back-off.ts";
import { Delivery, type DeliverySettings, type Round } from "./outbox-delivery.ts";
import { messageOf, type OutboxEntry, type PurgeMessage, type PurgeOrder } from "./message.ts";
import type { Purger } from "./create-purger.ts";

export type { Round } from "./outbox-delivery.ts";
export type { OutboxEntry } from "./message.ts";

/**
 * The origin's table of messages. Methods may be synchronous or asynchronous.
 *
 * `due` must not return a message before its transaction commits. If a purge preceded its change,
 * caches could store the old state again.
 */
export interface OutboxStore<Added = void> {
  /**
   * Adds a message that is due at once, inside the origin's transaction. `enqueue` returns the
   * result of this method.
   */
  add(message: PurgeMessage): Added;
  /**
   * Returns the oldest `limit` messages that are due at `atMs`, in the order of `add`. Delivered
   * and refused messages are never due. A failed message keeps its place in this order.
   */
  due(atMs: number, limit: number): readonly OutboxEntry[] | Promise<readonly OutboxEntry[]>;
  delivered(id: string, acceptance: Acceptance): void | Promise<void>;
  /** Records a failed try. The message is due again at `nextTryAtMs`. */
  failed(id: string, nextTryAtMs: number, why: string): void | Promise<void>;
  /**
   * Records a final rejection. The message is never due again, but is kept with the reason for
   * inspection.
   */
  refused(id: string, why: string): void | Promise<void>;
}

export type OutboxReport =
  | { readonly kind: "refused"; readonly id: string; readonly why: string }
  | { readonly kind: "waits"; readonly id: string; readonly why: string }
  /** The store threw; the messages are unchanged. */
  | { readonly kind: "store-failed"; readonly cause: unknown };

export interface OutboxSettings<Added> {
  /** The origin's own database, which keeps the messages. */
  readonly store: OutboxStore<Added>;
  /** The purger that sends the messages. */
  readonly purger: Pick<Purger, "send">;
  /** The clock, in epoch milliseconds. Default: `Date.now`. */
  readonly nowAtMs?: () => number;
  /**
   * Receives problems. The default logs refusals and store failures to the console. Errors that
   * this function throws are also logged to the console, and do not stop the delivery.
   */
  readonly report?: (report: OutboxReport) => void;
  /** The interval between polls for due messages. Default: 1,000. */
  readonly pollMs?: number;
  /** The waits between tries of one message. Default: from 500 up to 60,000. */
  readonly backOff?: Partial<BackOff>;
}

export interface Outbox<Added> {
  /**
   * Adds a message for an order. Call it inside the transaction that makes the change.
   *
   * @returns the result of the store's `add`; synchronous if `add` is synchronous
   * @throws PurgeError for an order that names nothing, is too large or requests a dry run
   */
  enqueue(order: PurgeOrder): Added;
  /**
   * Polls at once if the outbox runs. Call `wake` after a transaction that commits in a later turn
   * of the event loop than `enqueue`.
   */
  wake(): void;
  /**
   * Tries all due messages, oldest first, up to eight at a time. Messages with a common target are
   * tried in order. The counts include all tries that end during this call, even tries of `run` and
   * of other calls. `stop` ends the call early, with the counts so far.
   *
   * @throws errors of the store, after all running tries have ended
   */
  deliver(): Promise<Round>;
  /**
   * Delivers messages until `stop` is called. A second call has no effect. To start again, wait
   * until `stop` has resolved.
   */
  run(): void;
  /** Aborts all running tries, including those of `deliver`. Their messages stay due. */
  stop(): Promise<void>;
}

/**
 * Creates an outbox. A message is retried until the store has recorded its acceptance. It may be
 * sent twice, which is harmless.
 */
export function createOutbox<Added>(settings: OutboxSettings<Added>): Outbox<Added> {
  const { store, nowAtMs = Date.now, pollMs = 1_000 } = settings;
  const report = (of: OutboxReport) => void reported(of, settings.report ?? reportToConsole);
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
      // Pause between polls even if the store fails or does not record tries.
      if (!signal.aborted) isRung = await alarm.wait(pollMs);
    }
  };

  return {
    enqueue(order) {
      const added = store.add(messageOf(order));
      // The loop continues in a later turn, after a synchronous transaction has committed.
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
 * Codes of errors that the message itself causes. After any other rejection, the message is
 * retried: for example after a wrong secret or address, a redirect, or a page of another server.
 */
const aboutTheMessage: ReadonlySet<string> = new Set([
  "malformed",
  "id-reused",
  "too-large",
  "too-far",
  "too-late",
  "unknown-id",
  "dry-run",
]);

function createAttempt(
  { store, purger, backOff: given }: OutboxSettings<unknown>,
  nowAtMs: () => number,
  report: (report: OutboxReport) => void,
): DeliverySettings["attempt"] {
  const backOff = { firstWaitMs: 500, waitMsMax: 60_000, random: Math.random, ...given };
  return async (entry, signal) => {
    const { id, body: stored } = entry as { readonly id: string; readonly body: unknown };
    // A column of JSON returns an object.
    const body = typeof stored === "string" ? stored : JSON.stringify(stored);
    const result = await purger.send({ id, body }, { signal }).catch((cause: unknown) => {
      if (signal.aborted) return "cut-off" as const;
      throw cause;
    });
    if (result === "cut-off") return result;
    if (result.kind === "accepted") {
      const { kind: _, ...acceptance } = result;
      await store.delivered(id, acceptance);
      return "delivered";
    }
    const isRefused = result.kind === "refused";
    const why = isRefused ? result.error.message : result.why;
    if (isRefused && aboutTheMessage.has(result.error.code)) {
      await store.refused(id, why);
      report({ kind: "refused", id, why });
      return "refused";
    }
    const retryAfterMs = isRefused ? 0 : result.retryAfterMs;
    const waitMs = Math.max(backOffMs(Number(entry.failedTries) + 1, backOff), retryAfterMs);
    await store.failed(id, nowAtMs() + waitMs, why);
    report({ kind: "waits", id, why });
    return "failed";
  };
}

/** An interruptible wait. A ring without a current wait ends the next wait at once. */
class Alarm {
  #bell = new AbortController();

  ring(): void {
    this.#bell.abort();
  }

  /** Waits for the time or a ring. Returns whether the alarm rang. */
  async wait(ms: number): Promise<boolean> {
    const { signal } = this.#bell;
    await sleep(ms, signal).catch(() => undefined);
    this.#bell = new AbortController();
    return signal.aborted;
  }
}

/** Calls `report`, whose errors must not stop the delivery. */
async function reported(of: OutboxReport, report: (of: OutboxReport) => void): Promise<void> {
  try {
    // `report` may be asynchronous and reject later.
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
