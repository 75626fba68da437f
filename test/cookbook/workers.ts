// Stands in for the module `cloudflare:workers` in recipes: variables, and a D1 database in SQLite.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { sinkSchema } from "../../src/sinks.ts";

const database = new DatabaseSync(":memory:");
database.exec(sinkSchema({ of: "sqlite" }));
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

  async all() {
    queries.count += 1;
    return { results: database.prepare(this.#sql).all(...this.#values) };
  }

  async first(): Promise<Record<string, unknown> | null> {
    return (await this.all()).results[0] ?? null;
  }
}

/** The number of queries. */
export const queries = { count: 0 };

export const env = {
  DB: {
    prepare: (sql: string) => new Statement(sql),
    batch: (statements: Statement[]) => Promise.all(statements.map((one) => one.all())),
  },
  UPSTASH_REDIS_REST_URL: "",
  UPSTASH_REDIS_REST_TOKEN: "",
};

export const waitUntil = (_work: Promise<unknown>): void => undefined;
