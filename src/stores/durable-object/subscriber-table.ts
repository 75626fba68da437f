// The states of the journal's subscribers, as a table of the journal's Durable Object.
import type { Sql } from "./counted-sql.ts";

export interface DatedStates {
  /** The text of each subscriber; empty if there is none. */
  readonly texts: readonly string[];
  /** The object's clock, in epoch milliseconds. */
  readonly atMs: number;
}

export interface ReplaceAsk {
  readonly name: string;
  /** The text to replace; empty if there is none. */
  readonly version: string;
  readonly text: string;
}

/** Each method must run in one transaction. The table must exist (`journal-schema.ts`). */
export class SubscriberTable {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  states({ names }: { readonly names: readonly string[] }, atMs: number): DatedStates {
    return { texts: names.map((name) => this.#textOf(name)), atMs };
  }

  /** Replaces a text, if it is the expected text. Returns whether the new text is stored. */
  replace({ name, version, text }: ReplaceAsk): boolean {
    const held = this.#textOf(name);
    if (held === text) return true;
    if (held !== version) return false;
    this.#sql.exec("INSERT OR REPLACE INTO subscribers VALUES (?, ?)", name, text);
    return true;
  }

  #textOf(name: string): string {
    const rows = this.#sql.exec("SELECT text FROM subscribers WHERE name = ?", name).toArray();
    const text = rows[0]?.["text"];
    return typeof text === "string" ? text : "";
  }
}
