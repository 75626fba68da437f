// Findings on the recent counts of all isolates: hit rates, errors, unverified responses.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import { type FamilyName } from "../../protocol/families.ts";
import { partsOf, type Sums } from "../../observe/sums.ts";
import type { Window } from "../../reports/totals.ts";
import { type Finding, type FindingCode, percentOf } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shares of fewer requests are not significant. */
const countMin = 100;
const windowMs = 5 * 60_000;
export const recentMs = 3 * windowMs;

/** Outcomes where a stored response answered without waiting for an origin. */
const hits = ["hit", "stale-hit"];
/** Outcomes without a look-up. */
const notLookedUp = ["passed", "limited"];

/** Returns the recent windows. */
export function recentWindows({ totals, atMs }: Pick<SiteState, "totals" | "atMs">): Window[] {
  return (totals?.windows ?? []).filter(({ fromAtMs }) => isWithinMs(recentMs, fromAtMs, atMs));
}

interface SeriesCount {
  readonly labels: readonly string[];
  readonly count: number;
}

/** Returns the series of one family. */
function countedIn(sums: Sums, family: FamilyName): SeriesCount[] {
  return [...sums].flatMap(([series, count]) => {
    const parts = partsOf(series);
    return parts?.family === family ? [{ labels: parts.rest, count }] : [];
  });
}

const sumOf = (counted: readonly SeriesCount[]) =>
  counted.reduce((sum, { count }) => sum + count, 0);

const has = (at: number, values: readonly string[]) => (counted: SeriesCount) =>
  values.includes(counted.labels[at] ?? "");

/** A share in the newest window with enough requests. */
interface Share {
  readonly share: number;
  readonly count: number;
  readonly fromAtMs: number;
}

/** @param shareIn returns the requests in a window, and the part that counts */
function newestShare(
  looked: SiteState,
  shareIn: (sums: Sums) => { of: number; part: number },
): Share | undefined {
  const recent = recentWindows(looked).toSorted((a, b) => b.fromAtMs - a.fromAtMs);
  for (const { fromAtMs, sums } of recent) {
    const { of, part } = shareIn(sums);
    if (of >= countMin) return { share: part / of, count: of, fromAtMs };
  }
  return undefined;
}

/** Findings for each route or prefix with a `hitRateMin`. */
export function hitRates(looked: SiteState): Finding[] {
  const { totals, hitRateMins } = looked;
  const names = (family: "requests" | "prefixRequests") =>
    new Set(
      (totals?.windows ?? []).flatMap(({ sums }) =>
        countedIn(sums, family).map(({ labels: [name = ""] }) => name),
      ),
    );
  return [
    ...[...names("requests")].flatMap((name) =>
      hitRateLow(looked, { family: "requests", name }, hitRateMins.ofRoute(name)),
    ),
    ...[...names("prefixRequests")].flatMap((name) =>
      hitRateLow(looked, { family: "prefixRequests", name }, hitRateMins.ofPrefix(name)),
    ),
  ];
}

function hitRateLow(
  looked: SiteState,
  { family, name }: { family: "requests" | "prefixRequests"; name: string },
  min: number | undefined,
): Finding[] {
  if (min === undefined) return [];
  const rate = newestShare(looked, (sums) => {
    const of = countedIn(sums, family).filter(has(0, [name]));
    const lookedUp = of.filter((counted) => !has(1, notLookedUp)(counted));
    return { of: sumOf(lookedUp), part: sumOf(lookedUp.filter(has(1, hits))) };
  });
  if (rate === undefined || rate.share >= min) return [];
  const whose = `${family === "requests" ? "route" : "prefix"} ${JSON.stringify(name)}`;
  return [
    {
      code: "hit-rate-low",
      level: "warning",
      about: whose,
      what: `The hit rate of ${whose} is ${percentOf(rate.share)}, of ${rate.count} requests in five minutes; ${percentOf(min)} is demanded.`,
      since: isoOf(rate.fromAtMs),
      cause:
        "An origin that fails, a purge of much, a roll-out of the origin that stores less, new query parameters or cookies, or an outage of Redis.",
      remedy:
        "Ask GET /_cache/explain about a page that should be a hit. The answer tells why the page is no hit, and which stored key is nearest.",
    },
  ];
}

interface ShareRow {
  readonly code: FindingCode;
  readonly of: FamilyName;
  /** Shares of at least this value give a finding. */
  readonly shareMax: number;
  readonly part: (sums: Sums) => SeriesCount[];
  readonly what: (share: Share) => string;
  readonly cause: string;
  readonly remedy: string;
}

const rows: readonly ShareRow[] = [
  {
    code: "stale-if-error-high",
    of: "requests",
    shareMax: 0.01,
    part: (sums) => countedIn(sums, "staleIfError"),
    what: ({ share, count }) =>
      `${percentOf(share)} of ${count} requests were answered with a stale response, since the origin failed.`,
    cause: "The origin cannot be reached, is slow, or answers with errors.",
    remedy:
      "Mend the origin. When the stale-if-error allowance of a page ends, clients get an error.",
  },
  {
    code: "unverified-high",
    of: "requests",
    shareMax: 0.01,
    part: (sums) => countedIn(sums, "unverified"),
    what: ({ share, count }) =>
      `${percentOf(share)} of ${count} answers were unverified: Tidemark could not tell whether a purge covers them.`,
    cause: "The purge journal could not be read.",
    remedy: "Look at the findings on Redis and on the journal.",
  },
  {
    code: "origin-errors",
    of: "originResponses",
    shareMax: 0.05,
    part: (sums) => countedIn(sums, "originResponses").filter(has(1, ["5xx", "failed"])),
    what: ({ share, count }) =>
      `${percentOf(share)} of ${count} requests to origins failed, or were answered with 5xx.`,
    cause: "The application of the origin has a fault, or its server is overloaded.",
    remedy: "Look at the log of the origin.",
  },
];

/** Findings on shares with fixed thresholds. */
export function sharesHigh(looked: SiteState): Finding[] {
  return rows.flatMap(({ code, of, shareMax, part, what, cause, remedy }): Finding[] => {
    const share = newestShare(looked, (sums) => ({
      of: sumOf(countedIn(sums, of)),
      part: sumOf(part(sums)),
    }));
    if (share === undefined || share.share < shareMax) return [];
    const since = isoOf(share.fromAtMs);
    return [{ code, level: "warning", what: what(share), since, cause, remedy }];
  });
}

/** The finding on clients that got 429. */
export function clientsLimited(looked: SiteState): Finding[] {
  const limited = recentWindows(looked)
    .map(({ fromAtMs, sums }) => ({
      fromAtMs,
      count: sumOf(countedIn(sums, "requests").filter(has(1, ["limited"]))),
    }))
    .filter(({ count }) => count > 0);
  const count = limited.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return [];
  return [
    {
      code: "clients-limited",
      level: "info",
      what: `Requests of the last minutes that were answered with 429: ${count}.`,
      since: isoOf(Math.min(...limited.map(({ fromAtMs }) => fromAtMs))),
      cause: "A client caused more requests to the origin than ORIGIN_LIMITER allows.",
      remedy:
        "If these clients were real users, raise the limit under [[ratelimits]] in wrangler.toml.",
    },
  ];
}
