// Creates a D1 binding over HTTP, so that a Node process and the Workers use the same database.
import type { D1Binding } from "../../../src/write-behind/sinks/d1-sink.ts";

interface SentStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** @param place the caller's name, by which the database can fail its batches */
export function remoteD1(url: string, place: string): D1Binding {
  const ask = async (kind: "read" | "batch", statements: readonly SentStatement[]) => {
    const body = JSON.stringify(statements);
    const response = await fetch(`${url}/${kind}?by=${place}`, { method: "POST", body });
    const text = await response.text();
    if (response.status !== 200) throw new Error("D1_ERROR: the database has failed.");
    return JSON.parse(text) as unknown[][];
  };
  const statement = (sql: string, values: readonly unknown[]) => ({
    sql,
    values,
    bind: (...bound: unknown[]) => statement(sql, bound),
    all: async () => ({ results: (await ask("read", [{ sql, values }]))[0] ?? [] }),
  });
  return {
    prepare: (sql) => statement(sql, []),
    batch: async (statements) => ask("batch", statements),
  };
}
