// The metrics of all isolates for a scrape, and their text for Prometheus: the counted families, and
// gauges with the current state of colos, database and deployment.
import { type DatabaseInfo, readDatabaseInfo } from "../../remote/redis/database-info.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { ColoState, Totals } from "./totals.ts";
import { type Family, type FamilyName, families } from "../../protocol/families.ts";
import { boundsMs } from "../histogram.ts";
import { partsOf, type Sums } from "../sums.ts";

/** The data that a scrape shows. */
export interface ScrapeData {
  readonly totals: Totals;
  /** `null` if the database did not answer INFO; `undefined` without a database. */
  readonly info: DatabaseInfo | null | undefined;
  readonly build: {
    readonly version: string;
    /** The largest N of all routes. */
    readonly purgeBoundSeconds: number;
  };
  /** The gauges of parts. */
  readonly ofParts?: readonly GaugeFamily[];
}

/** A family with its current values. */
export interface GaugeFamily extends FamilyHead {
  readonly kind: "gauge";
  readonly samples: readonly Sample[];
}

/** A family whose samples are current values, not sums of reports. */
interface Gauge extends FamilyHead {
  readonly kind: "gauge" | "counter";
  readonly samples: (shown: ScrapeData) => readonly Sample[];
}

export const gauges: readonly Gauge[] = [
  ofColo(
    "journal_lag_seconds",
    "Time from the acceptance of the last purge that an isolate read until it was read",
    ({ lagMs }) => seconds(lagMs),
  ),
  ofColo(
    "journal_lag_worst_seconds",
    "The longest time from the acceptance of a purge until it was read, since the isolate's previous report",
    ({ lagWorstMs }) => seconds(lagWorstMs),
  ),
  ofColo(
    "view_age_seconds",
    "Time from the last proven read of the purge journal until the report",
    ({ viewAgeMs }) => seconds(viewAgeMs),
  ),
  ofColo(
    "memory_tier_bytes",
    "Bytes in the isolate's memory tier",
    ({ memoryBytes }) => memoryBytes,
  ),
  ofColo(
    "memory_tier_records",
    "Records in the isolate's memory tier",
    ({ memoryRecords }) => memoryRecords,
  ),
  ofColo("last_report_timestamp_seconds", "Time of the last report of an isolate", ({ atMs }) =>
    seconds(atMs),
  ),
  alone(
    "start_time_seconds",
    "The start of the oldest count; a later time than before means that counting started over",
    ({ totals }) => (totals.sums.size === 0 ? null : seconds(totals.startedAtMs)),
  ),
  {
    kind: "gauge",
    name: "tidemark_build_info",
    help: "1, with the version that answered the scrape",
    labels: ["version"],
    samples: ({ build }) => [{ labels: [build.version], value: 1 }],
  },
  alone(
    "purge_bound_seconds",
    "N: seconds after its acceptance until a purge takes effect everywhere; the longest of all routes",
    ({ build }) => build.purgeBoundSeconds,
  ),
  alone("redis_up", "1 if the database answered INFO at this scrape, else 0", ({ info }) =>
    info === undefined ? null : Number(info !== null),
  ),
  alone(
    "redis_memory_bytes",
    "Bytes that the database holds: data if reported, as by Upstash, else memory",
    ({ info }) => info?.usedBytes,
  ),
  alone(
    "redis_memory_max_bytes",
    "Limit of the bytes that the database may hold, if it has one",
    ({ info }) => info?.maxBytes,
  ),
  alone("redis_keys", "Keys in the database, from any application", ({ info }) => info?.keys),
  {
    ...alone(
      "redis_evicted_keys_total",
      "Keys that the database evicted to make room, since it started",
      ({ info }) => info?.evictedKeys,
    ),
    kind: "counter",
  },
];

/** Makes a gauge with one sample per reporting colo. */
function ofColo(name: string, help: string, valueOf: (state: ColoState) => number | null): Gauge {
  return {
    kind: "gauge",
    name: `tidemark_${name}`,
    help: `${help}; from the newest report of each colo`,
    labels: ["colo"],
    samples: ({ totals }) =>
      Array.from(totals.colos, ([colo, state]) => sampleOf([colo], valueOf(state))).flat(),
  };
}

/** Makes a gauge without labels. The gauge has no sample if its value is unknown. */
function alone(
  name: string,
  help: string,
  valueOf: (shown: ScrapeData) => number | null | undefined,
): Gauge {
  return {
    kind: "gauge",
    name: `tidemark_${name}`,
    help,
    labels: [],
    samples: (shown) => sampleOf([], valueOf(shown)),
  };
}

function sampleOf(labels: readonly string[], value: number | null | undefined): Sample[] {
  return value === null || value === undefined ? [] : [{ labels, value }];
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

/** Upper bounds of all histograms' buckets. */
export const boundsSeconds = boundsMs.map((ms) => ms / 1_000);

/**
 * The parts of a series' name after the family, and the series' count. The parts are the label
 * values. A histogram's series also has `sum` or the name of a bucket.
 */
type LabelledCount = readonly [rest: readonly string[], count: number];

function seriesByFamily(sums: Sums): ReadonlyMap<FamilyName, readonly LabelledCount[]> {
  const byFamily = new Map<FamilyName, LabelledCount[]>();
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts === undefined) continue;
    const counts = byFamily.get(parts.family) ?? [];
    counts.push([parts.rest, count]);
    byFamily.set(parts.family, counts);
  }
  return byFamily;
}

/** Returns a counter's samples. A counter without labels always has a sample. */
function samplesOf({ labels: names }: Family, counts: readonly LabelledCount[]): Sample[] {
  const samples = counts
    .filter(([labels]) => labels.length === names.length)
    .map(([labels, value]) => ({ labels, value }));
  return samples.length === 0 && names.length === 0 ? [{ labels: [], value: 0 }] : samples;
}

/**
 * Returns a histogram's distributions. Each distribution has a count per bound, and one more for
 * durations above the last bound.
 */
function distributionsOf(
  { labels: names }: Family,
  counts: readonly LabelledCount[],
): Distribution[] {
  const found = new Map<string, { labels: readonly string[]; counts: number[]; sum: number }>();
  for (const [rest, value] of counts) {
    const labels = rest.slice(0, -1);
    const part = rest.at(-1) ?? "";
    const bucket = bucketIn(part);
    if (labels.length !== names.length || (bucket === undefined && part !== "sum")) continue;
    const key = labels.join("|");
    const one = found.get(key) ?? { labels, counts: noCounts(), sum: 0 };
    found.set(key, one);
    if (bucket === undefined) one.sum += value;
    else one.counts[bucket] = (one.counts[bucket] ?? 0) + value;
  }
  return [...found.values()];
}

const noCounts = () => [...boundsSeconds, Infinity].map(() => 0);

/** Returns a bucket's index from its name, such as 7 for `b7`; `undefined` for any other part. */
function bucketIn(part: string): number | undefined {
  const index = /^b\d{1,3}$/.test(part) ? Number(part.slice(1)) : undefined;
  return index === undefined || index > boundsSeconds.length ? undefined : index;
}

/** The content type of a scrape. */
const textFormatType = "text/plain; version=0.0.4; charset=utf-8";

/** The description of a metric family. */
export interface FamilyHead {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  /** The names of the labels. */
  readonly labels: readonly string[];
}

/** The value of one series. */
interface Sample {
  /** The label values, in the order of the family's label names. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** The counts and the sum of a histogram, for one set of label values. */
interface Distribution {
  readonly labels: readonly string[];
  /** The count of each bucket, not cumulative. One more count is for durations above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Returns the head and a line per sample; an empty string for a family without samples. */
function familyText(head: FamilyHead, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => line(head.name, pairs(head, labels), value));
  return headText(head) + lines.join("");
}

/** Returns the head, and each distribution's cumulative buckets, sum and count. */
function histogramText(head: FamilyHead, distributions: readonly Distribution[]): string {
  if (distributions.length === 0) return "";
  const bounds = [...boundsSeconds.map(boundText), "+Inf"];
  let text = headText(head);
  for (const { labels, counts, sum } of distributions) {
    const own = pairs(head, labels);
    // Build this prefix once, because a site has thousands of these lines.
    const bucket = `${head.name}_bucket{${own.map((pair) => `${pair},`).join("")}le="`;
    let count = 0;
    for (const [index, bound] of bounds.entries()) {
      count += counts[index] ?? 0;
      text += `${bucket}${bound}"} ${count}\n`;
    }
    text += line(`${head.name}_sum`, own, sum) + line(`${head.name}_count`, own, count);
  }
  return text;
}

function headText({ name, help, kind }: FamilyHead): string {
  const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${text}\n# TYPE ${name} ${kind}\n`;
}

function pairs({ labels: names }: FamilyHead, values: readonly string[]): string[] {
  return names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`);
}

function line(name: string, labels: readonly string[], value: number): string {
  const braced = labels.length === 0 ? "" : `{${labels.join(",")}}`;
  return `${name}${braced} ${value}\n`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Formats a bound with six digits, which keep all bounds distinct. */
const boundText = (bound: number): string => String(Number(bound.toPrecision(6)));

/**
 * Builds the body of a scrape from the families and gauges with samples. Counters without labels
 * are always present. Skips series of other versions.
 *
 * @returns text format 0.0.4
 */
export function prometheusText(shown: ScrapeData): string {
  const { counted, current } = scraped(shown);
  const texts = counted.map((one) =>
    "samples" in one
      ? familyText(one.head, one.samples)
      : histogramText(one.head, one.distributions),
  );
  return [...texts, ...current.map(({ head, samples }) => familyText(head, samples))].join("");
}

/**
 * Returns the counted families and all gauges, with their values. Skips series that this version
 * does not know.
 */
export function scraped(shown: ScrapeData) {
  const byFamily = seriesByFamily(shown.totals.sums);
  const counted = Object.entries(families).map(([name, head]: [string, Family]) => {
    const counts = byFamily.get(name as FamilyName) ?? [];
    return head.kind === "counter"
      ? { head, samples: samplesOf(head, counts) }
      : { head, distributions: distributionsOf(head, counts) };
  });
  const own = gauges.map((head) => ({ head, samples: head.samples(shown) }));
  const ofParts = (shown.ofParts ?? []).map((head) => ({ head, samples: head.samples }));
  return { counted, current: [...own, ...ofParts] };
}

/** Reads the database's `info` for a scrape, with one command. Never rejects. */
export async function scrapedInfo(
  redis: Pick<RedisClient, "look"> | undefined,
): Promise<ScrapeData["info"]> {
  if (redis === undefined) return undefined;
  const info = await readDatabaseInfo(redis, "metrics");
  return info.kind === "answered" ? info.value : null;
}

/** Returns the answer to a scraper. */
export function scrapeAnswer(shown: ScrapeData): Response {
  const headers = { "content-type": textFormatType, "cache-control": "no-store" };
  return new Response(prometheusText(shown), { headers });
}
