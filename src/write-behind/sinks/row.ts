// A row is one change, encoded for SQL. Statements receive rows as a JSON array of objects.
import { mayHold, type SinkTable } from "./sink-table.ts";
import type { Add, Put } from "./sink.ts";

export interface Row {
  readonly key: string;
  /** The amount to add, or the newest value; `null` removes the key's value. */
  readonly value: number | string | null;
  /** Whether the value replaces the value in the database. */
  readonly isNew: boolean;
}

/** Converts changes to rows. Omits changes whose keys the column cannot hold. */
export function rowsOf(place: SinkTable, changes: readonly (Add | Put)[]): readonly Row[] {
  return changes.filter(({ key }) => mayHold(place, key)).map(rowOf);
}

function rowOf(change: Add | Put): Row {
  const { key } = change;
  if ("by" in change) return { key, value: saturated(change.by), isNew: change.isReset };
  return { key, value: change.value, isNew: true };
}

function saturated(by: number): number {
  if (!Number.isInteger(by)) throw new RangeError(`${by} is not a whole number.`);
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, by));
}

/** Returns whether the key has no value after this change. */
export function isRemoval({ value, isNew }: Row): boolean {
  return isNew && (value === null || value === 0);
}

/** Half of D1's limit for one value. */
const pieceBytesMax = 1_000_000;

/** Encodes rows as JSON arrays, each of which fits into a value of D1. */
export function pieces(rows: readonly Row[]): readonly string[] {
  const encoder = new TextEncoder();
  const made: string[][] = [];
  let pieceBytes = Infinity;
  for (const row of rows.map((one) => JSON.stringify(one))) {
    const rowBytes = encoder.encode(row).byteLength + 1;
    pieceBytes += rowBytes;
    if (pieceBytes > pieceBytesMax) {
      made.push([]);
      pieceBytes = rowBytes;
    }
    made.at(-1)?.push(row);
  }
  return made.map((piece) => `[${piece.join(",")}]`);
}
