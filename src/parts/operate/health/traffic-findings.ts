// Findings on the recent counts of all isolates: errors of origins, cookies, and reports.
import { isoOf } from "../../../base/iso-date.ts";
import type { Sums } from "../../../observe/sums.ts";
import {
  countedIn,
  recentWindows,
  type SeriesCount,
  type WindowFamily,
} from "../../../observe/reports/totals.ts";
import type { Finding, FindingCode, Level } from "../../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shares of fewer requests are not significant. */
const countMin = 100;

const sumOf = (counted: readonly Pick<SeriesCount, "count">[]) =>
  counted.reduce((sum, { count }) => sum + count, 0);

/**
 * Returns the total count in the recent windows, and the start of the first window with a count;
 * `undefined` for 0.
 */
function recentCount(state: SiteState, countsIn: (sums: Sums) => readonly SeriesCount[]) {
  const counted = recentWindows(state).map(({ fromAtMs, sums }) => ({
    fromAtMs,
    count: sumOf(countsIn(sums)),
  }));
  const found = counted.filter(({ count }) => count > 0);
  if (found.length === 0) return undefined;
  const since = isoOf(Math.min(...found.map(({ fromAtMs }) => fromAtMs)));
  return { count: sumOf(found), since };
}

const has = (at: number, values: readonly string[]) => (counted: SeriesCount) =>
  values.includes(counted.labels[at] ?? "");

/** A share of requests, in the newest window that has enough of them. */
interface Share {
  readonly share: number;
  readonly count: number;
  readonly fromAtMs: number;
}

/**
 * Returns the share in the newest window with enough requests.
 *
 * @param shareIn returns the requests in a window, and the part of them that the share describes
 */
function newestShare(
  state: SiteState,
  shareIn: (sums: Sums) => { of: number; part: number },
): Share | undefined {
  const recent = recentWindows(state).toSorted((a, b) => b.fromAtMs - a.fromAtMs);
  for (const { fromAtMs, sums } of recent) {
    const { of, part } = shareIn(sums);
    if (of >= countMin) return { share: part / of, count: of, fromAtMs };
  }
  return undefined;
}

interface ShareRow {
  readonly code: FindingCode;
  readonly level: Level;
  readonly of: WindowFamily;
  /** A share of at least this value is a finding. */
  readonly shareMax: number;
  readonly part: (sums: Sums) => SeriesCount[];
}

const rows: readonly ShareRow[] = [
  {
    code: "unverified-high",
    level: "warning",
    of: "requests",
    shareMax: 0.01,
    part: (sums) => countedIn(sums, "unverified"),
  },
  {
    code: "origin-errors",
    level: "warning",
    of: "originResponses",
    shareMax: 0.05,
    part: (sums) => countedIn(sums, "originResponses").filter(has(1, ["5xx", "failed"])),
  },
  {
    code: "unknown-cookies",
    level: "info",
    of: "requests",
    shareMax: 0.1,
    part: (sums) => countedIn(sums, "refusals").filter(has(1, ["unknown-cookie"])),
  },
];

/** Findings on shares with fixed thresholds. */
export function sharesHigh(state: SiteState): Finding[] {
  return rows.flatMap(({ code, level, of, shareMax, part }): Finding[] => {
    const share = newestShare(state, (sums) => ({
      of: sumOf(countedIn(sums, of)),
      part: sumOf(part(sums)),
    }));
    if (share === undefined || share.share < shareMax) return [];
    const since = isoOf(share.fromAtMs);
    return [{ code, level, since, values: { requestShare: share.share, count: share.count } }];
  });
}

/** Twice the interval of the cron trigger's reports. */
const reportMs = 10 * 60_000;

/** With reports in a Durable Object, a site without requests may need no cron trigger. */
export function reportsMissing({ totals, atMs, clients, needsCron }: SiteState): Finding | [] {
  if (totals === undefined) return [];
  const reportTimes = [...totals.colos.values()].map((state) => state.atMs);
  const newestAtMs = Math.max(totals.startedAtMs, ...reportTimes);
  if (atMs - newestAtMs <= reportMs) return [];
  const isInObject = clients.some(({ database }) => database === "metrics' Durable Object");
  const mayBeIdle = isInObject && !needsCron;
  return {
    code: "reports-missing",
    level: mayBeIdle ? "info" : "warning",
    since: isoOf(newestAtMs),
  };
}

export function subrequestsSpent(state: SiteState): Finding | [] {
  const refused = recentCount(state, (sums) => countedIn(sums, "refusedSubrequests"));
  if (refused === undefined) return [];
  return {
    code: "subrequests-spent",
    level: "warning",
    since: refused.since,
    values: { count: refused.count },
  };
}
