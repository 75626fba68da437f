// How two checkouts compare, and in what this one is slower than it may be.
import { markdownTable, medianInterval } from "../load/figures.ts";
import { medianSaid, ratiosOf, spreadSaid, twoPlaces } from "../speed/report.ts";
import type { ContestFigures } from "../speed/rounds.ts";
import { beforeName, nowName } from "./contests.ts";
import type { ReportCounts } from "./systems.ts";

/** What the lower end of the interval may come to: less is slower than chance explains. */
export const ratioMin = 0.95;

const rates = { name: nowName, to: beforeName, figure: "rates" } as const;
const cpu = { ...rates, figure: "cpuUs" } as const;

/** Ratios are of two rounds that stand side by side: what the machine did meanwhile is in both. */
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

/**
 * Isolates report behind answers, a minute after they began at the earliest.
 *
 * @param isOff is the other Worker told to report nothing?
 * @returns a line that says whether what reports cost is in the ratios
 */
export function reportsSaid({ now, before }: ReportCounts, isOff: boolean): string {
  const sent = `Reports that were sent: now ${now}, before ${before}.`;
  if (!isOff || now > 0) return sent;
  return `${sent} None came due: only counting is in the ratios. Take more rounds.`;
}

/** @returns titles of the contests whose interval reaches below the bound */
export function tooSlow(measured: readonly ContestFigures[]): string[] {
  return measured.filter(isTooSlow).map(({ contest }) => contest.title);
}

function isTooSlow(figures: ContestFigures): boolean {
  const [lower] = medianInterval(ratiosOf(figures, rates));
  return lower < ratioMin;
}
