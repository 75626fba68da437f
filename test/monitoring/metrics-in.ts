// The names of all metrics and alerts, and of the metrics in a text of queries.
import { readFileSync } from "node:fs";
import { families } from "../../src/protocol/families.ts";
import { gauges } from "../../src/observe/reports/scrape.ts";

const gaugesOfParts = ["tidemark_outward_lag_seconds"];

export const metricNames = [
  ...[...Object.values(families), ...gauges].map(({ name }) => name),
  ...gaugesOfParts,
];

export const rules = readFileSync("monitoring/alerts.yml", "utf8");

/** Each alert of `monitoring/alerts.yml` by its name, with its text. */
export const alerts = rules
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text) => ({ alert: text.slice(0, text.indexOf("\n")), text }));

/** @returns each metric once. A histogram has no suffix `_bucket`, `_sum` or `_count` */
export function metricsIn(queries: string): string[] {
  const names = queries.match(/\btidemark_\w+/g) ?? [];
  return [
    ...new Set(names.map((name) => name.replace(/_seconds_(?:bucket|sum|count)$/, "_seconds"))),
  ];
}
