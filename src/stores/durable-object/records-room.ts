// Keeps a Durable Object of records within its size (docs/degradation.md#durable-objects). Clients
// choose the keys, so the object drops what clients request least.
import { pausedFromRatio, tightFromRatio } from "../../remote/redis/database-room.ts";
import type { SizedSql } from "./counted-sql.ts";

/** `noted`: when the row was written, or its last noted request. `isAsked`: 1 after a second request. */
export interface RowTimes {
  readonly noted: number;
  readonly isAsked: number;
}

interface Row extends RowTimes {
  readonly key: string;
  readonly until: number;
}

/** The rows that each write checks, and the rows of a sample, some of which an eviction deletes. */
const [rowsPerWrite, rowsPerSample, rowsPerEviction] = [8, 64, 16];
/** The samples that a write takes at most, and the samples in a row in which it finds nothing. */
const [samplesMax, vainSamplesMax] = [128, 4];
/** Requested rows are evicted once fewer rows of a sample were not requested again. */
const newRowsMin = rowsPerSample / 8;
/** The time after which a tight object drops a row that was not requested again. */
const onceMsMax = 3_600_000;
/** A younger `set` stays, because an older load may still arrive (rule 28 c). */
const settledMsMin = 600_000;
/** The time for which an object counts as full after an eviction. */
const fullMs = 600_000;
const dayMs = 86_400_000;

const dayOf = (atMs: number) => Math.floor(atMs / dayMs);

export class RecordsRoom {
  readonly #sql: SizedSql;
  /** The configured size, which each call states. */
  limitBytes = Infinity;
  #evictedAtMs = -Infinity;
  /** The last key that was checked; empty to start over. */
  #checkedTo = "";

  constructor(sql: SizedSql) {
    this.#sql = sql;
  }

  isFull(atMs: number): boolean {
    return atMs - this.#evictedAtMs < fullMs;
  }

  /** Whether the object drops rows that nobody requested again. */
  get isTight(): boolean {
    return this.#sql.databaseSize >= tightFromRatio * this.limitBytes;
  }

  /** Notes a request for a row: once a day, and only in a tight object. */
  note(key: string, { isAsked, noted }: RowTimes, atMs: number): void {
    if ((isAsked === 1 && dayOf(noted) >= dayOf(atMs)) || !this.isTight) return;
    this.#sql.exec("UPDATE records SET isAsked = 1, noted = ? WHERE key = ?", atMs, key);
  }

  /** Drops old rows among the next ones, and evicts rows until a row of the given size fits. */
  beforeWrite(key: string, bytes: number, atMs: number): void {
    const onceUntilMs = this.isTight ? atMs - onceMsMax : -Infinity;
    for (const row of this.#next(rowsPerWrite)) {
      const isOld = row.until <= atMs || (row.isAsked === 0 && row.noted <= onceUntilMs);
      if (isOld && row.key !== key) this.#delete(row.key);
    }
    this.evict(pausedFromRatio * this.limitBytes - bytes, atMs, key);
  }

  /** Evicts rows, but not the row of `written`, until the object has at most the given size. */
  evict(bytesMax: number, atMs: number, written?: string): void {
    const fits = () => this.#sql.databaseSize <= bytesMax;
    for (let [taken, vain] = [0, 0]; taken < samplesMax && vain < vainSamplesMax; taken += 1) {
      if (fits()) return;
      const rows = leastOf(this.#sample(), atMs).filter(({ key }) => key !== written);
      vain = rows.length === 0 ? vain + 1 : 0;
      for (const { key, until } of rows) {
        if (fits()) return;
        this.#delete(key);
        if (until > atMs) this.#evictedAtMs = atMs;
      }
    }
  }

  #delete(key: string): void {
    this.#sql.exec("DELETE FROM records WHERE key = ?", key);
  }

  /** Also reads the first rows after the last one, because the oldest of a few rows may be new. */
  #sample(): readonly Row[] {
    const rows = this.#next(rowsPerSample);
    const first = rows.length < rowsPerSample ? this.#next(rowsPerSample - rows.length) : [];
    return [...new Map([...rows, ...first].map((row) => [row.key, row])).values()];
  }

  /** Reads the next rows in the order of keys. A call after the last row starts over. */
  #next(count: number): readonly Row[] {
    const query =
      "SELECT key, until, noted, isAsked FROM records WHERE key > ? ORDER BY key LIMIT ?";
    const rows: Row[] = this.#sql.exec(query, this.#checkedTo, count).toArray() as never;
    this.#checkedTo = rows.length < count ? "" : (rows.at(-1)?.key ?? "");
    return rows;
  }
}

/** Returns the rows of a sample to evict first, the least useful first. */
function leastOf(sample: readonly Row[], atMs: number): readonly Row[] {
  const once = sample.filter(({ isAsked, until }) => isAsked === 0 || until <= atMs);
  const rows = once.length >= newRowsMin ? once : sample;
  // Requests are noted once a day, so the time of day says nothing.
  const ageOf = ({ isAsked, noted, until }: Row) =>
    until <= atMs ? 0 : isAsked === 0 ? noted : dayOf(noted) * dayMs;
  return rows
    .filter(({ isAsked, noted }) => isAsked === 0 || noted <= atMs - settledMsMin)
    .toSorted((one, other) => ageOf(one) - ageOf(other))
    .slice(0, rowsPerEviction);
}
