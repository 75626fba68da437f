// A change as a sink's SQL gets it: one object of a JSON list.
import { mayHold, type Place } from "./place.ts";
import type { Add, Put } from "./sink.ts";
import { storedText } from "./stored-text.ts";

export interface Row {
  readonly key: string;
  /** What is added, or the newest value; `null` if there is to be none. */
  readonly value: number | string | null;
  /** What the database holds does not count. */
  readonly isAnew: boolean;
}

/** Without those for which the place has no row. */
export function rowsOf(place: Place, changes: readonly (Add | Put)[]): readonly Row[] {
  return changes.filter(({ key }) => mayHold(place, key)).map(rowOf);
}

function rowOf(change: Add | Put): Row {
  const key = storedText(change.key);
  if ("by" in change) return { key, value: saturated(change.by), isAnew: change.isReset };
  return { key, value: change.value === null ? null : storedText(change.value), isAnew: true };
}

function saturated(by: number): number {
  if (!Number.isInteger(by)) throw new RangeError(`${by} is no whole number.`);
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, by));
}

/** After such a change the database holds nothing for the key. */
export function isRemoval({ value, isAnew }: Row): boolean {
  return isAnew && (value === null || value === 0);
}
