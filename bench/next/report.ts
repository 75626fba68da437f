// Prints the results of runs, and the shortest violating histories.
import { between, excerptOf } from "../histories/excerpt.ts";
import { counted, markdownTable } from "../load/figures.ts";
import { handlers } from "./handlers.ts";
import { type Cause, type HistoryEvent, type Purge, type Violation } from "./judge.ts";
import type { Played, RunResult } from "./run.ts";

/** Returns all violations of this cause. Only those of the handler fail the bench. */
export const violationsBy = ({ histories }: RunResult, cause: Cause): Violation[] =>
  histories.flatMap(({ violations }) => violations.filter((one) => one.cause === cause));

const purgesOf = ({ histories }: RunResult): Purge[] =>
  histories.flatMap(({ events }) => events.filter((event) => event.kind === "purge"));

/** Returns a column for each run. */
export function historiesTable(results: readonly RunResult[]): string {
  const count = (of: (result: RunResult) => number) => results.map((result) => counted(of(result)));
  const events = (kind: HistoryEvent["kind"]) => (result: RunResult) =>
    result.histories.flatMap((one) => one.events.filter((event) => event.kind === kind)).length;
  const purges = (is: (purge: Purge) => boolean) => (result: RunResult) =>
    purgesOf(result).filter(is).length;
  const broken = (is: (violation: Violation) => boolean) => (result: RunResult) =>
    violationsBy(result, "handler").filter(is).length;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["caches", results.map(({ settings }) => settings.caches.join(", "))],
    ["histories", count(({ histories }) => histories.length)],
    ["reads", count(events("read"))],
    ["loads at the origin", count(({ loadCount }) => loadCount)],
    ["hard purges accepted", count(purges((one) => one.isAccepted && !one.isSoft))],
    ["soft purges accepted", count(purges((one) => one.isAccepted && one.isSoft))],
    ["purges that failed visibly", count(purges((one) => !one.isAccepted))],
    ["purges during a load", count(purges((one) => one.isDuringLoad))],
    ["processes killed", count(({ faultCounts }) => faultCounts["process killed"] ?? 0)],
    [
      "Redis paused or restarted",
      count(({ faultCounts: of }) => (of["Redis paused"] ?? 0) + (of["Redis restarted"] ?? 0)),
    ],
    ["failed requests", count(events("failure"))],
    ["**violated purges, hard**", count(broken(({ purge }) => !purge.isSoft))],
    ["**violated purges, soft**", count(broken(({ purge }) => purge.isSoft))],
    [
      "violated purges that were sent during a load",
      count(broken(({ purge }) => purge.isDuringLoad)),
    ],
    [
      "violated purges that were accepted during a fault",
      count(broken(({ isSilent }) => isSilent)),
    ],
    [
      "violated purges that were still violated at the end",
      count(broken(({ isLasting }) => isLasting)),
    ],
    [
      "histories with a violation",
      count(
        (result) => result.histories.filter(({ violations: of }) => of.some(isOfHandler)).length,
      ),
    ],
    [
      "old answers by Next.js: joins of older loads",
      count((result) => violationsBy(result, "joined").length),
    ],
    [
      "old answers by Next.js: unconfirmed purges of route handlers",
      count((result) => violationsBy(result, "unconfirmed").length),
    ],
  ];
  return markdownTable(
    ["", ...results.map(({ settings }) => handlers[settings.handler].title)],
    rows.map((row) => row.flat()),
  );
}

const isOfHandler = ({ cause }: Violation): boolean => cause === "handler";

/** Returns the events of the shortest history that violates a purge; "" if there is none. */
export function shortestViolation({ histories, faults }: RunResult): string {
  const lengthOf = ({ events, violations }: Played) => {
    const violation = violations.find(isOfHandler);
    return violation === undefined ? Number.POSITIVE_INFINITY : between(events, violation).length;
  };
  const [shortest] = histories
    .filter(({ violations }) => violations.some(isOfHandler))
    .toSorted((a, b) => lengthOf(a) - lengthOf(b));
  const violation = shortest?.violations.find(isOfHandler);
  if (shortest === undefined || violation === undefined) return "";
  const lines = excerptOf(shortest.events, violation, { faults, nameOf });
  return `${shortest.id}, which ${violation.isLasting ? "stays" : "is temporarily"} too old:\n${lines.join("\n")}\n`;
}

function nameOf({ call, path, process, via }: Purge): string {
  return `${path === undefined ? call : `${call} of ${path}`} at process ${process} by ${via}`;
}
