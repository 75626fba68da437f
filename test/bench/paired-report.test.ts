// Tests the comparison of two checkouts. The interval of their ratios within rounds decides whether
// one is slower.
import { expect, it } from "vitest";
import { beforeName, contestsOf, nowName } from "../../bench/paired/contests.ts";
import { pairedTable, tooSlow } from "../../bench/paired/report.ts";
import type { ContestFigures } from "../../bench/speed/rounds.ts";

const system = { runtimes: [] };
const [contest] = contestsOf({ now: system, before: system });

/** Returns the figures of twelve rounds. In every second round, the machine is half as fast. */
function figuresOf(ratios: readonly number[]): ContestFigures[] {
  if (contest === undefined) throw new Error("There is no contest.");
  const speeds = Array.from({ length: 12 }, (_, round) => (round % 2 === 0 ? 1_000 : 500));
  const ratesByName: Readonly<Record<string, readonly number[]>> = {
    [nowName]: speeds.map((speed, round) => speed * (ratios[round % ratios.length] ?? 1)),
    [beforeName]: speeds,
  };
  const rows = contest.rows.map((row) => ({
    row,
    rates: ratesByName[row.name] ?? [],
    cpuUs: [],
  }));
  return [{ contest, rows }];
}

it.each([
  { id: "the same", ratios: [1], slower: false },
  { id: "at the limit", ratios: [0.95], slower: false },
  { id: "below the limit", ratios: [0.949], slower: true },
  { id: "faster", ratios: [1.2], slower: false },
  { id: "slow in a sixth of the rounds", ratios: [1, 1, 1, 1, 1, 0.5], slower: false },
  { id: "slow in a third of the rounds", ratios: [1, 1, 0.5], slower: true },
])("`tooSlow` compares the ratios with the limit: $id", ({ ratios, slower }) => {
  const measured = figuresOf(ratios);
  expect(tooSlow(measured)).toEqual(slower ? ["memory hit, 10 KiB"] : []);
  expect(pairedTable(measured)).toContain(slower ? "| **no** |" : "| yes |");
});
