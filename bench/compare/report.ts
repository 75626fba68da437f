// Prints the verdicts of all systems, and a violating history of each.
import { excerptOf } from "../histories/excerpt.ts";
import type { Purge } from "../histories/events.ts";
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
  const purges = (is: (purge: Purge) => boolean) => (result: RunResult) =>
    result.histories.flatMap(({ events }) =>
      events.filter((event) => event.kind === "purge" && is(event)),
    ).length;
  const violated = (is: Is) => (result: RunResult) =>
    result.histories.flatMap(({ violations }) => violations.filter(is)).length;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["hard purges accepted", count(purges((one) => one.isAccepted && !one.isSoft))],
    ["purges not accepted", count(purges((one) => !one.isAccepted))],
    ["violated purges", count(violated(() => true))],
    ["of these: a late store", count(violated(({ causes }) => causes.includes("late store")))],
    ["of these: during a fault", count(violated(({ causes }) => causes.includes("fault")))],
  ];
  return markdownTable(
    ["", ...results.map(({ adapter }) => adapter.title)],
    rows.map((row) => row.flat()),
  );
}

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
