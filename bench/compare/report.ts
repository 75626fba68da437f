// Prints the verdicts of all systems, and a violating history of each.
import { excerptOf } from "../histories/excerpt.ts";
import type { HistoryEvent, Purge } from "../histories/events.ts";
import { counted, markdownTable } from "../load/figures.ts";
import type { Violation } from "./judge.ts";
import type { RunResult } from "./run.ts";
import { notTested } from "./systems.ts";

type Is = (violation: Violation) => boolean;

/** Returns the number of histories with such a violation. */
const violatingCount = ({ histories }: RunResult, is: Is = () => true): number =>
  histories.filter(({ violations }) => violations.some(is)).length;

/** Returns the number of histories that violate the system's own promise. */
export const brokenCount = (result: RunResult): number =>
  violatingCount(result, ({ isOwn }) => isOwn);

export function verdictTable(results: readonly RunResult[]): string {
  const verdict = (count: number) => (count === 0 ? "kept" : `**violated in ${counted(count)}**`);
  const rows = results.map((result) => [
    titleOf(result),
    counted(result.histories.length),
    verdict(brokenCount(result)),
    verdict(violatingCount(result)),
  ]);
  const untested = notTested.map((name) => [name, "", "not tested", "not tested"]);
  return markdownTable(
    ["system", "histories", "its own promise", "the bound of Tidemark"],
    [...rows, ...untested],
  );
}

/** Returns a column for each system. */
export function figuresTable(results: readonly RunResult[]): string {
  const count = (of: (result: RunResult) => number) => results.map((result) => counted(of(result)));
  const events = (is: (event: HistoryEvent) => boolean) => (result: RunResult) =>
    result.histories.flatMap((one) => one.events.filter(is)).length;
  const purges = (is: (purge: Purge) => boolean) =>
    events((event) => event.kind === "purge" && is(event));
  const violated = (is: Is) => (result: RunResult) =>
    result.histories.flatMap(({ violations }) => violations.filter(is)).length;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["reads", count(events(({ kind }) => kind === "read"))],
    ["loads at the origin", count(({ loadCount }) => loadCount)],
    ["hard purges accepted", count(purges((one) => one.isAccepted && !one.isSoft))],
    ["soft purges accepted", count(purges((one) => one.isAccepted && one.isSoft))],
    ["purges not accepted", count(purges((one) => !one.isAccepted))],
    ["purges during a load", count(purges((one) => one.isDuringLoad))],
    ["faults", results.map(({ faultCounts }) => faultsIn(faultCounts))],
    ["failed requests", count(events(({ kind }) => kind === "failure"))],
    ["violated purges", count(violated(() => true))],
    ["of these: a late store", count(violated(({ causes }) => causes.includes("late store")))],
    ["of these: during a fault", count(violated(({ causes }) => causes.includes("fault")))],
    ["of these: neither", count(violated(({ causes }) => causes.length === 0))],
    ["of these: still violated at the end", count(violated((one) => one.isLasting))],
  ];
  return markdownTable(
    ["", ...results.map(({ adapter }) => adapter.title)],
    rows.map((row) => row.flat()),
  );
}

const faultsIn = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, times]) => `${times} × ${name}`)
    .join(", ");

const titleOf = ({ adapter, version }: RunResult): string =>
  [adapter.title, version].filter((part) => part !== "").join(" ");

/** Returns the promise, the configuration, and the shortest history that violates the bound. */
export function storyOf(result: RunResult): string {
  const { promise, configuration } = result.adapter;
  const excused = promise.excuses.length === 0 ? "nothing" : promise.excuses.join(", ");
  const lines = [
    `## ${titleOf(result)}`,
    `configured: ${configuration}`,
    `promises: ${promise.text} (${promise.source}; excused: ${excused})`,
  ];
  const [shortest] = result.histories
    .filter(({ violations }) => violations.length > 0)
    .toSorted((a, b) => a.events.length - b.events.length);
  if (shortest !== undefined) {
    const { id, events, violations } = shortest;
    const shown = violations.find(({ isOwn }) => isOwn) ?? violations[0]!;
    lines.push(`the shortest history that violates the bound, ${id}:`);
    lines.push(...excerptOf(events, shown, { faults: result.faults, nameOf }));
  }
  return `${lines.join("\n")}\n`;
}

const nameOf = ({ isSoft, process }: Purge): string =>
  `a ${isSoft ? "soft" : "hard"} purge at process ${process}`;
