// Compares the metrics with the counts of the load, the origin and Redis. They must be equal if no
// isolate dies. Otherwise, the metrics may lack at most the unreported counts of killed isolates.
import type { Figure } from "./figure.ts";
import type { TruthRun } from "./run.ts";
import { behindMs, cutCount, isUntold } from "./untold.ts";
import { otherFigures } from "./other-figures.ts";
import { Scraped } from "./scraped.ts";
import type { OriginRow } from "./origin-process.ts";
import type { Row } from "./seen.ts";

/** The amount that one row adds to a metric, and the values of its labels. */
interface Counted {
  readonly values: readonly string[];
  readonly count: number;
}

/** How to compare one metric. */
interface Compared {
  readonly group: string;
  readonly metric: string;
  readonly labels: readonly string[];
  /** Returns `undefined` for a row that does not count. */
  readonly of: (row: Row) => Counted | undefined;
  /** The amount that a request to the origin adds, in addition to the clients' rows. */
  readonly ofOrigin?: (row: OriginRow) => Counted | undefined;
  /** Whether the rows of the load cover every series of the metric. */
  readonly isWhole: boolean;
}

const hits = ["hit", "stale-hit"];
/** The result of a response whose Cache-Status has `ttl=0`. */
const undecided = "hit or stale-hit";
/** The name for the sum of fresh and stale hits. */
export const both = "hit and stale-hit";
/** The group that counts each request once. */
export const allRequests = "requests by route and result";
const isHit = ({ result }: Row): boolean => result === undecided || hits.includes(result);
const one = (values: readonly string[]) => ({ values, count: 1 });

const compared: readonly Compared[] = [
  {
    group: allRequests,
    metric: "tidemark_requests_total",
    isWhole: true,
    labels: ["route", "result"],
    of: (row) => one([row.route, row.result]),
  },
  {
    group: "hits by route and tier",
    metric: "tidemark_requests_total",
    isWhole: false,
    labels: ["route", "result", "tier"],
    // The Cache-Status of a stale hit for a failed origin does not name the tier.
    of: (row) =>
      isHit(row) && row.tier !== undefined && row.route !== "flaky"
        ? one([row.route, row.result, row.tier])
        : undefined,
  },
  {
    group: "bytes by route and result",
    metric: "tidemark_response_bytes_total",
    isWhole: true,
    labels: ["route", "result"],
    of: ({ route, result, bytes }) =>
      bytes === undefined ? undefined : { values: [route, result], count: bytes },
  },
  {
    group: "requests by prefix and result",
    metric: "tidemark_prefix_requests_total",
    isWhole: true,
    labels: ["prefix", "result"],
    of: ({ prefix, result }) => (prefix === "" ? undefined : one([prefix, result])),
  },
  {
    group: "forwards by route and reason",
    metric: "tidemark_forwards_total",
    isWhole: true,
    labels: ["route", "reason"],
    of: ({ route, reason }) => (reason === undefined ? undefined : one([route, reason])),
  },
  {
    group: "stale responses for a failed origin, by route",
    metric: "tidemark_stale_if_error_total",
    isWhole: true,
    labels: ["route"],
    of: ({ route, isStaleIfError }) => (isStaleIfError ? one([route]) : undefined),
  },
  {
    group: "hits of stored errors, by route",
    metric: "tidemark_negative_hits_total",
    isWhole: true,
    labels: ["route"],
    of: (row) => (isHit(row) && row.status === 404 ? one([row.route]) : undefined),
  },
  {
    group: "refusals to store a private page, by rule",
    metric: "tidemark_store_refusals_total",
    isWhole: false,
    labels: ["route", "rule"],
    of: ({ route, rule }) =>
      route === "mine" && rule !== undefined ? one([route, rule]) : undefined,
    // Clients that collapse on a private page cause one anonymous request, whose response is also
    // private.
    ofOrigin: ({ route, isAnonymous }) =>
      route === "mine" && isAnonymous ? one([route, "private"]) : undefined,
  },
];

/** The load's counts for one combination of label values. */
interface Tally {
  counted: number;
  /** The part of `counted` that killed isolates may not have reported. */
  untold: number;
  /** The number of hits with `ttl=0`, which are fresh or stale. */
  unclear: number;
}

/** The length of the site's longest body. */
const bodyBytesMax = 17_408;

/**
 * @returns a figure for each series that is visible outside the Worker, and for the sum of each
 *   metric
 */
export function figuresOf(run: TruthRun): Figure[] {
  const scraped = new Scraped(run.metrics);
  const ofRows = compared.flatMap((each) => figuresOfRows(each, run, scraped));
  return [...ofRows, ...otherFigures(run, scraped)];
}

function figuresOfRows(compare: Compared, run: TruthRun, scraped: Scraped): Figure[] {
  const { group, metric, labels, isWhole } = compare;
  const tallies = new Map<string, Tally>();
  const all = newTally();
  // The Worker counts bodies of unknown length, and refusals, in the background.
  const laterMs = /^(?:bytes|refusals)/.test(group) ? behindMs : 0;
  const add = (found: Counted | undefined, colo: number, endedAtMs: number) => {
    if (found === undefined) return;
    const untold = isUntold({ colo }, { atMs: endedAtMs, laterMs }, run.lives) ? found.count : 0;
    for (const tally of [...talliesFor(found, tallies), all]) {
      tally.counted += found.count;
      tally.untold += untold;
    }
    for (const tally of talliesOfUndecided(found, tallies)) tally.unclear += found.count;
  };
  for (const row of run.rows) if (row.status !== 0) add(compare.of(row), row.colo, row.endedAtMs);
  for (const row of run.origin) add(compare.ofOrigin?.(row), row.colo, row.atMs + row.tookMs);
  // The isolate may have reported broken or timed-out requests. Their labels are unknown here.
  const cut = cutCount(run) * (group.startsWith("bytes") ? bodyBytesMax : 1);
  const figure = (what: string, told: number, { counted, untold, unclear }: Tally): Figure => {
    return { group, what, told, counted, min: counted - untold, max: counted + unclear + cut };
  };
  const named = [...tallies].map(([key, tally]) => {
    const told = seriesFor(key.split("|")).map((values) =>
      scraped.sum(metric, Object.fromEntries(labels.map((label, at) => [label, values[at] ?? ""]))),
    );
    return figure(
      key,
      told.reduce((sum, each) => sum + each, 0),
      tally,
    );
  });
  // This figure also includes series that the load does not know.
  return isWhole ? [...named, figure("all", scraped.sum(metric), all)] : named;
}

const newTally = (): Tally => ({ counted: 0, untold: 0, unclear: 0 });

function tallyOf(values: readonly string[], tallies: Map<string, Tally>): Tally {
  const key = values.join("|");
  const tally = tallies.get(key) ?? newTally();
  tallies.set(key, tally);
  return tally;
}

/**
 * Returns the tally for the row's own result, if it is known, and for hits the tally of fresh and
 * stale hits together.
 */
function talliesFor({ values }: Counted, tallies: Map<string, Tally>): Tally[] {
  const joint = values.map((value) => (hits.includes(value) || value === undecided ? both : value));
  const own = values.includes(undecided) ? [] : [values];
  const isJoint = joint.includes(both);
  return [...own, ...(isJoint ? [joint] : [])].map((each) => tallyOf(each, tallies));
}

function talliesOfUndecided({ values }: Counted, tallies: Map<string, Tally>): Tally[] {
  if (!values.includes(undecided)) return [];
  return hits.map((hit) =>
    tallyOf(
      values.map((value) => (value === undecided ? hit : value)),
      tallies,
    ),
  );
}

/** @returns the label values of each series that belongs to a tally */
function seriesFor(values: readonly string[]): (readonly string[])[] {
  if (!values.includes(both)) return [values];
  return hits.map((hit) => values.map((value) => (value === both ? hit : value)));
}
