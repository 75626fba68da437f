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
  const { kills } = run;
  const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const head =
    killed === 0
      ? "**While no isolate dies:**\n"
      : `**While isolates are killed:** ${killed} kills, ${kills["report not taken"]} before Redis received a report, ` +
        `${kills["report not answered"]} between a report's acceptance and its response. ` +
        `${counted(cutCount(run))} requests were cut off.\n`;
  const isTime = ({ group }: Figure) => group.startsWith("bucket");
  const [times, sums] = [figures.filter(isTime), figures.filter((figure) => !isTime(figure))];
  const groups = [...Map.groupBy(sums, ({ group }) => group)];
  const shown = groups.filter(([group, own]) => group === allRequests || !own.every(holds));
  const table = markdownTable(
    [
      "",
      "counted outside the Worker",
      "in the metrics",
      "missing",
      "may be missing",
      "figures that hold",
    ],
    [...shown.map(([group, own]) => groupRow(group, own)), allRow(groups.length, sums)],
  );
  return `${head}\n${table}${times.length === 0 ? "" : `\n${timesTable(times)}`}`;
}

const heldOf = (figures: readonly Figure[]) =>
  `${figures.filter(holds).length} of ${figures.length}`;

const allRow = (groupCount: number, figures: readonly Figure[]) => [
  `all ${groupCount} groups`,
  "",
  "",
  "",
  "",
  heldOf(figures),
];

function groupRow(group: string, figures: readonly Figure[]): string[] {
  const all = figures.filter(({ what }) => what === "all");
  // Each hit is in the figure of its own result, and in the figure of both results.
  const joint = figures.filter(({ what }) => what.includes(both));
  const summed = [all, joint, figures].find(({ length }) => length > 0) ?? [];
  // Metrics of different families are not added up.
  const isSum = !group.startsWith("families");
  const sum = (of: (figure: Figure) => number) =>
    isSum ? counted(summed.reduce((total, figure) => total + of(figure), 0)) : "";
  return [
    group,
    sum((figure) => figure.counted),
    sum((figure) => figure.told),
    sum((figure) => figure.counted - figure.told),
    sum((figure) => figure.counted - figure.min),
    heldOf(figures),
  ];
}

function timesTable(figures: readonly Figure[]): string {
  return markdownTable(
    [
      "99th percentiles",
      "in the same bucket as outside the Worker",
      "in the next bucket",
      "further away",
    ],
    [...Map.groupBy(figures, ({ group }) => group)].map(([group, own]) => {
      const apart = own.map(({ told, counted: outside }) => Math.abs(told - outside));
      const count = (isSo: (buckets: number) => boolean) => String(apart.filter(isSo).length);
      const metric = group.split(" ").at(-1) ?? "";
      return [
        `\`${metric}\`, ${own.length} of them`,
        count((buckets) => buckets === 0),
        count((buckets) => buckets === 1),
        count((buckets) => buckets > 1),
      ];
    }),
  );
}

export const failedLine = ({ group, what, told, counted: outside, min, max }: Figure): string =>
  `does not hold: ${group}, ${what}: the metrics have ${told}, the count outside the Worker is ${outside}, and ${min} to ${max} is allowed`;
