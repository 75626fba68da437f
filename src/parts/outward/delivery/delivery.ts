// Delivers the journal's purges to one target: at least once, in order, and within the rate limits.
// The cursor moves only after the target has confirmed.
import { acceptedAtMs, type EntryId } from "../../../purge/journal/entry.ts";
import type {
  DeliveryEnd,
  DeliveryLimits,
  OutwardPorts,
  TargetFailures,
} from "../port/outward-target.ts";
import type { CacheFacts } from "./selection.ts";
import { type Batch, callsForEverything, nextBatch, type TargetApi, tokensOf } from "./batch.ts";
import { type OutwardCall, sendAll, type CallFailure } from "./call.ts";
import {
  entriesAfter,
  foundAheadAtMs,
  pageCount,
  type VersionedState,
  HeldTarget,
  resetTo,
  type WrittenState,
  type Cursor,
} from "./held-target.ts";
import { taken } from "./token-bucket.ts";
import { backOffMs } from "../../../purger/back-off.ts";
import type { OutwardReset } from "../../../protocol/outward-states.ts";

/** An open target whose credential is usable. */
export interface DeliveryTarget {
  readonly name: string;
  readonly api: TargetApi;
  readonly factsFor: (ports: OutwardPorts) => CacheFacts;
}

/** The maximum duration of one delivery. A Worker runs for 30 s after its answer. */
const deliveryMsMax = 12_000;
/** A batch takes at most two rounds of requests, and the store's writes. */
const lockMs = 45_000;
/** The longest pause after a failure, which `Retry-After` may ask for. */
const pauseMsLimit = 3_600_000;
/** After this many refusals of narrower purges, everything is purged. */
const refusalsMax = 3;
/** If a full page of purges waits for the rate limit for longer, everything is purged. */
const behindMsMax = 300_000;
/** If the names that wait need more time than this at the rate limit, everything is purged. */
const needsMsMax = 900_000;

export async function deliver(
  target: DeliveryTarget,
  ports: OutwardPorts,
  { callsMax, isForced }: DeliveryLimits,
): Promise<DeliveryEnd> {
  const startedAtMs = ports.nowAtMs();
  let callsLeft = callsMax;
  for (;;) {
    const step = await new Delivery(target, ports, callsLeft).step(isForced);
    if (typeof step === "string") return step;
    callsLeft -= step.callCount;
    const isLate = ports.nowAtMs() - startedAtMs >= deliveryMsMax;
    if (callsLeft <= 0 || isLate) return "later";
  }
}

/** One step of a delivery. It ends the delivery, or has made some requests. */
type Step = DeliveryEnd | { readonly callCount: number };

interface Work extends Pick<Batch, "calls" | "buckets"> {
  /** Returns the state after the target has confirmed all requests. */
  readonly done: (state: WrittenState) => WrittenState;
}

class Delivery {
  readonly #target: DeliveryTarget;
  readonly #ports: OutwardPorts;
  readonly #callsMax: number;
  readonly #held: HeldTarget;

  constructor(target: DeliveryTarget, ports: OutwardPorts, callsMax: number) {
    this.#target = target;
    this.#ports = ports;
    this.#callsMax = callsMax;
    this.#held = new HeldTarget(target.name, ports);
  }

  async step(isForced: boolean): Promise<Step> {
    const held = await this.#held.open();
    if (held === "empty-journal") return "idle";
    if (typeof held === "string") return held === "overtaken" ? "busy" : held;
    const { lock, failures, reset, cursor } = held.state;
    const atMs = this.#ports.nowAtMs();
    if (lock !== undefined && isAhead(lock.untilAtMs, atMs, lockMs)) return "busy";
    const isPaused = failures !== undefined && isAhead(failures.nextTryAtMs, atMs, pauseMsLimit);
    if (isPaused && !isForced) return "later";
    if (reset !== undefined) return this.#everything(held, reset);
    return cursor === undefined ? this.#lost(held, "state-lost") : this.#entries(held, cursor);
  }

  /** Purges everything, once all purges up to the entry of the reset are due. */
  async #everything(
    held: VersionedState,
    reset: NonNullable<WrittenState["reset"]>,
  ): Promise<Step> {
    if (!this.#isDue(reset.position, held)) return this.#waits(held, [reset]);
    const { api, name } = this.#target;
    const calls = callsForEverything(api);
    const { nowAtMs } = this.#ports;
    const buckets = taken(held.state.buckets, api.limits, tokensOf(calls), nowAtMs());
    if (buckets === undefined || calls.length > this.#callsMax) return "later";
    const done = ({ reset: current, ...state }: WrittenState): WrittenState =>
      // An operator may have ordered another reset meanwhile.
      current?.position === reset.position
        ? { ...state, cursor: { position: reset.position, n: reset.n } }
        : { ...state, ...(current && { reset: current }) };
    const step = await this.#send(held, { calls, buckets, done });
    if (typeof step !== "string") tellReset(name, reset.why, this.#ports);
    return step;
  }

  async #entries(held: VersionedState, cursor: Cursor): Promise<Step> {
    const found = await entriesAfter(cursor, this.#ports);
    if (found === "unavailable") return found;
    if (found === "lost") return this.#lost(held, "journal-lost");
    const notDue = found.findIndex(({ position }) => !this.#isDue(position, held));
    const due = notDue === -1 ? found : found.slice(0, notDue);
    if (due.length === 0) return this.#waits(held, found);
    const { api } = this.#target;
    const batch = nextBatch(due, cursor, {
      api,
      facts: this.#target.factsFor(this.#ports),
      buckets: held.state.buckets,
      callsMax: this.#callsMax,
      isProbe: held.state.failures !== undefined,
      atMs: this.#ports.nowAtMs(),
    });
    if (batch.kind !== "batch") {
      if (batch.kind === "calls-spent") return "later";
      const isFull = due.length === pageCount;
      const isBehind = isFull && this.#isDue(due[0]?.position ?? "", held, behindMsMax);
      return isBehind || batch.needsMs > needsMsMax ? this.#lost(held, "behind") : "later";
    }
    const done = (state: WrittenState): WrittenState => ({ ...state, cursor: batch.cursor });
    if (batch.calls.length === 0) {
      const moved = await this.#held.replace(held, done(held.state));
      return typeof moved === "string" ? endOf(moved) : { callCount: 0 };
    }
    const { outcome, count = 0 } = held.state.failures ?? {};
    return outcome === "refused" && count >= refusalsMax
      ? this.#lost(held, outcome)
      : this.#send(held, { ...batch, done });
  }

  /** Schedules a purge of everything, because purges may be missing, are refused, or too many wait. */
  async #lost(held: VersionedState, why: OutwardReset): Promise<Step> {
    const newest = await this.#ports.journal.newestFirst(1);
    if ("kind" in newest) return "unavailable";
    if (newest[0] === undefined) return "idle";
    const replaced = await this.#held.replace(held, { ...held.state, ...resetTo(newest[0], why) });
    return typeof replaced === "string" ? endOf(replaced) : { callCount: 0 };
  }

  /** Takes the lock and the tokens, sends the requests, and settles the state. */
  async #send(held: VersionedState, { calls, buckets, done }: Work): Promise<Step> {
    const { nowAtMs, randomText } = this.#ports;
    const lock = { holder: randomText(), untilAtMs: nowAtMs() + lockMs };
    const locked = await this.#held.replace(held, { ...held.state, buckets, lock });
    if (typeof locked === "string") return endOf(locked);
    const failure = await this.#sendAll(calls);
    const before = held.state.failures;
    const failures = failure && failuresAfter(before, failure, this.#ports);
    const settled = await this.#held.settle(locked, (state) => {
      const base = { ...state, lock: undefined, failures };
      return failures === undefined ? { ...done(base), lastSuccessAtMs: nowAtMs() } : base;
    });
    if (typeof settled === "string") return endOf(settled);
    tellChange(this.#target.name, before, failures, this.#ports);
    return failures === undefined ? { callCount: calls.length } : "failed";
  }

  #sendAll(calls: readonly OutwardCall[]) {
    const { name, api } = this.#target;
    return sendAll(calls, api, this.#ports, (outcome) => this.#ports.called(name, outcome));
  }

  /**
   * Compares the entry's date with the clock that dates entries, because an isolate's clock may be ahead.
   *
   * @param forMs for how long the entry has been due, at least
   */
  #isDue(position: string, { atMs, state }: VersionedState, forMs = 0): boolean {
    const untilMs = atMs - this.#ports.dueAfterMs - forMs;
    const foundAtMs = foundAheadAtMs(position, state) ?? Infinity;
    return Math.min(acceptedAtMs(position), foundAtMs) <= untilMs;
  }

  /**
   * Ends a delivery, because nothing is due. Dates entries that are ahead of the journal's clock, which was set back: their
   * dates would say for as long that they are not due.
   */
  async #waits(held: VersionedState, waiting: readonly EntryId[]): Promise<Step> {
    const [oldest, newest] = [waiting[0], waiting.at(-1)];
    const { atMs, state } = held;
    if (oldest === undefined || newest === undefined || acceptedAtMs(newest.position) <= atMs)
      return "idle";
    if ((foundAheadAtMs(oldest.position, state) ?? Infinity) <= atMs) return "idle";
    // All that wait, because each dating delays the delivery. The clock is read after them, so they are dated no earlier.
    const found = await this.#ports.journal.newestFirst(1);
    const read = await this.#held.read();
    if ("kind" in found || read.kind === "unavailable") return "unavailable";
    const { position } = found[0] ?? newest;
    const dated = { ...state, ahead: { position, atMs: read.atMs } };
    const replaced = await this.#held.replace(held, dated);
    return typeof replaced === "string" ? endOf(replaced) : "idle";
  }
}

const endOf = (change: "overtaken" | "unavailable"): DeliveryEnd =>
  change === "overtaken" ? "busy" : change;

/**
 * Returns whether an instant is still ahead. The clocks of isolates differ, so it may be up to twice
 * its usual distance. Beyond that, a clock was set back, and the instant has no effect.
 */
function isAhead(untilAtMs: number, atMs: number, msMax: number): boolean {
  return atMs < untilAtMs && untilAtMs - atMs <= 2 * msMax;
}

const firstPauseMs = 2_000;
const pauseMsMax = 900_000;

function failuresAfter(
  before: TargetFailures | undefined,
  { outcome, status, retryAfterMs }: CallFailure,
  { nowAtMs, random }: OutwardPorts,
): TargetFailures {
  const atMs = nowAtMs();
  // Only refusals in a row lead to a purge of everything.
  const isFirst = outcome === "refused" && before?.outcome !== outcome;
  const count = isFirst ? 1 : (before?.count ?? 0) + 1;
  const usual = backOffMs(count, { firstWaitMs: firstPauseMs, waitMsMax: pauseMsMax, random });
  // A wrong credential does not become right by itself.
  const pauseMs = outcome === "unauthorized" ? pauseMsMax : Math.max(usual, retryAfterMs);
  const sinceAtMs = before?.sinceAtMs ?? atMs;
  return { count, outcome, status, sinceAtMs, nextTryAtMs: atMs + pauseMs };
}

/**
 * Logs the first failure, and the first success after failures. The failures are part of the stored
 * state, so one isolate logs each change.
 */
function tellChange(
  name: string,
  before: TargetFailures | undefined,
  after: TargetFailures | undefined,
  { log, nowAtMs }: OutwardPorts,
): void {
  if ((before === undefined) === (after === undefined)) return;
  const target = `Outward purges: the target ${JSON.stringify(name)}`;
  if (after !== undefined) {
    const { outcome, status } = after;
    const message = `${target} did not confirm a purge (${outcome}). Tidemark tries again.`;
    const fields = { target: name, state: "began", kind: outcome, status };
    return log({ event: "outward", level: "warn", message, ...fields });
  }
  const lastedSeconds = Math.round((nowAtMs() - (before?.sinceAtMs ?? 0)) / 1_000);
  const message = `${target} confirms purges again, after ${lastedSeconds} s.`;
  log({ event: "outward", level: "info", message, target: name, state: "ended", lastedSeconds });
}

/** Counts and logs a purge of everything that no sender ordered. */
function tellReset(name: string, why: OutwardReset, { log, reset }: OutwardPorts): void {
  reset(name, why);
  const message = `Outward purges: everything was purged at the target ${JSON.stringify(name)}. ${resetCauses[why]}`;
  const level = why === "new" || why === "skipped" ? "info" : "warn";
  log({ event: "outward", level, message, target: name, state: "reset", kind: why });
}

const resetCauses: Readonly<Record<OutwardReset, string>> = {
  new: "It is new, and the journal does not reach back far enough.",
  "journal-lost": "The journal no longer has the last delivered entry.",
  "state-lost": "Its state in the journal's store was lost or changed.",
  refused: "It refused narrower purges.",
  behind: "More purges waited there than its rate limit allows.",
  skipped: "An operator ordered it.",
};
