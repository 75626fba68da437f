// The metrics beside what the load, the origin and Redis have counted: equal while no isolate dies; else
// short by no more than the isolates that were killed had not told.
import type { Figure } from "./figure.ts";
import type { TruthRun } from "./run.ts";
import { behindMs, cutCount, isUntold } from "./untold.ts";
import { otherFigures } from "./other-figures.ts";
import { Scraped } from "./scraped.ts";
import type { Row } from "./seen.ts";

/** What one row counts, and under which values of the labels. */
interface Counted {
  readonly values: readonly string[];
  readonly count: number;
}

/** What is compared of each row. */
interface Compared {
  readonly group: string;
  readonly metric: string;
  readonly labels: readonly string[];
  /** `undefined` for a row that does not count. */
  readonly of: (row: Row) => Counted | undefined;
  /** Every series of the metric is of rows of the load. */
  readonly isWhole: boolean;
}

const hits = ["hit", "stale-hit"];
/** Of Cache-Status with `ttl=0`. */
const undecided = "hit or stale-hit";
/** A fresh one and a stale one together. */
export const both = "hit and stale-hit";
const isHit = ({ result }: Row): boolean => result === undecided || hits.includes(result);
const one = (values: readonly string[]) => ({ values, count: 1 });

const compared: readonly Compared[] = [
  {
    group: "requests by route and result",
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
    // Where the origin fails, a stale hit does not tell its tier.
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
    group: "stale answers of a failed origin, by route",
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
    group: "refusals to store of the private pages, by rule",
    metric: "tidemark_store_refusals_total",
    isWhole: false,
    labels: ["route", "rule"],
    of: ({ route, rule }) =>
      route === "mine" && rule !== undefined ? one([route, rule]) : undefined,
  },
];

/** What the load has counted under some values of the labels. */
interface Tally {
  counted: number;
  /** Of it, what isolates had not told when they were killed. */
  untold: number;
  /** Hits with `ttl=0`, fresh or stale. */
  unclear: number;
}

/** No body of the site is longer. */
const bodyBytesMax = 17_408;

/** @returns a figure for each series that can be told from outside, and for the sum of each family */
export function figuresOf(run: TruthRun): Figure[] {
  const scraped = new Scraped(run.metrics);
  const ofRows = compared.flatMap((each) => figuresOfRows(each, run, scraped));
  return [...ofRows, ...otherFigures(run, scraped)];
}

function figuresOfRows(compare: Compared, run: TruthRun, scraped: Scraped): Figure[] {
  const { group, metric, labels, isWhole } = compare;
  const tallies = new Map<string, Tally>();
  const all = newTally();
  // A length that was not stated, and a refusal, are counted behind the answer.
  const laterMs = /^(?:bytes|refusals)/.test(group) ? behindMs : 0;
  for (const row of run.rows) {
    const found = row.status === 0 ? undefined : compare.of(row);
    if (found === undefined) continue;
    const untold = isUntold(row, { atMs: row.endedAtMs, laterMs }, run.lives) ? found.count : 0;
    for (const tally of [...talliesFor(found, tallies), all]) {
      tally.counted += found.count;
      tally.untold += untold;
    }
    for (const tally of talliesOfUndecided(found, tallies)) tally.unclear += found.count;
  }
  // What broke off, or came too late for its client, may have been told: as what, nobody knows.
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
  // A series that the load knows nothing of would be in no other figure.
  return isWhole ? [...named, figure("all", scraped.sum(metric), all)] : named;
}

const newTally = (): Tally => ({ counted: 0, untold: 0, unclear: 0 });

function tallyOf(values: readonly string[], tallies: Map<string, Tally>): Tally {
  const key = values.join("|");
  const tally = tallies.get(key) ?? newTally();
  tallies.set(key, tally);
  return tally;
}

/** Of its own result, where that is known, and of hits of both kinds together. */
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

/** @returns the values of each series that a key stands for */
function seriesFor(values: readonly string[]): (readonly string[])[] {
  if (!values.includes(both)) return [values];
  return hits.map((hit) => values.map((value) => (value === both ? hit : value)));
}
