// The reports of a site's isolates, as tables of a Durable Object of their own, and its hot keys.
import { listsMax, recentMs, standingMax } from "../../observe/reports/report-store.ts";
import type { FoldAsk, JournalCalls, StoredEntry } from "./journal-calls.ts";
import type { Sql } from "./counted-sql.ts";

/** Parts of the totals' text, of at most four bytes a character. */
const partForm = /.{1,400000}/gsu;

/** Each method must run in one transaction. The tables must exist (`journal-schema.ts`). */
export class ReportTables {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Appends a report. Returns the number of reports; -1 if there were more than `standingMax`. */
  add({ fields }: JournalCalls["report"][0], atMs: number): number {
    const [totals] = this.#rows("SELECT folded FROM totals WHERE id = 1");
    const folded = Number(totals?.["folded"] ?? 0);
    const [last] = this.#rows("SELECT number FROM reports ORDER BY number DESC LIMIT 1");
    const number = Number(last?.["number"] ?? folded) + 1;
    // Numbers have no gaps, because a fold removes the oldest reports.
    const standing = number - 1 - folded;
    if (standing > standingMax) return -1;
    this.#rows("INSERT INTO reports VALUES (?, ?, ?)", number, atMs, JSON.stringify(fields));
    return standing + 1;
  }

  /** Reads the totals and the oldest reports. */
  state({ count }: { readonly count: number }): JournalCalls["reports"][1] {
    const rows = this.#rows("SELECT * FROM reports ORDER BY number LIMIT ?", count);
    return { totals: this.#text, page: rows.map(storedReport) };
  }

  /** Replaces the totals, and deletes the reports that they include. */
  fold({ version, firstId, lastId, text }: FoldAsk): boolean {
    const held = /^(\d+\.[\w-]+) /.exec(this.#text ?? "")?.[1] ?? "";
    const [first] = this.#rows("SELECT * FROM reports ORDER BY number LIMIT ?", 1);
    const lastNumber = Number(lastId.split("-")[1]);
    const [last] = this.#rows("SELECT * FROM reports WHERE number = ?", lastNumber);
    if (held !== version || first === undefined || last === undefined) return false;
    if (storedReport(first)[0] !== firstId || storedReport(last)[0] !== lastId) return false;
    const parts = text.match(partForm) ?? [];
    for (const [at, part] of parts.entries()) {
      this.#rows("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", at + 1, lastNumber, part);
    }
    this.#rows("DELETE FROM totals WHERE id > ?", parts.length);
    this.#rows("DELETE FROM reports WHERE number <= ?", lastNumber);
    return true;
  }

  addHotKeys({ list }: { readonly list: string }, atMs: number): boolean {
    const [last] = this.#rows("SELECT number FROM hot_keys ORDER BY number DESC LIMIT 1");
    const number = Number(last?.["number"] ?? 0) + 1;
    this.#rows("INSERT INTO hot_keys VALUES (?, ?, ?)", number, atMs, list);
    this.#rows("DELETE FROM hot_keys WHERE number <= ?", number - listsMax);
    return true;
  }

  /** Returns the lists of the last two minutes, newest first. */
  hotKeys(nowAtMs: number): string[] {
    const rows = this.#rows("SELECT ms, list FROM hot_keys ORDER BY number DESC LIMIT ?", listsMax);
    const recent = rows.filter(({ ms }) => Math.abs(nowAtMs - Number(ms)) <= recentMs);
    return recent.map(({ list }) => String(list));
  }

  get #text(): string | null {
    const parts = this.#rows("SELECT text FROM totals ORDER BY id");
    return parts.length === 0 ? null : parts.map(({ text }) => String(text)).join("");
  }

  #rows(query: string, ...bindings: (string | number)[]) {
    return this.#sql.exec(query, ...bindings).toArray();
  }
}

/** Returns a report in the form of a reply of XRANGE, which `reportsIn` decodes. */
function storedReport(row: Readonly<Record<string, unknown>>): StoredEntry {
  return [`${Number(row["ms"])}-${Number(row["number"])}`, JSON.parse(String(row["fields"]))];
}
