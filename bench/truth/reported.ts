// Compares all reports that Redis has accepted with the metrics. They must be equal even if
// isolates were killed, because every accepted report counts exactly once.
import { families } from "../../src/protocol/families.ts";
import { sumsIn } from "../../src/reports/sums-text.ts";
import type { Figure } from "./figure.ts";
import type { Scraped } from "./scraped.ts";

/** The families that readers add when they fold reports. */
const ofReaders = ["reports", "reportsLost"];

/** @param reports the sums of each report, as JSON */
export function reportedFigures(reports: readonly string[], scraped: Scraped): Figure[] {
  const said = new Map<string, number>();
  for (const report of reports) {
    for (const [series, count] of sumsIn(JSON.parse(report)) ?? []) {
      const [family = "", ...rest] = series.split("|");
      // Only count the durations of a histogram. Its `sum` is in seconds.
      if (rest.at(-1) !== "sum") said.set(family, (said.get(family) ?? 0) + count);
    }
  }
  const counted = Object.entries(families).filter(([name]) => !ofReaders.includes(name));
  return counted.flatMap(([name, { kind, name: metric }]) => {
    const told = scraped.sum(kind === "counter" ? metric : `${metric}_count`);
    const sum = said.get(name) ?? 0;
    if (told + sum === 0) return [];
    const group = "families, compared with the sum of all accepted reports";
    return [{ group, what: name, told, counted: sum, min: sum, max: sum }];
  });
}
