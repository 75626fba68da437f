// Formats the tables of the speed bench, in full and as in docs/performance.md.
import { counted, markdownTable, median, medianInterval, quantile } from "../load/figures.ts";
import { bareName, byBrowser, constantName, edgeName, memoryName, sharedName } from "./contests.ts";
import { type MissTimes, relayName, slowName } from "./miss-times.ts";
import type { ContestFigures, RowFigures } from "./rounds.ts";

type Figure = "rates" | "cpuUs";

/**
 * Returns the ratio of one row's figure to another row's figure for each round, so that other load
 * on the machine affects both. Returns an empty array if one of the figures is unknown.
 */
export function ratiosOf(
  { rows }: ContestFigures,
  { name, to, figure }: { name: string; to: string; figure: Figure },
): number[] {
  const of = (wanted: string) => rows.find(({ row }) => row.name === wanted)?.[figure] ?? [];
  const base = of(to);
  if (base.length === 0) return [];
  return of(name).map((value, round) => value / (base[round] ?? 0));
}

const unknown = "–";

type Said = (value: number) => string;

/** Formats the median and the quartiles. */
export function spreadSaid(values: readonly number[], said: Said): string {
  return rangeSaid(values, [quantile(values, 0.25), quantile(values, 0.75)], said);
}

/** Formats the median and its 95 % confidence interval. */
export function medianSaid(values: readonly number[], said: Said): string {
  return rangeSaid(values, medianInterval(values), said);
}

function rangeSaid(values: readonly number[], range: readonly [number, number], said: Said) {
  if (values.length === 0) return unknown;
  return `${said(median(values))} (${range.map(said).join("–")})`.replaceAll("-", "−");
}

export const twoPlaces = (value: number): string => value.toFixed(2);

const short = (title: string): string => title.replace("A hit of ", "");

/** Formats the medians of the hits without a browser's fields, and of the 304s. */
export function hitsTable(measured: readonly ContestFigures[], figure: Figure): string {
  const contests = measured.filter(
    ({ contest }) => contest.kind !== "miss" && !contest.title.endsWith(byBrowser),
  );
  const systems = [constantName, bareName, memoryName, edgeName, sharedName];
  const cell = ({ rows }: ContestFigures, name: string): string => {
    const values = rows.find(({ row }) => row.name === name)?.[figure] ?? [];
    return values.length === 0 ? unknown : counted(median(values));
  };
  const head = figure === "rates" ? "requests/s" : "CPU per request, µs";
  return markdownTable(
    [head, ...contests.map(({ contest }) => short(contest.title))],
    systems.map((name) => [name].concat(contests.map((figures) => cell(figures, name)))),
  );
}

/** Formats the medians of the misses. */
export function missesTable({ contest, rows }: ContestFigures): string {
  const cells = ({ row, rates, cpuUs }: RowFigures) => [
    row.name,
    counted(median(rates)),
    cpuUs.length === 0 ? unknown : counted(median(cpuUs)),
  ];
  return markdownTable([contest.title, "requests/s", "CPU per request, µs"], rows.map(cells));
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Formats the latencies of misses without the relay. */
export function plainMissTimesTable(times: MissTimes): string {
  const leftOut = [relayName, slowName];
  return markdownTable(
    ["A miss, origin 50 ms away", "p50", "adds to the origin's median"],
    times.rows
      .filter(({ name }) => !leftOut.includes(name))
      .map(({ name, tookMs, addedMs }, at) => [
        name,
        ms(quantile(tookMs, 0.5)),
        at === 0 ? unknown : spreadSaid(addedMs, ms),
      ]),
  );
}
