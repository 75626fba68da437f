// Stands in for the module `cloudflare:workers` in recipes, with a D1 database in SQLite.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";

const database = new DatabaseSync(":memory:");
database.exec("CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT)");
database.exec("INSERT INTO products VALUES ('42', 'Boots')");

class Statement {
  readonly #sql: string;
  readonly #values: readonly SQLInputValue[];

  constructor(sql: string, values: readonly SQLInputValue[] = []) {
    this.#sql = sql;
    this.#values = values;
  }

  bind(...values: unknown[]): Statement {
    return new Statement(this.#sql, values as SQLInputValue[]);
  }

  async first(): Promise<Record<string, unknown> | null> {
    queries.count += 1;
    return database.prepare(this.#sql).get(...this.#values) ?? null;
  }
}

/** The number of queries. */
export const queries = { count: 0 };

export const env = { DB: { prepare: (sql: string) => new Statement(sql) } };

export const waitUntil = (_work: Promise<unknown>): void => undefined;
