// Formats the tables of the speed bench, in full and as in docs/performance.md.
import {
  counted,
  markdownTable,
  median,
  medianInterval,
  percent,
  quantile,
} from "../load/figures.ts";
import {
  bareName,
  byBrowser,
  constantName,
  defaultName,
  edgeName,
  honoName,
  memoryName,
  sharedName,
} from "./contests.ts";
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

export function contestTable(figures: ContestFigures): string {
  const { contest, rows } = figures;
  const bases = [constantName, bareName].filter((base) =>
    rows.some(({ row }) => row.name === base),
  );
  const saidOf = (base: string) => (base === bareName ? "the bare Worker" : "the constant");
  const head = [
    contest.title,
    "requests/s",
    "CPU per request, µs",
    ...bases.flatMap((base) => [`rate ÷ ${saidOf(base)}'s`, `CPU ÷ ${saidOf(base)}'s`]),
    "generator busy",
  ];
  const cells = ({ row: { name }, rates, cpuUs, generatorBusy }: RowFigures) => [
    name,
    spreadSaid(rates, counted),
    spreadSaid(cpuUs, counted),
    ...bases.flatMap((to) =>
      (["rates", "cpuUs"] as const).map((figure) =>
        name === to ? "1" : spreadSaid(ratiosOf(figures, { name, to, figure }), twoPlaces),
      ),
    ),
    percent(median(generatorBusy)),
  ];
  return markdownTable(head, rows.map(cells));
}

const short = (title: string): string =>
  title.replace("A hit of ", "").replace(byBrowser, ", browser");

/** Returns the contests of hits and 304s that docs/performance.md shows. */
export function documentedContests(measured: readonly ContestFigures[]): readonly ContestFigures[] {
  const titles = ["A hit of 10 KiB", "A hit of 1 MiB", "304 to `If-None-Match`"];
  return measured.filter(({ contest }) => titles.includes(contest.title));
}

/** Formats the medians of the hits and 304s, for the documentation. At 10 MiB, the edge hit is that of the default configuration. */
export function hitsTable(measured: readonly ContestFigures[], figure: Figure): string {
  const contests = measured.filter(({ contest }) => contest.kind !== "miss");
  const systems = [constantName, bareName, memoryName, edgeName, sharedName];
  const cell = ({ rows }: ContestFigures, name: string): string => {
    const isOf = (given: string) => given === name || (given === defaultName && name === edgeName);
    const values = rows.find(({ row }) => isOf(row.name))?.[figure] ?? [];
    return values.length === 0 ? unknown : counted(median(values));
  };
  const head = figure === "rates" ? "requests/s" : "CPU per request, µs";
  return markdownTable(
    [head, ...contests.map(({ contest }) => short(contest.title))],
    systems.map((name) => [name].concat(contests.map((figures) => cell(figures, name)))),
  );
}

/** Formats the medians of the misses, without hono/cache, which is like the bare Worker. */
export function missesTable({ contest, rows }: ContestFigures): string {
  const cells = ({ row, rates, cpuUs }: RowFigures) => [
    row.name,
    counted(median(rates)),
    cpuUs.length === 0 ? unknown : counted(median(cpuUs)),
  ];
  const shown = rows.filter(({ row }) => row.name !== honoName);
  return markdownTable([contest.title, "requests/s", "CPU per request, µs"], shown.map(cells));
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Formats the latencies of misses, with those through a relay that delays writes. */
export function missTimesTable(times: MissTimes): string {
  const { directMs, stored } = times;
  return (
    `${missTimesOf(times.rows)}\nThe origin's median of all rounds is ${spreadSaid(directMs, ms)}. One miss with the ` +
    `delaying relay: the response took ${ms(stored.answeredMs)}, and was in Redis after ${ms(stored.storedMs)}.\n`
  );
}

/** Formats the latencies of misses without a relay and without hono/cache, for the documentation. */
export function plainMissTimesTable(times: MissTimes): string {
  const leftOut = [relayName, slowName, honoName];
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

function missTimesOf(rows: MissTimes["rows"]): string {
  return markdownTable(
    ["A miss, origin 50 ms away", "p50", "p90", "adds to the origin's median"],
    rows.map(({ name, tookMs, addedMs }, at) => [
      name,
      ms(quantile(tookMs, 0.5)),
      ms(quantile(tookMs, 0.9)),
      at === 0 ? unknown : spreadSaid(addedMs, ms),
    ]),
  );
}
