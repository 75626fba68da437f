// Runs the queries of docs/analytics-engine.md in SQLite over generated data points, and checks
// that each column means what the document says.
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { addDuration, type Sums } from "../../../../src/observe/sums.ts";
import type { DataPoint } from "../../../../src/observe/reports/reports.ts";
import { takenAsPoints } from "../../../../src/parts/operate/reports/data-points.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";

const queries = [
  ...readFileSync("docs/analytics-engine.md", "utf8").matchAll(/```sql\n(.*?)```/gs),
].map(([, sql = ""]) =>
  sql.replaceAll(/\bif\(/g, "iif(").replaceAll("NOW() - INTERVAL '1' DAY", "0"),
);

const named = (kind: string) => Array.from({ length: 20 }, (_, at) => `${kind}${at + 1}`);

function databaseOf(points: readonly DataPoint[]): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  const columns = ["timestamp", "_sample_interval", "index1", ...named("blob"), ...named("double")];
  database.exec(`CREATE TABLE tidemark (${columns.join(", ")})`);
  const places = columns.map(() => "?").join(", ");
  const insert = database.prepare(`INSERT INTO tidemark VALUES (${places})`);
  const filled = <T>(values: readonly T[], rest: T) =>
    Array.from({ length: 20 }, (_, at) => values[at] ?? rest);
  for (const { indexes, blobs, doubles } of points) {
    insert.run(1, 2, indexes[0] ?? "", ...filled(blobs, ""), ...filled(doubles, 0));
  }
  return database;
}

it("returns what docs/analytics-engine.md says for each of its queries", () => {
  const sums: Sums = new Map([
    ["requests|all|hit|memory", 6],
    ["requests|all|stale-hit|edge", 2],
    ["requests|all|stored|origin", 2],
    ["requests|all|passed|origin", 5],
    ["requests|all|limited|none", 5],
    ["requests|api|stored|origin", 1],
  ]);
  for (const took of [30, 900, 1_000, 1_100]) addDuration(sums, "originSeconds|all", took);
  addDuration(sums, "originSeconds|api", 70_000);
  const place = { namespace: "tidemark", colo: "HAM" };
  const database = databaseOf([
    ...takenAsPoints(sums, { ...noGauges, lagMs: 5, lagWorstMs: 40 }, place),
    ...takenAsPoints(new Map(), { ...noGauges, lagMs: 9, lagWorstMs: 9 }, place),
    ...takenAsPoints(new Map([["requests|all|hit|memory", 99]]), noGauges, {
      ...place,
      namespace: "another",
    }),
  ]);
  // SQLite's rows have no prototype, so `toEqual` needs copies.
  const answers = queries.map((sql) => structuredClone(database.prepare(sql).all()));
  expect(answers).toEqual([
    [
      { route: "api", hit_rate: 0 },
      { route: "all", hit_rate: 0.8 },
    ],
    [{ colo: "HAM", worst_lag_ms: 40 }],
  ]);
});
