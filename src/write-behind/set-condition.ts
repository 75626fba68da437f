// The condition of a set in this isolate: calls by outcome, flushes, backlog and dead letters. Logs
// new dead letters, and the start and end of two troubles: changes that Redis does not accept, and
// flushes that fail.
import { faultOf, faultText } from "../base/operator-error.ts";
import { errorName } from "../base/error-name.ts";
import { Condition } from "../observe/condition.ts";
import type { FamilyName } from "../protocol/families.ts";
import { type Log, logOf } from "../observe/log-line.ts";
import { seriesOf } from "../observe/sums.ts";
import type { FlushReport } from "./flush.ts";
import type { Outcome, Refusal } from "./change-batch.ts";
import type { Backlog, SetTime } from "./change-slices.ts";
import { ageMsOf, type SliceTimes } from "./slice-times.ts";

export interface SetConditionSettings {
  readonly set: string;
  readonly everyMs: number;
  readonly backlogMax: number;
  readonly times: SliceTimes;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** The explanation of each refusal in log lines and errors. */
export const texts: Readonly<Record<Refusal, string>> = {
  late: "the batch reached Redis too late: sending took too long, or a clock was set meanwhile",
  early: "the clock of this isolate is ahead of that of Redis",
  full: "the backlog of the set has reached `backlogMax`",
  paused: "Redis is nearly full",
  "no-room": "this isolate has no room for more changes of the set",
  unanswered: "Redis did not confirm the batch",
};

/** A set's time that is further ahead of the clock of Redis than this is a trouble. */
const leadMsMax = 10_000;

const detailCharsMax = 1_000;

/** The pause after a failed flush. It doubles with each consecutive failure, up to the maximum. */
const [pauseMsMin, pauseMsMax] = [5_000, 300_000];

export class SetCondition {
  /** Calls by outcome. */
  readonly #calls = { accepted: 0, lost: 0, inDoubt: 0 };
  readonly #refusals: Partial<Record<Refusal, number>> = {};
  /** Calls that were refused as late. `lost` includes them. */
  #lateCount = 0;
  readonly #flushes = { slices: 0, changes: 0, moved: 0 };
  /** Flushes by how they ended. */
  readonly #ends = { done: 0, more: 0, failed: 0 };
  readonly #settings: SetConditionSettings;
  readonly #tell: Log;
  readonly #gathering: Condition<Refusal>;
  readonly #flushing: Condition<string>;
  readonly #timing: Condition<"clock-fell">;
  /** The lead in the last answer of Redis, and how far the set's time was ahead of this isolate's clock. */
  #time = { leadMs: 0, aheadMs: 0 };
  #backlog: (Backlog & { readonly atMs: number }) | undefined;
  /** The detail of the last failed flush, without values; `undefined` if its error has none. */
  #detail: string | undefined;
  /** Dead letters that this isolate has made, and the set's last known number of dead letters. */
  readonly #letters = { kept: 0, waiting: 0 };
  #failuresInRow = 0;
  #failedAtMs = -Infinity;

  constructor(settings: SetConditionSettings) {
    this.#settings = settings;
    const { set } = settings;
    const tell = logOf("write-behind", settings.log);
    this.#tell = tell;
    this.#gathering = new Condition({
      tell,
      about: () => ({ event: "write-behind", set, of: "changes" }),
      troubleLine: (cause) => `Changes of ${set} are lost or in doubt: ${texts[cause]}.`,
      wellLine: (lasted) => `Changes of ${set} are accepted again after ${lasted}.`,
    });
    this.#flushing = new Condition({
      tell,
      about: () => ({ event: "write-behind", set, of: "flushes" }),
      troubleLine: (kind) =>
        `Flushes of ${set} fail with ${kind}: ${this.#detail ?? "check its sink and Redis."}`,
      wellLine: (lasted) => `Flushes of ${set} work again after ${lasted}.`,
    });
    this.#timing = new Condition({
      tell,
      about: () => ({ event: "write-behind", set, of: "clock" }),
      troubleLine: () =>
        `The clock of Redis was set back, or the progress mark of ${set} is ahead of it. Slices of ${set} are ahead of the clock by ${Math.round(this.#time.leadMs / 1_000)} s. Changes still count once.`,
      wellLine: (lasted) => `Slices of ${set} follow the clock of Redis again after ${lasted}.`,
    });
  }

  /** Counts calls by their outcome. */
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

  /** Records the set's time in an answer of Redis. */
  hasTime({ atMs, leadMs }: SetTime): void {
    const nowAtMs = this.#settings.nowAtMs();
    this.#time = { leadMs, aheadMs: atMs - nowAtMs };
    if (leadMs > leadMsMax) this.#timing.failed("clock-fell", nowAtMs);
    else this.#timing.succeeded(nowAtMs);
  }

  /** Returns the milliseconds since a slice ended, by the set's time; negative before its end. */
  ageMsOf(slice: number, atMs: number): number {
    return ageMsOf(slice, atMs + this.#time.aheadMs, this.#settings.times);
  }

  waits(backlog: Backlog): void {
    this.#backlog = { ...backlog, atMs: this.#settings.nowAtMs() };
  }

  holdsLetters(count: number): void {
    this.#letters.waiting = count;
  }

  #keptLetters({ deadCount = 0, letterCount }: FlushReport): void {
    if (letterCount !== undefined) this.holdsLetters(letterCount);
    if (deadCount === 0) return;
    this.#letters.kept += deadCount;
    const { set } = this.#settings;
    this.#tell({
      event: "write-behind",
      level: "warn",
      message: `The sink of ${set} refuses ${deadCount} changes for their content. They are dead letters now: read them with deadLetters().`,
      set,
      of: "dead-letters",
    });
  }

  flushed(report: FlushReport): void {
    const { end, sliceCount, changeCount, movedCount = 0, backlog } = report;
    const atMs = this.#settings.nowAtMs();
    this.#keptLetters(report);
    this.#flushes.slices += sliceCount;
    this.#flushes.changes += changeCount;
    this.#flushes.moved += movedCount;
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
    this.#detail = end.kind === "sink-failed" ? detailOf(end.error) : undefined;
    this.#flushing.failed(end.kind === "unavailable" ? end.cause : errorName(end.error), atMs);
  }

  /**
   * Returns whether automatic flushes pause after a failed flush. Calls of `flush` do not pause.
   */
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

  /**
   * Returns the state for findings: the backlog in the last answer of Redis, dead letters, and
   * failing flushes. `heardAtMs` is -Infinity if no answer had a backlog.
   */
  get troubles() {
    const { everyMs, backlogMax, times } = this.#settings;
    const { trouble } = this.#flushing;
    const { keyCount = 0, oldestSlice, atMs = -Infinity } = this.#backlog ?? {};
    const overdueMs =
      oldestSlice === undefined ? 0 : this.ageMsOf(oldestSlice, atMs) - times.restMs;
    return {
      backlog: { keyCount, backlogMax, overdueMs, everyMs, heardAtMs: atMs },
      deadLetterCount: this.#letters.waiting,
      clock:
        this.#timing.trouble?.isOver === false
          ? { leadMs: this.#time.leadMs, sinceAtMs: this.#timing.trouble.sinceAtMs }
          : undefined,
      flushes: trouble?.isOver === false ? { ...trouble, detail: this.#detail } : undefined,
    };
  }

  snapshot() {
    const { keyCount, oldestSlice, atMs } = this.#backlog ?? {};
    const oldestAgeMs =
      oldestSlice === undefined
        ? 0
        : Math.max(0, this.ageMsOf(oldestSlice, this.#settings.nowAtMs()));
    return {
      ...this.#calls,
      /** The number of lost and in-doubt calls by reason. */
      refusals: { ...this.#refusals },
      flushes: { ...this.#flushes, failed: this.#ends.failed },
      /** The backlog in the last answer of Redis; `undefined` before the first. */
      backlog: keyCount === undefined ? undefined : { keys: keyCount, oldestAgeMs, atMs },
      /** How far the set's slices are ahead of the clock of Redis, in its last answer. */
      leadMs: this.#time.leadMs,
      /** Dead letters that this isolate has made, and the last known number of all. */
      deadLetters: { ...this.#letters },
      trouble: this.#gathering.trouble,
      troubleWithFlushes: this.#flushing.trouble && {
        ...this.#flushing.trouble,
        /** The detail of the last failed flush, without values: the sink's message and the SQL. */
        detail: this.#detail,
      },
    };
  }
}

/**
 * Returns an error's detail that contains no values; `undefined` if there is none. Checks a property
 * instead of the class, because `SinkError` may come from another copy of its module.
 */
function detailOf(error: unknown): string | undefined {
  if (error instanceof Error && "safeDetail" in error) {
    return String(error.safeDetail).slice(0, detailCharsMax);
  }
  const fault = faultOf(error);
  return fault && faultText(fault);
}
