// A row represents one change for the sink's SQL, which receives the rows as a JSON array of
// objects.
import { mayHold, type Place } from "./place.ts";
import type { Add, Put } from "./sink.ts";
import { storedText } from "./stored-text.ts";

export interface Row {
  readonly key: string;
  /** The amount to add, or the newest value; `null` removes the key's value. */
  readonly value: number | string | null;
  /** Whether to ignore the database's present value. */
  readonly isNew: boolean;
}

/** Converts changes. Omits those whose keys the column cannot hold. */
export function rowsOf(place: Place, changes: readonly (Add | Put)[]): readonly Row[] {
  return changes.filter(({ key }) => mayHold(place, key)).map(rowOf);
}

function rowOf(change: Add | Put): Row {
  const key = storedText(change.key);
  if ("by" in change) return { key, value: saturated(change.by), isNew: change.isReset };
  return { key, value: change.value === null ? null : storedText(change.value), isNew: true };
}

function saturated(by: number): number {
  if (!Number.isInteger(by)) throw new RangeError(`${by} is not a whole number.`);
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, by));
}

/** Returns whether the key has no value after this change. */
export function isRemoval({ value, isNew }: Row): boolean {
  return isNew && (value === null || value === 0);
}
