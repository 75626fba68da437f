// Checks a recorded history of data, and returns its violations of the promise. Pure: no clock and
// no I/O.
import { SoftAnswers } from "../../checker/soft-answers.ts";
import { viewsStep } from "../keys.ts";
import { DataFloors } from "./floors.ts";
import type {
  DataHistory,
  DataKey,
  DataPurge,
  DataRead,
  Increment,
  SeenCount,
} from "./operations.ts";
import type { DataViolation } from "./violation.ts";

export interface DataFindings {
  readonly violations: readonly DataViolation[];
  /** The number of reads that returned a version which the source had already replaced. */
  readonly olderReadCount: number;
  /** The longest time from the answer to a hard purge to the last read of an older version. */
  readonly worstLagMs: number;
}

/**
 * The time to store a loaded value, which may wait for a purge, in addition to the source's time.
 */
const storingMs = 8_000;

export function checkData(history: DataHistory): DataFindings {
  return new DataChecker(history).findings();
}

class DataChecker {
  readonly #history: DataHistory;
  readonly #floors: DataFloors;
  readonly #soft: SoftAnswers;
  readonly #violations: DataViolation[] = [];
  #olderReadCount = 0;
  #worstLagMs = 0;

  constructor(history: DataHistory) {
    this.#history = history;
    this.#floors = new DataFloors(history);
    this.#soft = new SoftAnswers(history);
  }

  findings(): DataFindings {
    const { reads, keys, broken } = this.#history;
    const byPath = new Map(keys.map((key) => [key.path, key]));
    for (const read of reads.toSorted((one, other) => one.invokedAtMs - other.invokedAtMs)) {
      const key = byPath.get(read.path);
      if (key === undefined) throw new Error(`${read.path} is not a key of this history.`);
      const violation = this.#violationOf(read, key);
      if (violation !== undefined) this.#violations.push(violation);
    }
    this.#violations.push(...unwritten(this.#history), ...countedTwice(this.#history));
    for (const what of broken) this.#violations.push({ rule: "broken", what });
    this.#violations.push(...notComingBack(this.#history));
    return {
      violations: this.#violations,
      olderReadCount: this.#olderReadCount,
      worstLagMs: this.#worstLagMs,
    };
  }

  #violationOf(read: DataRead, key: DataKey): DataViolation | undefined {
    const { version, path, invokedAtMs, isolate } = read;
    const { versions } = this.#floors;
    const overtakenAtMs = versions.overtakenAtMs(path, version);
    if (overtakenAtMs > invokedAtMs) return undefined;
    this.#olderReadCount += 1;
    const given = `${isolate} gave ${path} in version ${version} by ${read.by}`;
    if (read.by === "forced") {
      const what = `${given}, which was replaced before the call.`;
      return { rule: "forced-older", what, read };
    }
    // A write that is not purged yet ends values in its isolate, but no pages (rule 25 e).
    const told = read.by === "page" ? undefined : this.#floors.toldBefore(read);
    if (told !== undefined) {
      const what = `${given} after its own write of version ${told.version}.`;
      return { rule: "own-write", what, read };
    }
    for (const purge of this.#floors.above(read)) {
      const violation = this.#violationOfPurge(read, key, purge);
      if (violation !== undefined) return violation;
    }
    const agedMs = invokedAtMs - overtakenAtMs;
    if (agedMs <= key.livesMs + this.#history.originMsMax + storingMs) return undefined;
    const what = `${given}, ${Math.round(agedMs)} ms after that version was replaced.`;
    return { rule: "outlived", what, read };
  }

  #violationOfPurge(read: DataRead, key: DataKey, purge: DataPurge): DataViolation | undefined {
    const { mode, returnedAtMs } = purge;
    const afterMs = read.invokedAtMs - returnedAtMs;
    const mayBeStale = mode === "soft" && key.staleMs > 0;
    const isDue = this.#floors.isDue(purge, read, key);
    if (isDue === undefined) {
      if (!mayBeStale) this.#worstLagMs = Math.max(this.#worstLagMs, afterMs);
      return undefined;
    }
    const expected = this.#floors.versions.at(read.path, purge.sentAtMs);
    const what =
      `${read.isolate} gave ${read.path} in version ${read.version} by ${read.by} to a call that began ` +
      `${Math.round(afterMs)} ms after the answer to the ${mode} purge ${purge.id}, which ` +
      `${purge.isolate} was sent by ${purge.by} at version ${expected}.`;
    if (!mayBeStale) {
      return { rule: isDue === "here" ? "purged-here" : "purged-version", what, read, purge };
    }
    const isTooLate = afterMs > key.staleMs + this.#history.maxLagMs;
    const answer = { ...read, colo: read.place, variant: "" };
    if (!isTooLate && !this.#soft.isUnrefreshed(answer, key, purge)) return undefined;
    return { rule: "soft-purged-version", what, read, purge };
  }
}

/** Checks that only an answered append leads to an accepted purge. */
function unwritten({ purges, positions }: DataHistory): DataViolation[] {
  return purges.flatMap((purge) => {
    const { position, returnedAtMs, isolate, id } = purge;
    if (position === undefined || (positions.get(position) ?? Infinity) <= returnedAtMs) return [];
    const what = `${isolate} accepted purge ${id} at ${position} without an append.`;
    return [{ rule: "accepted-unwritten" as const, what, purge }];
  });
}

function notComingBack({ quietFromMs, reads, keys, places }: DataHistory): DataViolation[] {
  if (quietFromMs === undefined) return [];
  const found = new Set<string>();
  for (const { by, place, path, invokedAtMs } of reads) {
    const isLookUp = by === "get" || by === "fields";
    if (isLookUp && invokedAtMs >= quietFromMs) found.add(`${place} ${path}`);
  }
  const wanted = places.flatMap((place) => keys.map(({ path }) => `${place} ${path}`));
  return wanted
    .filter((each) => !found.has(each))
    .map((each) => ({ rule: "no-hit-after-quiet", what: `${each}: no hit after quiet.` }));
}

/**
 * Checks that increments count at most once: a number that was raised n times requires n increments
 * that may have raised it.
 */
function countedTwice({ counts, increments }: DataHistory): DataViolation[] {
  const tries = Map.groupBy(increments, ({ path }) => path);
  return counts.flatMap((count) => {
    const raised = raisedTo(count.value);
    if (raised.by === 0) return [];
    const mayHave = (tries.get(count.path) ?? []).filter((each) => mayHaveRaised(each, count));
    if (mayHave.length >= raised.by) return [];
    const what = `${count.path} was raised by ${raised.by}, and only ${mayHave.length} increments may have raised it.`;
    return [{ rule: "counted-twice" as const, what }];
  });
}

/** Splits a number into its starting number, in steps of `viewsStep`, and the increase. */
function raisedTo(value: number): { readonly from: number; readonly by: number } {
  return { from: Math.floor(value / viewsStep), by: value % viewsStep };
}

function mayHaveRaised({ invokedAtMs, value }: Increment, count: SeenCount): boolean {
  if (invokedAtMs > count.atMs) return false;
  if (value === undefined) return true;
  const { from, by } = raisedTo(value);
  const seen = raisedTo(count.value);
  return from === seen.from && by <= seen.by;
}
