// Tests the demands of the speed bench, which are judged by medians of ratios within a round.
import { expect, it } from "vitest";
import { bareName, constantName, memoryName, type Row } from "../../bench/speed/contests.ts";
import { demandsTable, missedDemands } from "../../bench/speed/demands.ts";
import { ratiosOf } from "../../bench/speed/report.ts";
import type { ContestFigures, RowFigures } from "../../bench/speed/rounds.ts";
import { type MissTimes, tidemarkName } from "../../bench/speed/miss-times.ts";

function figuresOf(
  name: string,
  { rates, cpuUs }: Pick<RowFigures, "rates" | "cpuUs">,
): RowFigures {
  const row: Row = {
    name,
    system: { runtimes: [] },
    page: "/",
    headers: {},
    status: 200,
    said: "",
    asksOrigin: false,
    connections: 1,
  };
  return { row, rates, cpuUs };
}

const contestOf = (rows: readonly RowFigures[]): ContestFigures => ({
  contest: { kind: "hit", title: "A hit of 10 KiB", rows: rows.map(({ row }) => row) },
  rows,
});

/** In the second round, the machine is half as fast. */
const bare = figuresOf(bareName, { rates: [100, 50, 100], cpuUs: [50, 100, 50] });
const constant = figuresOf(constantName, { rates: [400, 200, 400], cpuUs: [10, 20, 10] });
const memory = (factor: number) =>
  figuresOf(memoryName, {
    rates: [factor * 100, factor * 50, factor * 100],
    cpuUs: [13, 26, 13],
  });

const line = (table: string, said: string): string =>
  table.split("\n").find((one) => one.includes(said)) ?? "";

it("`ratiosOf` takes ratios within a round, so that a slow round affects both systems", () => {
  const figures = contestOf([constant, bare, memory(4)]);
  const asked = { name: memoryName, to: bareName, figure: "rates" } as const;
  expect(ratiosOf(figures, asked)).toEqual([4, 4, 4]);
});

it.each([
  { id: "at-the-bound", factor: 4, holds: "yes" },
  { id: "below-the-bound", factor: 3.99, holds: "**no**" },
])("`demandsTable` judges a demand: $id", ({ factor, holds }) => {
  const table = demandsTable([contestOf([constant, bare, memory(factor)])], undefined);
  expect(line(table, `${memoryName} ÷ ${bareName}`)).toContain(`| ${holds} |`);
});

it("`demandsTable` shows the interval of the median, and judges by the median", () => {
  const title = "A hit of 1 MiB";
  const rates = Array.from({ length: 25 }, (_, at) => (at < 13 ? 90 : 110));
  const rows = [
    figuresOf(bareName, { rates: rates.map(() => 100), cpuUs: [] }),
    figuresOf(memoryName, { rates, cpuUs: [] }),
  ];
  const contest = { kind: "hit", title, rows: rows.map(({ row }) => row) } as const;
  const said = line(demandsTable([{ contest, rows }], undefined), title);
  expect(said).toContain("≥ 1 | 0.90 (0.90–1.10) | **no** |");
});

it("`demandsTable` judges a miss by the time that it adds to the origin's", () => {
  const times: MissTimes = {
    directMs: [50, 100],
    rows: [{ name: tidemarkName, tookMs: [56, 111], addedMs: [10.5, 21] }],
  };
  const said = line(demandsTable([], times), "A miss adds");
  expect(said).toContain("11.0 % (11.0 %–11.0 %) | **no** |");
});

it("`missedDemands` shows only the demands that do not hold", () => {
  const missed = missedDemands([contestOf([constant, bare, memory(3)])], undefined);
  expect(missed).toContain(`${memoryName} ÷ ${bareName} | ≥ 4 | 3.00 (3.00–3.00) |`);
  expect(missed).not.toContain(`| A hit of 10 KiB: CPU of ${memoryName} ÷ ${constantName}`);
});

it("`missedDemands` counts a demand that was not measured as missed", () => {
  expect(missedDemands([], undefined)).toMatch(/met 0 of 17 bounds/);
});
