// Purges kept in the origin's own database from the change they belong to until their acceptance.
import type { Acceptance } from "./answer.ts";
import { type BackOff, backOffMs } from "./back-off.ts";
import { messageOf, type PurgeMessage, type PurgeOrder } from "./message.ts";
import type { Purger } from "./purger.ts";
import { tryInTargetOrder } from "./target-order.ts";

export interface OutboxEntry extends PurgeMessage {
  /** How often `failed` was called for it. */
  readonly failedTries: number;
}

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
  /** Told of what went wrong; unless set, refusals and failures of the store go to the console. */
  readonly report?: (report: OutboxReport) => void;
  /** How often the loop looks for due messages when nothing wakes it (1,000). */
  readonly pollMs?: number;
  /** Between the tries of one message (from 500 up to 60,000). */
  readonly backOff?: Partial<BackOff>;
}

export interface Round {
  delivered: number;
  failed: number;
  refused: number;
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
   * Tries what is due, batch by batch, the oldest first, until a batch is not full. Those that name
   * the same target are tried in the order in which they were added, others several at a time. A
   * batch that is under way is shared.
   *
   * @throws what the store throws
   */
  deliver(): Promise<Round>;
  /** Delivers until `stop`; twice is as good as once. */
  run(): void;
  /** Cuts off a try under way; its message stays due. */
  stop(): Promise<void>;
}

const batchCount = 50;

/**
 * A message is sent again until its acceptance is noted, so it may be sent twice: a purge done
 * twice is as good as once.
 */
export function createOutbox<Added>(settings: OutboxSettings<Added>): Outbox<Added> {
  const { store, nowAtMs = Date.now, report = reportToConsole, pollMs = 1_000 } = settings;
  const alarm = createAlarm();
  let underWay: Promise<Batch> | undefined;
  let running: { stop: AbortController; ended: Promise<void> } | undefined;
  const attempt = createAttempt({ ...settings, nowAtMs, report });

  const deliverOne = (signal?: AbortSignal): Promise<Batch> => {
    underWay ??= deliverBatch({ store, attempt, atMs: nowAtMs(), signal }).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  const deliver = async (): Promise<Round> => {
    const sum: Round = { delivered: 0, failed: 0, refused: 0 };
    for (let before: Batch | undefined; ;) {
      const batch = await deliverOne();
      for (const came of ["delivered", "failed", "refused"] as const)
        sum[came] += batch.round[came];
      if (!leavesMore(batch, before)) return sum;
      before = batch;
    }
  };

  const loop = async (signal: AbortSignal): Promise<void> => {
    for (let before: Batch | undefined; !signal.aborted;) {
      const batch = await deliverOne(signal).catch((cause: unknown) => {
        if (!signal.aborted) report({ kind: "store-failed", cause });
        return undefined;
      });
      const hasMore = batch !== undefined && leavesMore(batch, before);
      before = batch;
      // Without this wait a store that fails, or forgets, would be asked without pause.
      if (!hasMore && !signal.aborted) await alarm.wait(pollMs);
    }
  };

  return {
    enqueue(order) {
      const added = store.add(messageOf(order));
      // The loop goes on in a later turn, when a synchronous transaction is committed.
      alarm.ring();
      return added;
    },
    wake: alarm.ring,
    deliver,
    run() {
      if (running !== undefined) return;
      const stop = new AbortController();
      running = { stop, ended: loop(stop.signal) };
    },
    async stop() {
      const ending = running;
      running = undefined;
      ending?.stop.abort();
      alarm.ring();
      await ending?.ended;
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

type Attempt = (entry: OutboxEntry, signal: AbortSignal | undefined) => Promise<keyof Round>;

function createAttempt(
  given: OutboxSettings<unknown> & {
    nowAtMs: () => number;
    report: (report: OutboxReport) => void;
  },
): Attempt {
  const { store, purger, nowAtMs, report } = given;
  const backOff = { firstWaitMs: 500, waitMsMax: 60_000, random: Math.random, ...given.backOff };
  return async (entry, signal) => {
    const { id, body } = entry;
    const verdict = await purger.send({ id, body }, signal === undefined ? {} : { signal });
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

interface Batch {
  readonly round: Round;
  readonly ids: ReadonlySet<string>;
}

/** Asks with the time of now, so that what has waited for its next try is found among what is new. */
async function deliverBatch(given: {
  store: OutboxStore<unknown>;
  attempt: Attempt;
  atMs: number;
  signal: AbortSignal | undefined;
}): Promise<Batch> {
  const { store, attempt, atMs, signal } = given;
  const round: Round = { delivered: 0, failed: 0, refused: 0 };
  const entries = await store.due(atMs, batchCount);
  await tryInTargetOrder(entries, async (entry) => {
    const came = await attempt(entry, signal);
    round[came] += 1;
  });
  return { round, ids: new Set(entries.map(({ id }) => id)) };
}

/** A store that notes nothing gives the same messages again: no reason to ask it without pause. */
function leavesMore({ ids }: Batch, before: Batch | undefined): boolean {
  return ids.size >= batchCount && [...ids].some((id) => before?.ids.has(id) !== true);
}

/** A wait that can be ended early; rung while nobody waits, it ends the next wait at once. */
function createAlarm(): { ring: () => void; wait: (ms: number) => Promise<void> } {
  let isRung = false;
  let endWait = () => {};
  return {
    ring() {
      isRung = true;
      endWait();
    },
    async wait(ms) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          endWait = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isRung = false;
    },
  };
}

function reportToConsole(report: OutboxReport): void {
  if (report.kind === "refused") console.error(`Purge ${report.id}: ${report.why}`);
  if (report.kind === "store-failed")
    console.error("The outbox cannot use its store.", report.cause);
}
