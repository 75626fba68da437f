// The schedule as a table of the journal's Durable Object (docs/purge-protocol-special.md, rule 30).
import {
  isOver,
  type ScheduleChange,
  scheduledLines,
  scheduledText,
  scheduleRefusal,
  type ScheduleRefusal,
  supersedes,
} from "../../purge/journal/scheduled.ts";
import type { StoredEntry } from "./journal-calls.ts";
import type { Sql } from "./last-purges.ts";

/** Each method must run in one transaction. The table must exist (`journal-schema.ts`). */
export class ScheduleTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The text of each scheduled purge (`scheduledText`). */
  get texts(): readonly string[] {
    return this.#sql
      .exec("SELECT text FROM scheduled")
      .toArray()
      .map(({ text }) => String(text));
  }

  /**
   * Returns why the schedule refuses an entry. If it takes it, drops what it need not keep, and returns
   * `undefined`.
   */
  prepare(
    scheduled: ScheduleChange,
    given: { readonly bytes: number; readonly nowMs: number },
  ): ScheduleRefusal | undefined {
    const { texts } = this;
    const why = scheduleRefusal(scheduled, texts, given);
    if (why !== undefined) return why;
    for (const line of scheduledLines(texts)) {
      if (isOver(line, given.nowMs)) this.#sql.exec("DELETE FROM scheduled WHERE id = ?", line.id);
    }
    return undefined;
  }

  /** Notes the entry of a scheduled purge, unless the table has a later state. */
  note(scheduled: ScheduleChange, entry: StoredEntry): void {
    const { id, state } = scheduled;
    const [row] = this.#sql.exec("SELECT text FROM scheduled WHERE id = ?", id).toArray();
    const [held] = scheduledLines([row?.["text"]]);
    if (!supersedes(state, held?.state)) return;
    const text = scheduledText(scheduled, entry);
    this.#sql.exec("INSERT OR REPLACE INTO scheduled VALUES (?, ?)", id, text);
  }
}
