// The result of a run as lines for a terminal.
import type { ProofResult } from "./run-proof.ts";

const violationsShown = 5;

export function tableOfProof(result: ProofResult): string {
  const { settings, asking, site, lives, judged, midst, violations } = result;
  const { sales, views } = asking.adds;
  const { counts, flushesByState } = asking;
  const { batchCounts: batches } = site.d1;
  const addedCount = sales.callCounts.sent + views.callCounts.sent;
  const doubt = sales.callCounts["in-doubt"];
  const keysOf = judged?.sales;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const rows: readonly [string, string | number][] = [
    ["seed", settings.seed],
    [
      "places; Redis; keys of each counter",
      `${settings.coloCount} colos, process; ${site.redis.name}; ${settings.keyCount}`,
    ],
    [
      "adds; took; a second",
      `${counted(addedCount)}; ${seconds(result.addingMs)}; ${counted(addedCount / (result.addingMs / 1_000))}`,
    ],
    ["flushed after that for", seconds(result.flushingMs)],
    ["HTTP calls; without an answer", `${counted(counts.calls)}; ${counts.unanswered}`],
    [
      "durable adds: resolved; rejected for certain; in doubt",
      `${counted(sales.callCounts.accepted)}; ${counted(sales.callCounts.refused)}; ${counted(doubt)}`,
    ],
    [
      "their keys: exact; a sum with doubtful adds; between bounds",
      keysOf === undefined
        ? "not judged"
        : `${keysOf.exactCount}; ${keysOf.sumCount}; ${keysOf.boundedCount}`,
    ],
    [
      "other adds: sent; in the database",
      `${counted(views.callCounts.sent)}; ${counted(result.viewsCounted)}`,
    ],
    [
      "counted as accepted; lost; in doubt",
      `${counted(lives?.accepted ?? 0)}; ${counted(lives?.lost ?? 0)}; ${counted(lives?.inDoubt ?? 0)}`,
    ],
    [
      "held by what was ended; in calls without an answer",
      `${counted(lives?.heldAtEnd ?? 0)}; ${counted(asking.lives.unansweredCount)}`,
    ],
    ["reads of 100 keys or more; that failed", `${counts.reads}; ${counts.failedReads}`],
    [
      "flushes; of the two counters each: done, more, failed",
      `${counts.flushes}; ${flushesByState.done}, ${flushesByState.more}, ${flushesByState.failed}`,
    ],
    [
      "batches of D1: answered; failed before, after the commit",
      `${batches.answered}; ${batches.failedBefore}, ${batches.failedAfter}`,
    ],
    [
      "late; given up by their flush; cut off by an end",
      `${batches.late}; ${batches.held}; ${batches.cut}`,
    ],
    [
      "flushers ended with a batch on its way: committed; not",
      `${midst.committed}; ${midst["not committed"]}`,
    ],
    ["faults", faultsSaid(result)],
    [
      "Redis commands of the colos for 1,000 of their adds",
      (result.colosCommandCount / ((addedCount * placeShare(result)) / 1_000)).toFixed(1),
    ],
    ["violations", violations.length],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`);
  const shown = violations.slice(0, violationsShown).map(({ rule, what }) => `${rule}: ${what}`);
  return ["| | |", "|---|---|", ...table, "", ...shown].join("\n");
}

const counted = (count: number): string => Math.round(count).toLocaleString("en");

const placeShare = ({ settings }: ProofResult): number =>
  settings.coloCount / (settings.coloCount + 1);

function faultsSaid({ faults }: ProofResult): string {
  const byName = Object.entries(Object.groupBy(faults, ({ fault }) => fault));
  return byName.map(([name, all = []]) => `${name} ${all.length}`).join(", ") || "none";
}
