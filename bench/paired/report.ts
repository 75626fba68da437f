// Compares the measured rates of two checkouts, and finds contests in which this checkout is too
// slow.
import { markdownTable, medianInterval } from "../load/figures.ts";
import { medianSaid, ratiosOf, spreadSaid, twoPlaces } from "../speed/report.ts";
import type { ContestFigures } from "../speed/rounds.ts";
import { beforeName, nowName } from "./contests.ts";

/** The smallest allowed lower end of the interval of now ÷ before. */
const ratioMin = 0.95;

const rates = { name: nowName, to: beforeName, figure: "rates" } as const;
const cpu = { ...rates, figure: "cpuUs" } as const;

/**
 * Formats the ratios. Each ratio compares two adjacent rounds, so that other load on the machine
 * affects both rounds.
 */
export function pairedTable(measured: readonly ContestFigures[]): string {
  const head = [
    "",
    "requests/s before",
    "requests/s now",
    "requests/s, now ÷ before",
    "CPU, now ÷ before",
    `lower end ≥ ${ratioMin}`,
  ];
  const whole = (value: number) => value.toFixed(0);
  const spread = ({ rows }: ContestFigures, name: string) =>
    spreadSaid(rows.find(({ row }) => row.name === name)?.rates ?? [], whole);
  const rows = measured.map((figures) => [
    figures.contest.title,
    spread(figures, beforeName),
    spread(figures, nowName),
    medianSaid(ratiosOf(figures, rates), twoPlaces),
    medianSaid(ratiosOf(figures, cpu), twoPlaces),
    isTooSlow(figures) ? "**no**" : "yes",
  ]);
  return markdownTable(head, rows);
}

/** @returns titles of the contests whose interval extends below the limit */
export function tooSlow(measured: readonly ContestFigures[]): string[] {
  return measured.filter(isTooSlow).map(({ contest }) => contest.title);
}

function isTooSlow(figures: ContestFigures): boolean {
  const [lower] = medianInterval(ratiosOf(figures, rates));
  return lower < ratioMin;
}
