// Formats the tables of the attack bench: all figures for the terminal, and one table for the page.
import { counted, markdownTable, percent } from "../load/figures.ts";
import { type Calm, type Judged, judged } from "./demands.ts";
import { type Pace, type Row, saidFaults } from "./row.ts";
import { crowdedMs, originMs, restRttMs } from "./site.ts";

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
      [
        "attack with a missed demand",
        "honest p99 ÷ calm p99",
        "added origin requests",
        "added Redis commands",
        "missed demand",
      ],
      missed?.map(({ row, figures }) => pageCells(row, figures)) ?? [],
    ),
    `${met?.length ?? 0} other attacks meet all demands. \`bench/attack/attacks.ts\` describes them.`,
  ]);
}

function pageCells(row: Row, figures: Judged): string[] {
  const { p99Ratio, originBeyondCalm, commandsEach, broken } = figures;
  const originEach = originBeyondCalm / Math.max(1, row.assault?.sentCount ?? 0);
  const each = [p99Ratio, originEach, commandsEach].map((figure) => figure.toFixed(2));
  return [nameOf(row), ...each, broken.join(", ")];
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

/** Returns all figures. */
export function report(rows: readonly Row[], calm: Calm, circumstances: Circumstances): string {
  const { attackPerSecond } = circumstances.pace;
  const all = rows.map((row) => ({ row, figures: judged(row, calm) }));
  const attacked = all.filter(({ row }) => row.attack !== undefined);
  return joined([
    setUpSaid(calm, circumstances),
    markdownTable(
      ["attack", "honest p50", "honest p99", "÷ calm", "p99 of hits", "errors", "demands met"],
      all.map(({ row, figures }) => honestCells(row, figures)),
    ),
    markdownTable(
      [
        "attack",
        "requests a second",
        "sent",
        "statuses",
        "origin requests",
        "beyond calm",
        "Redis commands for each",
        "by command",
      ],
      attacked.map(({ row, figures }) => attackCells(row, figures, attackPerSecond)),
    ),
    markdownTable(
      [
        "attack",
        "MiB before",
        "MiB at most",
        "runtime's CPU, of one core",
        "CPU ms for an attacker's request",
        "all cores busy",
        "by other programs",
      ],
      all.map(({ row, figures }) => machineCells(row, figures)),
    ),
    ...all.flatMap(({ row }) => alsoHits(row)),
    ...all.flatMap(({ row, figures }) => crowdsSaid(row, figures)),
    ...all.flatMap(({ row, figures }) => reasonOf(row, figures)),
  ]);
}

const nameOf = ({ attack }: Row): string => attack?.said ?? "none";

function honestCells(row: Row, figures: Judged): string[] {
  const { p50Ms, p99Ms, p99Ratio, hitP99Ms, errorCount } = figures;
  const errors = errorCount === 0 ? "0" : saidFaults(row.honest.faults);
  const ratio = p99Ratio.toFixed(2);
  return [nameOf(row), ms(p50Ms), ms(p99Ms), ratio, ms(hitP99Ms), errors, holds(row, figures)];
}

function holds({ attack }: Row, { broken }: Judged): string {
  if (broken.length === 0) return attack === undefined ? "–" : "yes";
  const what = broken.join(", ");
  return attack?.limiterNeeded === undefined ? `**no**: ${what}` : `with a rate limiter: ${what}`;
}

function attackCells(
  { attack, assault, originRequests }: Row,
  figures: Judged,
  attackPerSecond: number,
): string[] {
  const { originBeyondCalm, commandsEach, commandsEachByName } = figures;
  const statuses = Array.from(assault?.statuses ?? []).toSorted(([a], [b]) => a - b);
  const left = assault?.notSentCount ?? 0;
  return [
    attack?.name ?? "",
    String((attack?.rateShare ?? 0) * attackPerSecond),
    counted(assault?.sentCount ?? 0) +
      (left === 0 ? "" : ` (${counted(left)} more were not sent in time)`),
    statuses.map(([status, count]) => `${status || "none"}: ${counted(count)}`).join(", "),
    counted(originRequests),
    counted(originBeyondCalm),
    commandsEach.toFixed(2),
    commandsEachByName.map(([name, each]) => `${name} ${each.toFixed(2)}`).join(", "),
  ];
}

function machineCells({ attack, machine }: Row, { cpuMsEach }: Judged): string[] {
  const { memoryBefore, memoryPeak, tookMs, runtimeCpuMs, machineBusy, othersBusy } = machine;
  const busy = runtimeCpuMs === undefined ? "–" : percent(runtimeCpuMs / tookMs);
  const each = attack === undefined || cpuMsEach === undefined ? "–" : cpuMsEach.toFixed(2);
  const name = attack?.name ?? "none";
  const others = othersBusy === undefined ? "–" : percent(othersBusy);
  const memory = [counted(memoryBefore), counted(memoryPeak)];
  return [name, ...memory, busy, each, percent(machineBusy), others];
}

/** Returns the final hit rate of the requests in `alsoHonest`. */
function alsoHits({ attack, honest }: Row): string[] {
  if (attack?.alsoHonest === undefined) return [];
  const share = percent(honest.alsoHitShare);
  return [
    `${attack.name}: in the last third of the row, ${share} of the honest requests for that page were hits.`,
  ];
}

function crowdsSaid({ attack }: Row, { crowdRatio }: Judged): string[] {
  if (attack === undefined || crowdRatio === 0) return [];
  const waited = `${crowdRatio.toFixed(2)} × the origin's ${crowdedMs} ms`;
  return [`${attack.name}: the slowest visitor of the median crowd waited ${waited}.`];
}

/** Returns why a row may miss a demand. */
function reasonOf({ attack }: Row, { broken }: Judged): string[] {
  if (attack?.limiterNeeded === undefined || broken.length === 0) return [];
  return [`${attack.name}: ${attack.limiterNeeded}`];
}

const ms = (value: number): string => `${value < 100 ? value.toFixed(1) : counted(value)} ms`;
