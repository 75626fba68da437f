// Keeps a Durable Object of records within its size. Clients choose the keys, so the object deletes
// the records that clients have requested least.
import { pausedFromRatio, tightFromRatio } from "../../redis/database-room.ts";
import type { ObjectState } from "./journal-object.ts";

type Sql = ObjectState["storage"]["sql"];

/** A record's name and times. `noted`: when it was written, or when a later request was noted. */
interface Row {
  readonly key: string;
  readonly until: number;
  readonly noted: number;
  /** 1 once the record was requested after its first write, else 0. */
  readonly isAsked: number;
}

/** The number of writes between two sweeps, and the rows that a sweep checks, in the order of keys. */
const [writesPerSweep, rowsPerSweep] = [64, 512];
/** A write deletes a part of the rows of each sample, and takes as many samples at most. */
const [rowsPerSample, rowsPerEviction, samplesMax, vainSamplesMax] = [64, 16, 128, 4];
/** Requested records are spared while a larger part of the sample was never requested again. */
const newRowsMin = rowsPerSample / 8;
/** How long a tight object keeps a record that is never requested again. */
const onceMsMax = 3_600_000;
/** A younger `set` stays, because a load that began earlier may still arrive (rule 28 c). */
const settledMsMin = 600_000;
/** An object that has evicted a record counts as full for this time. */
const fullMs = 600_000;
/** The bytes to free once SQLite finds no space: twice the largest row. */
const freedBytes = 4_194_304;
const dayMs = 86_400_000;

const dayOf = (atMs: number) => Math.floor(atMs / dayMs);

export class RecordsRoom {
  readonly #sql: Sql;
  /** The configured size of the object, which each call states. */
  limitBytes = Infinity;
  /** The keys of records that were read. */
  readonly #toNote = new Set<string>();
  #writeCount = 0;
  #evictedAtMs = -Infinity;
  /** The last key that was checked; empty to start over. */
  #checkedTo = "";

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Whether the object evicts records, by the given clock. */
  isFull(atMs: number): boolean {
    return atMs - this.#evictedAtMs < fullMs;
  }

  get #isTight(): boolean {
    return this.#sql.databaseSize >= tightFromRatio * this.limitBytes;
  }

  /** Sweeps if due, and evicts records until the written bytes fit. Never evicts the written key. */
  beforeWrite(key: string, bytes: number, atMs: number): number {
    this.#writeCount += 1;
    if (this.#writeCount % writesPerSweep === 0) this.#sweep(atMs);
    return this.#evict(pausedFromRatio * this.limitBytes - bytes, atMs, key);
  }

  /** Frees space after SQLite has found none. */
  afterFull(atMs: number): void {
    this.#evict(this.#sql.databaseSize - freedBytes, atMs);
  }

  /** Takes a read of a record to note: at most one a day, and only in a tight object. */
  wasRead(key: string, row: Readonly<Record<string, unknown>>, atMs: number): void {
    const { isAsked, noted } = row as unknown as Row;
    const isNew = isAsked === 0 || dayOf(noted) < dayOf(atMs);
    if (isNew && this.#isTight) this.#toNote.add(key);
  }

  get isNoteDue(): boolean {
    return this.#toNote.size > 0;
  }

  /** Notes the reads. */
  note(atMs: number): void {
    const keys = [...this.#toNote];
    this.#toNote.clear();
    for (const key of keys)
      this.#sql.exec("UPDATE records SET isAsked = 1, noted = ? WHERE key = ?", atMs, key);
  }

  /** Deletes expired records, and in a tight object those that were not requested again in time. */
  #sweep(atMs: number): void {
    const rows = this.#next(rowsPerSweep);
    const [first = "", last = ""] = [rows[0]?.key, rows.at(-1)?.key];
    this.#sql.exec(
      `DELETE FROM records WHERE key BETWEEN ? AND ?
       AND (until <= ? OR isAsked = 0 AND noted <= ?)`,
      first,
      last,
      atMs,
      this.#isTight ? atMs - onceMsMax : -1,
    );
  }

  /** Evicts records until the object has at most the given size. Returns how many had not expired. */
  #evict(bytesMax: number, atMs: number, written?: string): number {
    let [count, vainCount] = [0, 0];
    for (let taken = 0; taken < samplesMax && vainCount < vainSamplesMax; taken += 1) {
      if (this.#sql.databaseSize <= bytesMax) break;
      const rows = leastOf(this.#sample(), atMs).filter(({ key }) => key !== written);
      vainCount = rows.length === 0 ? vainCount + 1 : 0;
      for (const { key, until } of rows) {
        if (this.#sql.databaseSize <= bytesMax) break;
        this.#sql.exec("DELETE FROM records WHERE key = ?", key);
        if (until > atMs) count += 1;
      }
    }
    if (count > 0) this.#evictedAtMs = atMs;
    return count;
  }

  /** Reads as many rows as a sample has, because the oldest of a few rows may be new. */
  #sample(): readonly Row[] {
    const rows = this.#next(rowsPerSample);
    const missing = rowsPerSample - rows.length;
    const more = missing > 0 ? this.#next(missing) : [];
    return [...new Map([...rows, ...more].map((row) => [row.key, row])).values()];
  }

  /** Reads the next rows. After the last row, the first one follows. */
  #next(count: number): readonly Row[] {
    const rows = this.#sql
      .exec(
        "SELECT key, until, noted, isAsked FROM records WHERE key > ? ORDER BY key LIMIT ?",
        this.#checkedTo,
        count,
      )
      .toArray() as unknown as readonly Row[];
    this.#checkedTo = rows.length < count ? "" : (rows.at(-1)?.key ?? "");
    return rows;
  }
}

/**
 * Returns the rows of a sample to evict. Expired rows come first, then rows that were never
 * requested again, oldest first, then requested rows by the day of the last request.
 */
function leastOf(sample: readonly Row[], atMs: number): readonly Row[] {
  const once = sample.filter(({ isAsked, until }) => isAsked === 0 || until <= atMs);
  const rows = once.length >= newRowsMin ? once : sample;
  return rows
    .filter(({ isAsked, noted }) => isAsked === 0 || noted <= atMs - settledMsMin)
    .toSorted((one, other) => ageOf(one, atMs) - ageOf(other, atMs))
    .slice(0, rowsPerEviction);
}

function ageOf({ isAsked, noted, until }: Row, atMs: number): number {
  if (until <= atMs) return 0;
  return isAsked === 0 ? noted : dayOf(noted) * dayMs;
}
