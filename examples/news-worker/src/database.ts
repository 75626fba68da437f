// Sends queries to the database, and counts them. The count shows which queries the caches save.
import { env } from "cloudflare:workers";

let queryCount = 0;

/** Returns the number of queries of this isolate since its start. */
export const queriesSoFar = (): number => queryCount;

type Value = string | number | null;

/** @typeParam Row the row that the statement selects */
export async function rows<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
  queryCount += 1;
  const statement = env.DB.prepare(sql).bind(...values);
  return (await statement.all()).results as Row[];
}

export async function firstRow<Row>(sql: string, ...values: readonly Value[]): Promise<Row | null> {
  const [first] = await rows<Row>(sql, ...values);
  return first ?? null;
}
