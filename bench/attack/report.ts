// Formats the tables of the attack bench: all figures for the terminal, and one table for the page.
import { counted, markdownTable } from "../load/figures.ts";
import { type Calm, type Judged, judged } from "./demands.ts";
import { type Pace, type Row, saidFaults } from "./row.ts";
import { originMs, restRttMs } from "./site.ts";

interface Circumstances {
  readonly machine: string;
  readonly pace: Pace;
}

/** Returns the part of the page: figures of the attacks that miss a demand, and the number of the others. */
export function pageReport(rows: readonly Row[], calm: Calm, circumstances: Circumstances): string {
  const attacked = rows
    .filter(({ attack }) => attack !== undefined)
    .map((row) => ({ row, figures: judged(row, calm) }));
  const [met, missed] = [true, false].map((isMet) =>
    attacked.filter(({ figures }) => (figures.broken.length === 0) === isMet),
  );
  return joined([
    setUpSaid(calm, circumstances),
    markdownTable(
      ["attack with a missed demand", ...figureNames, "missed demand"],
      missed?.map(({ row, figures }) =>
        [nameOf(row), figureCells(row, figures), figures.broken.join(", ")].flat(),
      ) ?? [],
    ),
    `${met?.length ?? 0} other attacks meet all demands. \`bench/attack/attacks.ts\` describes them.`,
  ]);
}

const figureNames = ["honest p99 ÷ calm p99", "added origin requests", "added commands"];

function figureCells(row: Row, { p99Ratio, originBeyondCalm, commandsEach }: Judged): string[] {
  if (row.assault === undefined) return [p99Ratio.toFixed(2), "–", "–"];
  const originEach = originBeyondCalm / Math.max(1, row.assault.sentCount);
  return [p99Ratio, originEach, commandsEach].map((figure) => figure.toFixed(2));
}

function setUpSaid(calm: Calm, { machine, pace }: Circumstances): string {
  const { seconds, honestPerSecond } = pace;
  return (
    `${machine}; ${seconds} s for each row; ${honestPerSecond} honest requests a second; ` +
    `the origin answers after ${originMs} ms, and Redis after ${restRttMs} ms. ` +
    `Calm: p99 ${ms(calm.p99Ms)}, p99 of hits ${ms(calm.hitP99Ms)}.`
  );
}

const joined = (parts: readonly string[]): string =>
  parts.map((part) => part.trimEnd()).join("\n\n");

/** Returns the figures of all rows, for the terminal. */
export function report(rows: readonly Row[], calm: Calm, circumstances: Circumstances): string {
  const all = rows.map((row) => ({ row, figures: judged(row, calm) }));
  return joined([
    setUpSaid(calm, circumstances),
    markdownTable(
      ["attack", ...figureNames, "errors", "demands met"],
      all.map(({ row, figures }) => {
        const faults = saidFaults(row.honest.faults);
        return [nameOf(row), figureCells(row, figures), faults, holds(row, figures)].flat();
      }),
    ),
  ]);
}

const nameOf = ({ attack }: Row): string => attack?.said ?? "none";

function holds({ attack }: Row, { broken }: Judged): string {
  if (broken.length === 0) return attack === undefined ? "–" : "yes";
  const what = broken.join(", ");
  const why = attack?.limiterNeeded;
  return why === undefined ? `**no**: ${what}` : `with a rate limiter: ${what}. ${why}`;
}

const ms = (value: number): string => `${value < 100 ? value.toFixed(1) : counted(value)} ms`;
