// Formats the tables of the truth bench: a row for all requests, and for each group that does not hold.
import { counted, markdownTable } from "../load/figures.ts";
import { type Figure, holds } from "./figure.ts";
import { allRequests, both } from "./judged.ts";
import type { TruthRun, TruthSettings } from "./run.ts";
import { coloCount } from "./site-plan.ts";
import { cutCount } from "./untold.ts";

export interface Part {
  readonly settings: TruthSettings;
  readonly run: TruthRun;
  readonly figures: readonly Figure[];
}

export function documented(
  parts: readonly Part[],
  { command, machine }: { command: string; machine: string },
): string {
  const [first] = parts;
  if (first === undefined) throw new Error("No part was run.");
  const { requestCount, perSecond, seed } = first.settings;
  const said = `    ${command}\n\n${counted(requestCount)} requests, ${perSecond} a second, to ${coloCount} colos; seed ${seed}. ${machine}.\n`;
  return [said, ...parts.map(partText)].join("\n");
}

function partText({ run, figures }: Part): string {
  const killed = Object.values(run.kills).reduce((sum, count) => sum + count, 0);
  const head =
    killed === 0
      ? "**While no isolate dies:**\n"
      : `**While isolates are killed:** ${killed} kills. ${counted(cutCount(run))} requests were cut off.\n`;
  // `failedLine` reports the percentiles that do not hold.
  const sums = figures.filter(({ group }) => !group.startsWith("bucket"));
  const groups = [...Map.groupBy(sums, ({ group }) => group)];
  const shown = groups.filter(([group, own]) => group === allRequests || !own.every(holds));
  const table = markdownTable(
    ["", "counted outside the Worker", "in the metrics", "figures that hold"],
    [...shown.map(([group, own]) => groupRow(group, own)), ["all metrics", "", "", heldOf(sums)]],
  );
  return `${head}\n${table}`;
}

const heldOf = (figures: readonly Figure[]) =>
  `${figures.filter(holds).length} of ${figures.length}`;

function groupRow(group: string, figures: readonly Figure[]): string[] {
  const all = figures.filter(({ what }) => what === "all");
  // Each hit is in the figure of its own result, and in the figure of both results.
  const joint = figures.filter(({ what }) => what.includes(both));
  const summed = [all, joint, figures].find(({ length }) => length > 0) ?? [];
  // Metrics of different families are not added up.
  const isSum = !group.startsWith("families");
  const sum = (of: (figure: Figure) => number) =>
    isSum ? counted(summed.reduce((total, figure) => total + of(figure), 0)) : "";
  return [group, sum((figure) => figure.counted), sum((figure) => figure.told), heldOf(figures)];
}

export const failedLine = ({ group, what, told, counted: outside, min, max }: Figure): string =>
  `does not hold: ${group}, ${what}: the metrics have ${told}, the count outside the Worker is ${outside}, and ${min} to ${max} is allowed`;
