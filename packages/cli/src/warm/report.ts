// What a warming tells at its end: a table and reasons for people, one object for programs; and why it
// stopped early.
import { type CommandError, failure } from "../command-error.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { tableOf } from "../terminal/table.ts";
import type { PageList } from "./page-list.ts";
import { counted, duration } from "./progress.ts";
import type { SourceReport } from "./sources.ts";
import { results, type Tally } from "./tally.ts";

const failuresShown = 10;

export interface Ended {
  readonly site: string;
  readonly tally: Tally;
  readonly what: "pages" | "keys";
  /** Of the sources. */
  readonly count: number;
  /** Of them, done by an earlier run. */
  readonly doneBeforeCount: number;
  readonly end: "done" | "interrupted" | "stopped";
  readonly seconds: number;
}

export function printReport(terminal: Terminal, ended: Ended): void {
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
  const before = doneBeforeCount > 0 ? `, ${counted(doneBeforeCount)} of them by a run before` : "";
  const lasts = {
    done: `${counted(count)} ${what}${before}, in ${duration(seconds)}.`,
    interrupted: `Interrupted after ${duration(seconds)}. The same command goes on where it stopped.`,
    stopped: `Stopped after ${duration(seconds)}.`,
  };
  terminal.print(lasts[end]);
}

export function jsonReport(ended: Ended, sources: object): object {
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

/** A line for each thing that a source has and that is not asked for. */
export function sourceNotes(pages: PageList, report: SourceReport): string[] {
  const { unasked, otherHosts, noUrls } = pages;
  const { sitemaps, unreadableLineCount, otherRequestCount, uncountedRequestCount } = report;
  const hosts = otherHosts.join(", ");
  return [
    ...said(
      unasked["other-host"],
      `are of other hosts (${hosts}); if one is this site too, name it with --also-host`,
    ),
    ...said(
      unasked["no-url"],
      `are no http URL and no path (${noUrls.map((text) => JSON.stringify(text)).join(", ")})`,
    ),
    ...said(unasked["operator-route"], "are operator's routes, which are never stored"),
    ...said(unasked["too-many"], `are beyond the ${counted(pages.count)} that one run takes`),
    ...said(unasked.twice, "were named before"),
    ...said(sitemaps.olderCount, "are older than --since"),
    ...sitemaps.overfull.map((name) => `${name} has more than 50,000 entries; all are taken.`),
    ...(unreadableLineCount > 0
      ? [`${counted(unreadableLineCount)} lines could not be read.`]
      : []),
    ...(otherRequestCount > 0
      ? [
          `${counted(otherRequestCount)} requests of the log were no GET that ended with 2xx or 3xx.`,
        ]
      : []),
    ...(uncountedRequestCount > 0
      ? [
          `${counted(uncountedRequestCount)} requests of the log were for further pages than are counted.`,
        ]
      : []),
    ...hotNotes(report),
  ];
}

function hotNotes({ hotCount, hotExaminedCount }: SourceReport): string[] {
  if (hotExaminedCount !== undefined) {
    const covered = `the purge covers ${counted(hotCount ?? 0)}`;
    return [
      `Of the ${counted(hotExaminedCount)} hot pages that isolates have told of, ${covered}.`,
    ];
  }
  return hotCount === 0 ? ["Isolates have told of no hot page within the last ten minutes."] : [];
}

function said(count: number, what: string): string[] {
  return count === 0 ? [] : [`Not asked for: ${counted(count)} ${what}.`];
}

export function notTidemark([site]: readonly string[]): CommandError {
  return failure(
    {
      what: `${site} did not answer as Tidemark does.`,
      why: "Its answers have no Cache-Status of Tidemark, so nobody can tell what was stored.",
      mend: "Name the address that Tidemark stands before. Let no cache in front take Cache-Status away.",
    },
    "not-tidemark",
  );
}

export function stopped(why: string): CommandError {
  return failure(
    {
      what: "The warming has stopped.",
      why,
      mend: "Look at the origin. The same command goes on where it stopped.",
    },
    "site-in-trouble",
  );
}
