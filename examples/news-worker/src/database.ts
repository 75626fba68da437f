// The database, and a count of the queries that it gets: the count shows what the caches spare it.
import { env } from "cloudflare:workers";

let queryCount = 0;

/** Of this isolate, since it began. */
export const queriesSoFar = (): number => queryCount;

type Value = string | number | null;

/** @typeParam Row what the statement is known to select */
export async function rows<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
  queryCount += 1;
  const statement = env.DB.prepare(sql).bind(...values);
  return (await statement.all()).results as Row[];
}

export async function firstRow<Row>(sql: string, ...values: readonly Value[]): Promise<Row | null> {
  const [first] = await rows<Row>(sql, ...values);
  return first ?? null;
}
