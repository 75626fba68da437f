// Prints the results of runs, and the shortest violating histories.
import { counted, markdownTable } from "../load/figures.ts";
import { handlers } from "./handlers.ts";
import { type Cause, type HistoryEvent, isSoft, type Purge, type Violation } from "./judge.ts";
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
    ["hard purges accepted", count(purges((one) => one.isAccepted && !isSoft(one)))],
    ["soft purges accepted", count(purges((one) => one.isAccepted && isSoft(one)))],
    ["purges that failed visibly", count(purges((one) => !one.isAccepted))],
    ["purges during a load", count(purges((one) => one.isDuringLoad))],
    ["processes killed", count(({ faultCounts }) => faultCounts["process killed"])],
    [
      "Redis paused or restarted",
      count(({ faultCounts: of }) => of["Redis paused"] + of["Redis restarted"]),
    ],
    ["failed requests", count(events("failure"))],
    ["**violated purges, hard**", count(broken(({ purge }) => !isSoft(purge)))],
    ["**violated purges, soft**", count(broken(({ purge }) => isSoft(purge)))],
    ["of these: sent during a load", count(broken(({ purge }) => purge.isDuringLoad))],
    ["of these: accepted during a fault", count(broken(({ isSilent }) => isSilent))],
    ["of these: still violated at the end", count(broken(({ isLasting }) => isLasting))],
    [
      "histories with a violation",
      count(
        (result) => result.histories.filter(({ violations: of }) => of.some(isOfHandler)).length,
      ),
    ],
    ["by Next.js: joins of older loads", count((result) => violationsBy(result, "joined").length)],
    [
      "by Next.js: unconfirmed purges of route handlers",
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
  const from = Math.min(violation.read.loadedAtMs[0], violation.purge.sentAtMs);
  const lines = between(shortest.events, violation).map((event) => {
    const mark = event === violation.read || event === violation.purge ? "*" : " ";
    return `${mark} ${said(event, from)}`;
  });
  for (const [fromMs, toMs] of faults) {
    if (toMs < from - leadMs || fromMs > violation.read.answeredAtMs) continue;
    lines.push(`  ${secondsFrom(from, fromMs, toMs)}: a fault, and the recovery from it`);
  }
  return `${shortest.id}, which ${violation.isLasting ? "stays" : "is temporarily"} too old:\n${lines.join("\n")}\n`;
}

/** How long before the load the printed events begin. */
const leadMs = 500;

/** Returns the events from the load of the too old value until its read, in order. */
function between(events: readonly HistoryEvent[], { purge, read }: Violation): HistoryEvent[] {
  const from = Math.min(read.loadedAtMs[0], purge.sentAtMs) - leadMs;
  return events
    .filter(({ sentAtMs, answeredAtMs }) => answeredAtMs >= from && sentAtMs <= read.sentAtMs)
    .toSorted((a, b) => a.sentAtMs - b.sentAtMs);
}

const secondsFrom = (originMs: number, fromMs: number, toMs: number): string =>
  `${[fromMs, toMs].map((atMs) => ((atMs - originMs) / 1_000).toFixed(2)).join("–")} s`;

function said(event: HistoryEvent, fromMs: number): string {
  const times = secondsFrom(fromMs, event.sentAtMs, event.answeredAtMs);
  if (event.kind === "failure") return `${times}: a request fails with status ${event.status}`;
  const place = `at process ${event.process}`;
  if (event.kind === "read") {
    const loaded = secondsFrom(fromMs, ...event.loadedAtMs);
    return `${times}: ${event.cache} ${place} shows version ${event.version}, loaded ${loaded}`;
  }
  const call = event.path === undefined ? event.call : `${event.call} of ${event.path}`;
  const during = event.isDuringLoad ? ", during a load" : "";
  return `${times}: ${call} ${place} by ${event.via} ${event.isAccepted ? "succeeds" : "fails"}; the origin has version ${event.version}${during}`;
}
