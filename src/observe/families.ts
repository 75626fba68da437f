// What is counted of all isolates: the one table of names, labels and help texts. The counts of an
// isolate, its reports, the totals, and Prometheus' format are made by it.

/** A sum that only rises, or a distribution of durations in the buckets of `histogram.ts`. */
export type Kind = "counter" | "histogram";

/** A family of series, one for each set of its labels' values. */
export interface Family {
  readonly kind: Kind;
  /** As Prometheus has it: a counter ends in `_total`, a histogram is in seconds. */
  readonly name: string;
  readonly help: string;
  /** Never a key, a URL, or anything else that clients choose. */
  readonly labels: readonly string[];
}

const counter = (name: string, labels: readonly string[], help: string): Family => ({
  kind: "counter",
  name: `tidemark_${name}_total`,
  help,
  labels,
});

const histogram = (name: string, labels: readonly string[], help: string): Family => ({
  kind: "histogram",
  name: `tidemark_${name}_seconds`,
  help,
  labels,
});

export const families = {
  requests: counter(
    "requests",
    ["route", "result", "tier"],
    "Requests that were answered, by result, and by the tier that the answer came from, or origin, or none",
  ),
  responseBytes: counter(
    "response_bytes",
    ["route", "result", "tier"],
    "Bytes of the bodies of these answers, where their length was known; not of our own pages",
  ),
  prefixRequests: counter(
    "prefix_requests",
    ["prefix", "result"],
    "Requests to paths below the prefixes that the configuration names under metrics",
  ),
  forwards: counter(
    "forwards",
    ["route", "reason"],
    "Requests that were themselves sent to the origin, by RFC 9211 reason",
  ),
  refusals: counter("store_refusals", ["route", "rule"], "Answers that were not stored, by rule"),
  originResponses: counter(
    "origin_responses",
    ["route", "class"],
    "What requests to the origin came to, probes left out: the class of the answer, such as 2xx, or failed",
  ),
  negativeHits: counter("negative_hits", ["route"], "Hits that answered with a stored error"),
  staleIfError: counter(
    "stale_if_error",
    ["route"],
    "Requests that a stale response answered in place of a failed origin",
  ),
  unverified: counter(
    "unverified",
    ["route"],
    "Answers of which nobody could tell whether a purge covers them",
  ),
  bypassed: counter("bypassed", ["route"], "Requests that the switch sent straight to the origin"),
  tierReads: counter("tier_reads", ["tier", "result"], "Reads of a tier, by what they came to"),
  tierWrites: counter(
    "tier_writes",
    ["tier", "result"],
    "Writes to a tier, by what they came to; not-removed where a removal failed",
  ),
  evictions: counter("evictions", ["tier"], "Records that the memory tier let go to make room"),
  redisCommands: counter(
    "redis_commands",
    ["purpose"],
    "Commands that were sent to Redis; each of a pipeline or transaction counts, as Upstash bills it",
  ),
  redisFailures: counter(
    "redis_failures",
    ["cause"],
    "Calls of Redis that failed, by cause; not what is never sent while Redis is shut off",
  ),
  originRequests: counter("origin_requests", [], "Requests that were sent to an origin"),
  originRetries: counter("origin_retries", [], "Those of them that were sent a second time"),
  purges: counter("purges", [], "Purges that were accepted"),
  purgeRefusals: counter("purge_refusals", ["reason"], "Purges that were refused"),
  invalidations: counter(
    "invalidations",
    ["result"],
    "Targets that answers to unsafe methods invalidated, by what became of them",
  ),
  hotKeys: counter("hot_keys", ["result"], "What keeping hot keys warm came to"),
  badRecords: counter("bad_records", [], "Records of a tier that could not be read"),
  tagsLeftOut: counter("tags_left_out", [], "Tags over 256 bytes, by which nothing can be purged"),
  backgroundFailures: counter("background_failures", [], "Work behind answers that failed"),
  reports: counter("reports", ["colo"], "Reports of isolates that are in these numbers"),
  reportsLost: counter(
    "reports_lost",
    [],
    "Reports that could not be written, and are in no number",
  ),
  responseSeconds: histogram(
    "response",
    ["route", "result", "tier"],
    "From a request to the head of its answer, where something was waited for",
  ),
  originSeconds: histogram(
    "origin",
    ["route"],
    "From a request to the origin to the head of its answer",
  ),
  originBodySeconds: histogram(
    "origin_body",
    ["route"],
    "The same until the last byte of a body that was gathered",
  ),
  tierReadSeconds: histogram("tier_read", ["tier"], "Reads of a tier that were waited for"),
  redisSeconds: histogram("redis", ["purpose"], "Round trips to Redis that were answered"),
  purgeSpread: histogram(
    "purge_spread",
    ["colo"],
    "From the acceptance of a purge until an isolate of the colo that was at work had read it",
  ),
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof families;

/** A route of the configuration beyond what a list of series may hold counts under this name. */
export const otherRoutes = "other routes";
