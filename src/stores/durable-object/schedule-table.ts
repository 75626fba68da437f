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
   * Drops what the schedule need not keep, and returns why it refuses an entry; `undefined` if it
   * takes it.
   */
  prepare(
    scheduled: ScheduleChange,
    given: { readonly chars: number; readonly nowMs: number },
  ): ScheduleRefusal | undefined {
    for (const line of scheduledLines(this.texts)) {
      if (isOver(line, given.nowMs)) this.#sql.exec("DELETE FROM scheduled WHERE id = ?", line.id);
    }
    return scheduleRefusal(scheduled, this.texts, given);
  }

  /** Notes the entry of a scheduled purge, unless the table has a later state. */
  note(scheduled: ScheduleChange, entry: StoredEntry): void {
    const { id, state } = scheduled;
    const held = scheduledLines(this.texts).find((line) => line.id === id);
    if (!supersedes(state, held?.state)) return;
    const text = scheduledText(scheduled, entry);
    this.#sql.exec("INSERT OR REPLACE INTO scheduled VALUES (?, ?)", id, text);
  }
}
