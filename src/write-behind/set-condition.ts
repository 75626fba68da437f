// The condition of a set in this isolate: its counts and its backlog. Logs when changes begin to be lost, when flushes
// begin to fail, and when both recover.
import { errorName } from "../base/error-name.ts";
import { Condition } from "../observe/condition.ts";
import type { FamilyName } from "../protocol/families.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import { seriesOf } from "../observe/sums.ts";
import type { FlushReport } from "./flush.ts";
import type { Outcome, Refusal } from "./change-batch.ts";
import type { Backlog } from "./slice-store.ts";
import { ageMsOf, type SliceTimes } from "./slice-times.ts";

export interface SetConditionSettings {
  readonly set: string;
  readonly everyMs: number;
  readonly backlogMax: number;
  readonly times: SliceTimes;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** The explanation of each refusal in log lines. */
export const said: Readonly<Record<Refusal, string>> = {
  late: "their batch reached Redis too late: it took too long, or the clock of this isolate is behind that of Redis",
  early: "the clock of this isolate is ahead of that of Redis",
  full: "the backlog of the sink has reached `backlogMax`",
  paused: "the database is nearly full",
  "no-room": "this isolate holds the most changes that may wait for Redis",
  unanswered: "Redis did not confirm them",
};

/** The pause after a failed flush. It doubles with each consecutive failure. */
const [pauseMsMin, pauseMsMax] = [5_000, 300_000];

export class SetCondition {
  /** Calls by outcome. */
  readonly #calls = { accepted: 0, lost: 0, inDoubt: 0 };
  readonly #refusals: Partial<Record<Refusal, number>> = {};
  /** Calls that were certainly late. They are also counted as lost. */
  #lateCount = 0;
  readonly #flushes = { slices: 0, changes: 0 };
  /** Flushes by how they ended. */
  readonly #ends = { done: 0, more: 0, failed: 0 };
  readonly #settings: SetConditionSettings;
  readonly #gathering: Condition<Refusal>;
  readonly #flushing: Condition<string>;
  #backlog: (Backlog & { readonly atMs: number }) | undefined;
  #failuresInRow = 0;
  #failedAtMs = -Infinity;

  constructor(settings: SetConditionSettings) {
    this.#settings = settings;
    const { set } = settings;
    const tell = logOf("write-behind", settings.log);
    this.#gathering = new Condition({
      tell,
      about: () => ({ event: "write-behind", set, of: "changes" }),
      troubleLine: (cause) => `Changes of ${set} are lost or in doubt: ${said[cause]}.`,
      wellLine: (lasted) => `Changes of ${set} are accepted again after ${lasted}.`,
    });
    this.#flushing = new Condition({
      tell,
      about: () => ({ event: "write-behind", set, of: "flushes" }),
      troubleLine: (kind) => `Flushes of ${set} fail with ${kind}: check its sink and Redis.`,
      wellLine: (lasted) => `Flushes of ${set} work again after ${lasted}.`,
    });
  }

  /** Counts the outcome of a batch. */
  settled(outcome: Outcome, callCount: number): void {
    const atMs = this.#settings.nowAtMs();
    if (outcome.kind === "accepted") {
      this.#calls.accepted += callCount;
      this.#gathering.succeeded(atMs);
      return;
    }
    this.#calls[outcome.kind === "refused" ? "lost" : "inDoubt"] += callCount;
    if (outcome.kind === "refused" && outcome.cause === "late") this.#lateCount += callCount;
    this.#refusals[outcome.cause] = (this.#refusals[outcome.cause] ?? 0) + callCount;
    this.#gathering.failed(outcome.cause, atMs);
  }

  waits(backlog: Backlog): void {
    this.#backlog = { ...backlog, atMs: this.#settings.nowAtMs() };
  }

  flushed({ end, sliceCount, changeCount, backlog }: FlushReport): void {
    const atMs = this.#settings.nowAtMs();
    this.#flushes.slices += sliceCount;
    this.#flushes.changes += changeCount;
    if (backlog !== undefined) this.waits(backlog);
    if (end.kind === "done" || end.kind === "more") {
      this.#ends[end.kind] += 1;
      this.#failuresInRow = 0;
      this.#flushing.succeeded(atMs);
      return;
    }
    this.#ends.failed += 1;
    this.#failuresInRow += 1;
    this.#failedAtMs = atMs;
    this.#flushing.failed(end.kind === "unavailable" ? end.cause : errorName(end.error), atMs);
  }

  /** Tells whether the next automatic flush waits because the last one failed. Manual flushes do not wait. */
  isBackingOff(atMs: number): boolean {
    if (this.#failuresInRow === 0) return false;
    const pauseMs = Math.min(pauseMsMax, pauseMsMin * 2 ** (this.#failuresInRow - 1));
    return Math.abs(atMs - this.#failedAtMs) < pauseMs;
  }

  /** Returns the counts of the metric families since this isolate started. */
  series(): Map<string, number> {
    const { set } = this.#settings;
    const { accepted, lost, inDoubt } = this.#calls;
    const all = new Map<string, number>();
    const add = (family: FamilyName, labels: readonly string[], count: number) => {
      if (count > 0) all.set(seriesOf(family, [set, ...labels]), count);
    };
    add("behindChanges", ["accepted"], accepted);
    add("behindChanges", ["late"], this.#lateCount);
    add("behindChanges", ["lost"], lost - this.#lateCount);
    add("behindChanges", ["in-doubt"], inDoubt);
    for (const [end, count] of Object.entries(this.#ends)) add("behindFlushes", [end], count);
    add("behindFlushedChanges", [], this.#flushes.changes);
    return all;
  }

  /** For findings: the backlog as last reported to this isolate (-Infinity: never), and failing flushes. */
  get troubles() {
    const { everyMs, backlogMax, times } = this.#settings;
    const { trouble } = this.#flushing;
    const { keyCount = 0, oldestSlice, atMs = -Infinity } = this.#backlog ?? {};
    const overdueMs =
      oldestSlice === undefined ? 0 : ageMsOf(oldestSlice, atMs, times) - times.restMs;
    return {
      backlog: { keyCount, backlogMax, overdueMs, everyMs, heardAtMs: atMs },
      flushes: trouble?.isOver === false ? trouble : undefined,
    };
  }

  snapshot() {
    const { times } = this.#settings;
    const { keyCount, oldestSlice, atMs } = this.#backlog ?? {};
    const oldestAgeMs =
      oldestSlice === undefined
        ? 0
        : Math.max(0, ageMsOf(oldestSlice, this.#settings.nowAtMs(), times));
    return {
      ...this.#calls,
      /** The reasons of lost and doubtful calls. */
      refusals: { ...this.#refusals },
      flushes: { ...this.#flushes, failed: this.#ends.failed },
      /** As last reported to this isolate; `undefined` if never. */
      backlog: keyCount === undefined ? undefined : { keys: keyCount, oldestAgeMs, atMs },
      trouble: this.#gathering.trouble,
      troubleWithFlushes: this.#flushing.trouble,
    };
  }
}
