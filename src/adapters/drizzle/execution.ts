// The cache of one execution of a query. Drizzle calls `get`, runs the query after a miss, and calls `put`.
import { sha256HexAtOnce } from "../../base/sha256.ts";
import type { Lookup } from "../../data/lookup-for-caller.ts";
import type { Namespace } from "../../data/namespace.ts";
import type { Key } from "../../data/value/data-key.ts";
import { copyOf } from "../../data/value/frozen.ts";
import { segmentOf } from "../library-key.ts";
import { tablesRead } from "./changes.ts";

export interface Query {
  readonly sql: string;
  readonly params: readonly unknown[];
  /** The class of the session, and whether one row is read: the form of a driver's result depends on both. */
  readonly form: string;
  /** The tag of `$withCache`. */
  readonly tag: string | undefined;
}

/** The lifetime that `$withCache({ config })` sets: `ex` and `px`, or its end since 1970, in seconds and milliseconds. */
type CacheConfig = Readonly<Partial<Record<"ex" | "px" | "exat" | "pxat", number>>>;

/** The dependencies of executions. */
export interface ExecutionPorts {
  readonly results: Namespace<unknown>;
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Returns whether the results of these tables, or with this tag, may be used and stored. */
  readonly mayUse: (tables: readonly string[], tag: string | undefined) => boolean;
  /** Logs the first error of a kind. */
  readonly tell: (kind: "looked up" | "stored", cause: unknown) => void;
  /** The transactions on the connection of all queries, which see their uncommitted rows. */
  readonly onConnection: { readonly begun: number; readonly open: { readonly size: number } };
}

/** Returns the cache, with the functions that Drizzle calls for a query. They never reject. */
export function executionCache(query: Query, ports: ExecutionPorts) {
  const { results, mayUse, tell, nowAtMs, afterAnswer, onConnection } = ports;
  const { sql, tag, form } = query;
  const key = keyOf(query);
  const transactions = onConnection.begun;
  let tables: readonly string[] = [];
  let start: Lookup<unknown>["startAfter"] | undefined;
  return {
    /** Returns a copy of the stored result, or notes the start of the query. */
    async get(_key: string, reported: readonly string[], _isTag: boolean, isByTables = false) {
      tables = isByTables ? tablesRead(sql, reported) : [];
      // No purge would cover such a result, for example that of a view.
      if (isByTables && reported.length === 0) return undefined;
      if (!mayUse(tables, tag) || onConnection.open.size > 0) return undefined;
      try {
        const { value, startAfter } = await results.lookUp(key, { tags: tables });
        if (value !== undefined && value !== null) return copyOf(value);
        start = startAfter;
      } catch (cause) {
        tell("looked up", cause);
      }
      return undefined;
    },

    /** Stores the result with the stamp from before the query. */
    async put(
      ...[, result, , , config]: [string, unknown, readonly string[], boolean, CacheConfig?]
    ) {
      if (start === undefined || result === undefined || result === null) return;
      if (transactions !== onConnection.begun || !mayUse(tables, tag)) return;
      const fresh = freshMsOf(config, nowAtMs());
      const options = { start, everywhere: false, tags: tables, fresh };
      // The call encodes the value at once, so the caller may change the rows meanwhile.
      const storing = results.set(key, reduced(result, form), options);
      const failed = (cause: unknown) => tell("stored", cause);
      const stored = storing.then(() => undefined, failed);
      afterAnswer(() => stored);
    },
  };
}

/** Returns a key for the query. Drizzle's own key would give one result to all queries with a tag. */
function keyOf({ sql, params, form, tag }: Query): Key {
  const digest = sha256HexAtOnce(`${JSON.stringify(params)}-${sql}`);
  return tag === undefined ? ["sql", form, digest] : ["tag", segmentOf(tag), form, digest];
}

/** Returns whether JSON tells all values of the parameter apart. The key is a digest of JSON. */
export function isExactInJson(param: unknown): boolean {
  if (typeof param === "number") return Number.isFinite(param);
  if (Array.isArray(param)) return param.every(isExactInJson);
  if (param === null || typeof param === "string" || typeof param === "boolean") return true;
  return param instanceof Date || param instanceof Uint8Array;
}

/** Returns the lifetime in milliseconds, below 1 or `NaN` if it is invalid; `undefined` for that of the namespace. */
function freshMsOf({ ex, px, exat, pxat }: CacheConfig = {}, nowAtMs: number): number | undefined {
  if (px !== undefined || ex !== undefined) return Math.floor(px ?? (ex ?? 0) * 1_000);
  if (pxat === undefined && exat === undefined) return undefined;
  return Math.floor((pxat ?? (exat ?? 0) * 1_000) - nowAtMs);
}

/** Returns the part of a driver's result from which Drizzle makes rows, without the driver's own classes. */
function reduced(result: unknown, form: string): unknown {
  if (form.startsWith("MySql2")) return [rowsOf((result as readonly unknown[])[0]), []];
  if (Array.isArray(result)) return rowsOf(result);
  const isObject = typeof result === "object" && result !== null && "rows" in result;
  return isObject ? { rows: rowsOf(result.rows) } : result;
}

/** Returns rows as arrays. A row of libsql is an object with hidden members for `length` and each column. */
function rowsOf(rows: unknown): unknown {
  if (!Array.isArray(rows)) return rows;
  return Array.from(rows as readonly unknown[], (row) => {
    if (typeof row !== "object" || row === null) return row;
    const isRow = Object.getOwnPropertyDescriptor(row, "length")?.enumerable === false;
    return isRow ? Array.from(row as ArrayLike<unknown>) : row;
  });
}
