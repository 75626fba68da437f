// Reports the results of warming: a table and reasons for people, and an object for programs. Also creates the errors
// for an early stop.
import { type CommandError, failure } from "../command-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { tableOf } from "../terminal/table.ts";
import type { PageList } from "./page-list.ts";
import { counted, duration } from "./progress.ts";
import type { SourceReport } from "./sources.ts";
import { results, type Tally } from "./tally.ts";

const failuresShown = 10;

export interface RunEnd {
  readonly site: string;
  readonly tally: Tally;
  readonly what: "pages" | "keys";
  /** The number of pages or keys in the sources. */
  readonly count: number;
  /** The number of these pages or keys that earlier runs finished. */
  readonly doneBeforeCount: number;
  readonly end: "done" | "interrupted" | "stopped";
  readonly seconds: number;
}

export function printReport(terminal: Terminal, ended: RunEnd): void {
  const { tally, count, doneBeforeCount, end, seconds, what } = ended;
  const rows = tally.addresses.map((address, at) => [
    address,
    ...results.map((result) => counted(tally.of(at)?.[result] ?? 0)),
  ]);
  const heads = ["", "already there", "warmed", "not stored", "passed by", "failed"];
  for (const line of tableOf([heads, ...rows], new Set([1, 2, 3, 4, 5]))) terminal.print(line);
  for (const [reason, times] of [...tally.reasons].sort(([, a], [, b]) => b - a)) {
    terminal.print(`  ${reason}: ${counted(times)}`);
  }
  for (const { what: name, address, why } of tally.failures.slice(0, failuresShown)) {
    terminal.print(`  failed: ${address}${name.startsWith("/") ? "" : " "}${name} (${why})`);
  }
  const failed = tally.sum("failed");
  if (failed > failuresShown) {
    terminal.print(`  and ${counted(failed - failuresShown)} more; --json lists up to 1,000`);
  }
  const before = doneBeforeCount > 0 ? `, ${counted(doneBeforeCount)} of them by earlier runs` : "";
  const lasts = {
    done: `${counted(count)} ${what}${before}, in ${duration(seconds)}.`,
    interrupted: `Interrupted after ${duration(seconds)}. Run the same command to continue.`,
    stopped: `Stopped after ${duration(seconds)}.`,
  };
  terminal.print(lasts[end]);
}

export function jsonReport(ended: RunEnd, sources: object): object {
  const { site, tally, what, count, doneBeforeCount, end, seconds } = ended;
  const failed = tally.sum("failed");
  return {
    site,
    [what]: count,
    doneBefore: doneBeforeCount,
    isInterrupted: end === "interrupted",
    seconds,
    addresses: tally.addresses.map((address, at) => ({ address, ...tally.of(at) })),
    reasons: Object.fromEntries(tally.reasons),
    failures: tally.failures,
    failuresLeftOut: failed - tally.failures.length,
    sources,
  };
}

/** Returns a line for each group of skipped entries. */
export function sourceNotes(pages: PageList, report: SourceReport): string[] {
  const { withoutFetch, otherHosts, noUrls } = pages;
  const { sitemaps, unreadableLineCount, otherRequestCount, uncountedRequestCount } = report;
  const hosts = otherHosts.join(", ");
  return [
    ...skippedLines(
      withoutFetch["other-host"],
      `are for other hosts (${hosts}); if one of them also serves this site, pass it with --also-host`,
    ),
    ...skippedLines(
      withoutFetch["no-url"],
      `are neither http URLs nor paths (${noUrls.map((text) => JSON.stringify(text)).join(", ")})`,
    ),
    ...skippedLines(withoutFetch["operator-route"], "are operator routes, which are never stored"),
    ...skippedLines(
      withoutFetch["too-many"],
      `exceed the limit of ${counted(pages.count)} for one run`,
    ),
    ...skippedLines(withoutFetch.twice, "are duplicates"),
    ...skippedLines(sitemaps.olderCount, "are older than --since"),
    ...sitemaps.overfull.map((name) => `${name} has more than 50,000 entries; all are used.`),
    ...(unreadableLineCount > 0
      ? [`${counted(unreadableLineCount)} lines could not be read.`]
      : []),
    ...(otherRequestCount > 0
      ? [`${counted(otherRequestCount)} requests of the log were not GET with 2xx or 3xx.`]
      : []),
    ...(uncountedRequestCount > 0
      ? [`${counted(uncountedRequestCount)} requests of the log were for pages beyond the limit.`]
      : []),
    ...hotNotes(report),
  ];
}

function hotNotes({ hotCount, hotExaminedCount }: SourceReport): string[] {
  if (hotExaminedCount !== undefined) {
    const covered = `the purge covers ${counted(hotCount ?? 0)}`;
    return [
      `Of the ${counted(hotExaminedCount)} hot pages that isolates have reported, ${covered}.`,
    ];
  }
  return hotCount === 0 ? ["Isolates have reported no hot pages within the last ten minutes."] : [];
}

function skippedLines(count: number, what: string): string[] {
  return count === 0 ? [] : [`Skipped: ${counted(count)} ${what}.`];
}

export function notTidemark([site]: readonly string[]): CommandError {
  return failure(
    {
      what: `${site} did not answer like Tidemark.`,
      why: "Its responses have no Cache-Status of Tidemark, so it is unknown what was stored.",
      hint: "Use the address of the site behind Tidemark. No cache in front of it may remove Cache-Status.",
    },
    "not-tidemark",
  );
}

export function stopped(why: string): CommandError {
  return failure(
    {
      what: "The warming has stopped.",
      why,
      hint: "Check the origin. Run the same command to continue.",
    },
    "site-in-trouble",
  );
}
