// Prints the results of runs, and a violating history of each.
import { excerptOf } from "../histories/excerpt.ts";
import { counted, markdownTable } from "../load/figures.ts";
import { handlers } from "./handlers.ts";
import type { Cause, Purge, Violation } from "./judge.ts";
import type { RunResult } from "./run.ts";

/** Returns all violations of this cause. Only those of the handler fail the bench. */
export const violationsBy = ({ histories }: RunResult, cause: Cause): Violation[] =>
  histories.flatMap(({ violations }) => violations.filter((one) => one.cause === cause));

/** Returns a column for each run. */
export function historiesTable(results: readonly RunResult[]): string {
  const count = (of: (result: RunResult) => readonly unknown[]) =>
    results.map((result) => counted(of(result).length));
  const accepted = (isSoft: boolean) =>
    count(({ histories }) =>
      histories.flatMap(({ events }) =>
        events.filter((one) => one.kind === "purge" && one.isAccepted && one.isSoft === isSoft),
      ),
    );
  const violated = (isSoft: boolean) =>
    count((result) => violationsBy(result, "handler").filter((one) => one.purge.isSoft === isSoft));
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["caches", results.map(({ settings }) => settings.caches.join(", "))],
    ["histories", count(({ histories }) => histories)],
    ["hard purges accepted", accepted(false)],
    ["soft purges accepted", accepted(true)],
    ["**violated purges, hard**", violated(false)],
    ["**violated purges, soft**", violated(true)],
  ];
  return markdownTable(
    ["", ...results.map(({ settings }) => handlers[settings.handler].title)],
    rows.map((row) => row.flat()),
  );
}

/** Returns the events of the first history that violates a purge; "" if there is none. */
export function firstViolation({ settings, histories, faults }: RunResult): string {
  for (const { id, events, violations } of histories) {
    const violation = violations.find(({ cause }) => cause === "handler");
    if (violation === undefined) continue;
    const lines = excerptOf(events, violation, { faults, nameOf });
    return `${settings.handler}: ${id} is too old:\n${lines.join("\n")}\n`;
  }
  return "";
}

function nameOf({ call, path, process, via }: Purge): string {
  return `${path === undefined ? call : `${call} of ${path}`} at process ${process} by ${via}`;
}
