// The journal and the switch as SQLite tables of one Durable Object.
import { namesOf } from "../../purge/journal/target-names.ts";
import type { EntryId } from "../../purge/journal/entry.ts";
import {
  type Epoch,
  epochIn,
  type EpochRange,
  epochSize,
  shortNames,
} from "../../purge/journal/epoch.ts";
import type { PlaceState } from "../../purge/journal/journal.ts";
import { releasedBy } from "../../purge/journal/purge-target.ts";
import type {
  AppendReply,
  AppendAsk,
  CheckAsk,
  JournalCheck,
  JournalPage,
  Limits,
  MarkAsk,
  ObjectEntry,
  PostAsk,
  PostReply,
  ReadAsk,
  StoredEntry,
  StoredSwitch,
} from "./journal-calls.ts";
import type { Sql } from "./counted-sql.ts";

/**
 * The maximum number of places, and their maximum age: a little over a year, which is the longest
 * lifetime of a record. A stamp is known while its place is kept.
 */
const placesMax = 1_000_000;
const placeMsMax = 400 * 86_400_000;

/** The number of appends between two deletions of old places. */
const appendsPerSweep = 1_000;

/** A row of `entries`. */
export interface Row {
  readonly number: number;
  readonly ms: number;
  readonly sequence: number;
  readonly n: string;
  readonly request: string;
  readonly fields: string | null;
}

/** Each method must run in one transaction. The tables must exist (`journal-schema.ts`). */
export class JournalTables {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Reads the newest entries, or all entries after a place. */
  read({ after, countMax, charsMax }: ReadAsk): JournalPage {
    const switched = this.switched();
    if (after === undefined) {
      const entries = this.#newest({ countMax, charsMax });
      return { isJoined: true, entries, switched, released: this.#released };
    }
    if (this.#stateOf(after) !== "standing") return { isJoined: false, entries: [], switched };
    const { number = 0 } = this.#rowOf(after.n) ?? {};
    const size = this.#first(
      `SELECT count(*) AS count, total(length(fields)) AS chars FROM
         (SELECT fields FROM entries WHERE number > ? AND fields IS NOT NULL ORDER BY number LIMIT ?)`,
      [number, countMax + 1],
    );
    const isJoined = Number(size?.["count"]) <= countMax && Number(size?.["chars"]) <= charsMax;
    return { isJoined, entries: isJoined ? this.#from(number + 1) : [], switched };
  }

  /** Reads whether a place was trimmed or dropped, and the newest entry up to its position. */
  check({ place, keptCount, ...limits }: CheckAsk): JournalCheck {
    const [ms = 0, sequence = 0] = place.position.split("-").map(Number);
    const [upTo] = this.#rows(
      `SELECT * FROM entries WHERE number > ? AND fields IS NOT NULL
       AND (ms < ? OR ms = ? AND sequence <= ?) ORDER BY number DESC LIMIT 1`,
      [(this.last?.number ?? 0) - keptCount, ms, ms, sequence],
    );
    const isTrimmed = this.#stateOf(place) === "trimmed" || this.#isDropped(place);
    return { ...this.read(limits), upTo: upTo && storedEntry(upTo), isTrimmed };
  }

  standing({ places }: { readonly places: readonly EntryId[] }): readonly PlaceState[] {
    return places.map((place) => this.#stateOf(place));
  }

  /** Appends entries, unless this request has appended them before. */
  append({ request, entries, keptCount, after, ...limits }: AppendAsk, atMs: number): AppendReply {
    const range = [`${request} `, `${request}!`];
    const places = this.#rows(
      "SELECT * FROM entries WHERE request >= ? AND request < ?",
      range,
    ).map(placeOf);
    if (places.length === 0) {
      for (const entry of entries) places.push(this.#append(entry, { request, keptCount, atMs }));
    }
    return { places, since: after && this.read({ after, ...limits }) };
  }

  /** Appends a mark, or does so only if the journal is empty. Reads the newest entries. */
  mark({ onlyIfEmpty, ...ask }: MarkAsk, atMs: number): JournalPage {
    if (!onlyIfEmpty || this.last === undefined) this.append(ask, atMs);
    return this.read({ countMax: ask.countMax, charsMax: ask.charsMax });
  }

  switched(): StoredSwitch | undefined {
    const stored = this.#first("SELECT post, position, n, bypass FROM switch");
    return stored as StoredSwitch | undefined;
  }

  get #released(): StoredEntry | undefined {
    const text = this.#first("SELECT entry FROM released WHERE id = 1")?.["entry"];
    return typeof text === "string" ? (JSON.parse(text) as StoredEntry) : undefined;
  }

  /** Stores a post and appends its entry, if the switch names the post to replace. */
  post({ replaces, post, bypass, ...ask }: PostAsk, atMs: number): PostReply {
    const current = this.switched();
    if (current?.post === post) return { place: { position: current.position, n: current.n } };
    if ((current?.post ?? "") !== replaces) return { current };
    const [place] = this.append(ask, atMs).places;
    if (place === undefined) return { current };
    const row = [post, place.position, place.n, bypass];
    this.#rows("INSERT OR REPLACE INTO switch VALUES (1, ?, ?, ?, ?)", row);
    return { place };
  }

  /** Returns epochs, oldest first; null for one without its first entry. */
  epochs({ first, last }: EpochRange): readonly (Epoch | null)[] {
    const rows = this.#rows(
      "SELECT number, n, request FROM entries WHERE number BETWEEN ? AND ? ORDER BY number",
      [first * epochSize + 1, (last + 1) * epochSize],
    );
    const oldest = rows[0]?.number ?? 0;
    return Array.from({ length: last - first + 1 }, (_, at) => {
      const before = (first + at) * epochSize + 1 - oldest;
      const own = before < 0 ? [] : rows.slice(before, before + epochSize);
      if (own.length === 0) return null;
      return epochIn(own.map(({ n, request }) => ({ n, names: request.split(" ")[1] ?? "?" })));
    });
  }

  /** Reads kept entries for operators: after a position, or the newest, newest first. */
  shown({ after, count }: { readonly after?: string | undefined; readonly count: number }) {
    if (after === undefined) return this.#newest({ countMax: count }).toReversed();
    const [ms = 0, sequence = 0] = after.split("-").map(Number);
    const rows = this.#rows(
      `SELECT * FROM entries WHERE fields IS NOT NULL AND (ms > ? OR ms = ? AND sequence > ?)
       ORDER BY number LIMIT ?`,
      [ms, ms, sequence, count],
    );
    return rows.map(storedEntry);
  }

  /** Returns the number of kept entries, and the oldest. */
  extent() {
    const [oldest] = this.#rows(
      "SELECT * FROM entries WHERE fields IS NOT NULL ORDER BY number LIMIT 1",
    );
    if (oldest === undefined) return { count: 0, oldest: null };
    // Numbers have no gaps, because each entry has the number after the last one.
    const count = (this.last?.number ?? 0) - oldest.number + 1;
    return { count, oldest: placeOf(oldest).position };
  }

  #append(
    { n: text, fields, tags, prefixes }: ObjectEntry,
    { request, keptCount, atMs }: { request: string; keptCount: number; atMs: number },
  ): EntryId {
    const last = this.last;
    const number = (last?.number ?? 0) + 1;
    const ms = Math.max(atMs, last?.ms ?? 0);
    const sequence = ms === last?.ms ? last.sequence + 1 : 0;
    const n = `${text}.${number}`;
    const noted = `${request} ${shortNames(namesOf({ tags, prefixes }))}`;
    const row = { number, ms, sequence, n, request: noted, fields: JSON.stringify(fields) };
    const values = [number, ms, sequence, n, noted, row.fields];
    this.#rows("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", values);
    if (releasedBy({ tags, prefixes }) !== undefined) {
      const entry = JSON.stringify(storedEntry(row));
      this.#rows("INSERT OR REPLACE INTO released VALUES (1, ?)", [entry]);
    }
    this.#rows(
      `UPDATE entries SET fields = NULL, request = substr(request, instr(request, ' '))
       WHERE number = ?`,
      [number - keptCount],
    );
    if (number % appendsPerSweep === 0) this.#sweep(number, atMs);
    return { position: `${ms}-${sequence}`, n };
  }

  /** Drops old places. */
  #sweep(number: number, atMs: number): void {
    this.#rows("DELETE FROM entries WHERE number <= ?", [number - placesMax]);
    this.#rows(
      `DELETE FROM entries WHERE fields IS NULL AND number <
         (SELECT number FROM entries WHERE ms >= ? ORDER BY number LIMIT 1)`,
      [atMs - placeMsMax],
    );
  }

  /** Returns the newest entries within the limits, oldest first. */
  #newest({ countMax, charsMax = Number.MAX_SAFE_INTEGER }: Partial<Limits>) {
    const first = this.#first(
      `SELECT min(number) AS number FROM
         (SELECT number, sum(length(fields)) OVER (ORDER BY number DESC) AS chars FROM
           (SELECT * FROM entries WHERE fields IS NOT NULL ORDER BY number DESC LIMIT ?))
       WHERE chars <= ?`,
      [countMax ?? -1, charsMax],
    );
    return typeof first?.["number"] === "number" ? this.#from(first["number"]) : [];
  }

  #from(number: number): readonly StoredEntry[] {
    const rows = this.#rows(
      "SELECT * FROM entries WHERE number >= ? AND fields IS NOT NULL ORDER BY number",
      [number],
    );
    return rows.map(storedEntry);
  }

  #stateOf(place: EntryId): PlaceState {
    const row = this.#rowOf(place.n);
    if (row === undefined || placeOf(row).position !== place.position) return "gone";
    return row.fields === null ? "trimmed" : "standing";
  }

  /** Returns whether a place is one of those that sweeps drop, for room or because of its age. */
  #isDropped({ position, n }: EntryId): boolean {
    const { last } = this;
    const number = numberIn(n);
    if (last === undefined || number === 0 || number > last.number) return false;
    const isOld = Number(position.split("-")[0]) < last.ms - placeMsMax;
    return isOld || number <= last.number - placesMax;
  }

  #rowOf(n: string): Row | undefined {
    const number = numberIn(n);
    return this.#rows("SELECT * FROM entries WHERE number = ? AND n = ?", [number, n])[0];
  }

  get last(): Row | undefined {
    return this.#rows("SELECT * FROM entries ORDER BY number DESC LIMIT 1")[0];
  }

  #rows(query: string, bindings: readonly (string | number)[] = []): readonly Row[] {
    return this.#sql.exec(query, ...bindings).toArray() as unknown as Row[];
  }

  #first(query: string, bindings: readonly (string | number)[] = []) {
    return this.#sql.exec(query, ...bindings).toArray()[0];
  }
}

/** Returns the number in an `n`; 0 if it has none. */
function numberIn(n: string): number {
  return Number(/\.(\d+)$/.exec(n)?.[1] ?? 0);
}

function placeOf({ ms, sequence, n }: Row): EntryId {
  return { position: `${ms}-${sequence}`, n };
}

/** Returns an entry in the form of a reply of XRANGE, which `entriesOf` decodes. */
function storedEntry(row: Row): StoredEntry {
  const fields = JSON.parse(row.fields ?? "[]") as string[];
  return [placeOf(row).position, ["n", row.n, ...fields]];
}
