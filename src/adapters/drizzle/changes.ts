// The tables that queries read and statements change, and the changes whose purge the journal has not accepted yet.
import { isWithinMs } from "../../base/elapsed.ts";
import { pause } from "../../base/timeouts.ts";
import type { PortsOfSets } from "../../compose/data-beside-pages.ts";

const baseName = Symbol.for("drizzle:BaseName");
const schemaName = Symbol.for("drizzle:Schema");

export class Changes {
  readonly tables = new Set<string>();
  /** Those of `$withCache({ tag })`. */
  readonly tags = new Set<string>();

  get isEmpty(): boolean {
    return this.tables.size + this.tags.size === 0;
  }

  add({ tables, tags }: Changes): void {
    for (const table of tables) this.tables.add(table);
    for (const tag of tags) this.tags.add(tag);
  }

  /** @param table its name, or a table of Drizzle */
  addTable(table: string | object): void {
    if (typeof table === "string") {
      this.tables.add(table);
      return;
    }
    const { [baseName]: name, [schemaName]: schema } = table as Record<symbol, string | undefined>;
    if (name === undefined) return;
    this.tables.add(name);
    // Drizzle names the schema in PostgreSQL alone.
    if (schema !== undefined) this.tables.add(`${schema}.${name}`);
  }
}

/** The argument of `onMutate` and `$cache.invalidate`. */
export interface MutationOrder {
  /** Those of `$withCache({ tag })`. */
  readonly tags?: string | readonly string[] | undefined;
  readonly tables?: string | object | readonly (string | object)[] | undefined;
}

export function changesOf({ tags = [], tables = [] }: MutationOrder): Changes {
  const changes = new Changes();
  for (const tag of [tags].flat()) changes.tags.add(tag);
  for (const table of [tables].flat()) changes.addTable(table);
  return changes;
}

const part = '(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[\\w$]+)';
const named = `(${part}(?:\\s*\\.\\s*${part})*)`;
const reading = new RegExp(`\\b(?:from|join)\\s+${named}`, "giu");
const changing = new RegExp(
  `\\b(?:insert\\s+(?:ignore\\s+)?into|update|delete\\s+from)\\s+${named}`,
  "iu",
);

/**
 * Returns the tables that a query reads: those that Drizzle reports, and names after `from` and `join`, because
 * Drizzle reports no tables of subqueries in `where` and of common table expressions. Other names after these words do
 * no harm.
 */
export function tablesRead(sql: string, reported: readonly string[]): string[] {
  const names = new Set(reported);
  for (const [, name = ""] of sql.matchAll(reading))
    for (const one of namesIn(name)) names.add(one);
  return [...names];
}

/** Returns the tables that a statement changes: also by their names in SQL, to which an application may add a prefix. */
export function tablesChanged(sql: string, reported: readonly string[]): Changes {
  const [, name = ""] = changing.exec(sql) ?? [];
  const changes = new Changes();
  for (const table of [...reported, ...(name === "" ? [] : namesIn(name))]) changes.addTable(table);
  return changes;
}

/** Returns the name with its schema, and without. */
function namesIn(written: string): string[] {
  const parts = written.match(new RegExp(part, "gu")) ?? [];
  const names = parts.map((name) => name.replaceAll(/^["`]|["`]$/g, ""));
  return [...new Set([names.join("."), names.at(-1) ?? ""])];
}

const refusal =
  "The journal did not accept the purge of changed tables: other isolates may answer with older results until it does.";
/** 15 s in total, because background work may last only 30 s, and attempts also take time. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
/** After this time without an attempt, the next query or change continues, because the runtime may have ended the attempts. */
const silenceMsMax = 15_000;

/**
 * Repeats refused purges. Meanwhile, this isolate neither uses nor stores results of the tables.
 *
 * @param purge rejects if the purge is not accepted
 */
export function unpurgedTables(
  purge: (changes: Changes) => Promise<void>,
  ports: () => Pick<PortsOfSets, "nowAtMs" | "afterAnswer">,
  tell: (level: "info" | "warn", message: string) => void,
) {
  let pending = new Changes();
  let refusals = 0;
  let triedAtMs = -Infinity;

  async function repeat(): Promise<void> {
    for (const pauseMs of pausesMs) {
      await pause(pauseMs);
      triedAtMs = ports().nowAtMs();
      const before = refusals;
      const isAccepted = await purge(pending).then(
        () => true,
        () => false,
      );
      // The purge may be from before a change that was refused meanwhile.
      if (!isAccepted || before !== refusals) continue;
      pending = new Changes();
      triedAtMs = -Infinity;
      return tell("info", "The journal has accepted the purges of all changed tables.");
    }
  }

  function takeUp(): void {
    const { nowAtMs, afterAnswer } = ports();
    if (isWithinMs(silenceMsMax, triedAtMs, nowAtMs())) return;
    triedAtMs = nowAtMs();
    afterAnswer(repeat);
  }

  return {
    add(changes: Changes): void {
      if (pending.isEmpty) tell("warn", refusal);
      refusals += 1;
      pending.add(changes);
      takeUp();
    },

    holds(tables: readonly string[], tag: string | undefined): boolean {
      if (pending.isEmpty) return false;
      takeUp();
      const { tables: held, tags } = pending;
      return tables.some((table) => held.has(table)) || (tag !== undefined && tags.has(tag));
    },
  };
}
