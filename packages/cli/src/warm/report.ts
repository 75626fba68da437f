// Counts the results of warming, and reports them: a table and reasons for people, and an object for programs.
import type { WarmResult } from "../../../../src/protocol/answers.ts";
import type { Session } from "../session.ts";
import { tableOf, type Terminal } from "../terminal.ts";
import type { Outcome } from "./warm-run.ts";
import type { PageList } from "./page-list.ts";
import { warmText } from "../texts/reasons.ts";

const headOf: Readonly<Record<WarmResult, string>> = {
  already: "already there",
  warmed: "warmed",
  "not-stored": "not stored",
  "passed-by": "passed by",
  failed: "failed",
};
const failuresMax = 1_000;
const failuresShown = 10;
/** Limits the reasons, because Cache-Status may contain names that origins and clients choose. */
const reasonsMax = 50;

interface Failure {
  readonly page: string;
  readonly status?: number;
  readonly why: string;
}

export class Tally {
  readonly counts: Record<WarmResult, number> = {
    already: 0,
    warmed: 0,
    "not-stored": 0,
    "passed-by": 0,
    failed: 0,
  };
  /** The first failures. */
  readonly failures: Failure[] = [];
  /** Counts by reason, such as "not-stored: set-cookie". */
  readonly reasons = new Map<string, number>();

  get done(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** @param page the path of the page */
  note(page: string, { result, status, why: given }: Outcome): void {
    this.counts[result] += 1;
    const isThere = result === "already" || result === "warmed";
    if (isThere && given === undefined) return;
    const why = given ?? "no reason given";
    const reason = `${result}: ${why}`;
    const isKnown = this.reasons.has(reason) || this.reasons.size < reasonsMax;
    const name = isKnown ? reason : `${result}: other reasons`;
    this.reasons.set(name, (this.reasons.get(name) ?? 0) + 1);
    if (result !== "failed" || this.failures.length === failuresMax) return;
    this.failures.push({ page, why, ...(status !== undefined && { status }) });
  }
}

const drawnEveryMs = 200;
const toldEveryMs = 30_000;

/**
 * Returns a function to call after each page. The function shows the counts on stderr: as one updated line in a
 * terminal; otherwise as a line every 30 s.
 */
export function progressOf(
  { terminal, world }: Session,
  { tally, count }: Pick<RunEnd, "tally" | "count">,
): () => void {
  const { showsProgress } = terminal;
  let shownAtMs = world.nowAtMs();
  return () => {
    const now = world.nowAtMs();
    if (now - shownAtMs < (showsProgress ? drawnEveryMs : toldEveryMs)) return;
    shownAtMs = now;
    const { done, counts } = tally;
    const line = `${counted(done)}/${counted(count)} pages, ${counted(counts.already)} already there, ${counted(counts.failed)} failed`;
    if (showsProgress) terminal.overwrite(line);
    else terminal.note(line);
  };
}

const counted = (count: number): string => count.toLocaleString("en");

interface RunEnd {
  readonly site: string;
  readonly tally: Tally;
  /** The number of pages in the sources. */
  readonly count: number;
  readonly end: "done" | "interrupted" | "stopped";
  readonly seconds: number;
}

export function printReport(
  terminal: Terminal,
  { site, tally, count, end, seconds }: RunEnd,
): void {
  const { counts, reasons, failures } = tally;
  const row = Object.keys(headOf).map((result) => counted(counts[result as WarmResult]));
  const table = [
    ["", ...Object.values(headOf)],
    [site, ...row],
  ];
  for (const line of tableOf(table, new Set([1, 2, 3, 4, 5]))) terminal.print(line);
  for (const [reason, times] of [...reasons].sort(([, a], [, b]) => b - a)) {
    terminal.print(`  ${reason}: ${counted(times)}${warmText(reason)}`);
  }
  for (const { page, why } of failures.slice(0, failuresShown)) {
    terminal.print(`  failed: ${site}${page} (${why})`);
  }
  if (counts.failed > failuresShown) {
    const more = counted(counts.failed - failuresShown);
    terminal.print(`  and ${more} more; --json lists up to ${counted(failuresMax)}`);
  }
  const whole = Math.ceil(seconds);
  const lasts = {
    done: `${counted(count)} pages, in ${whole} s.`,
    interrupted: `Interrupted after ${whole} s. Run the same command again for the other pages.`,
    stopped: `Stopped after ${whole} s.`,
  };
  terminal.print(lasts[end]);
}

export function jsonReport({ site, tally, count, end, seconds }: RunEnd, sources: object): object {
  const { counts, reasons, failures } = tally;
  return {
    site,
    pages: count,
    isInterrupted: end === "interrupted",
    seconds,
    results: counts,
    reasons: Object.fromEntries(reasons),
    failures,
    failuresLeftOut: counts.failed - failures.length,
    sources,
  };
}

/** Returns a line for each group of skipped entries. */
export function sourceNotes(pages: PageList, unreadableLines: number): string[] {
  const { skipped, otherHosts, noUrls } = pages;
  const hosts = otherHosts.join(", ");
  const texts = noUrls.map((text) => JSON.stringify(text)).join(", ");
  const notes: readonly (readonly [count: number, what: string])[] = [
    [skipped["other-host"], `are for other hosts (${hosts})`],
    [skipped["no-url"], `are neither http URLs nor paths (${texts})`],
    [skipped["operator-route"], "are operator routes, which are never stored"],
    [skipped["too-many"], `exceed the limit of ${counted(pages.count)} for one run`],
    [skipped.twice, "are duplicates"],
    [unreadableLines, "are lines that could not be read"],
  ];
  return notes
    .filter(([count]) => count > 0)
    .map(([count, what]) => `Skipped: ${counted(count)} ${what}.`);
}
