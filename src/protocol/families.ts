// All that isolates count: the one table of names, labels and help texts. The counts of an isolate, its
// reports, the totals and the text for Prometheus are made from this table.

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
    "Requests that were answered, by result, and by the tier of the answer: memory, edge, kv, shared, origin or none",
  ),
  responseBytes: counter(
    "response_bytes",
    ["route", "result", "tier"],
    "Bytes of the bodies of answers, where their length was known; not of Tidemark's own pages",
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
    "Requests to the origin, without probes, by the class of the answer, such as 2xx, or failed",
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
    "Answers for which Tidemark could not tell whether a purge covers them",
  ),
  bypassed: counter("bypassed", ["route"], "Requests that the switch sent straight to the origin"),
  tierReads: counter("tier_reads", ["tier", "result"], "Reads of a tier, by result"),
  tierWrites: counter(
    "tier_writes",
    ["tier", "result"],
    "Writes to a tier, by result; not-removed where a removal failed",
  ),
  evictions: counter("evictions", ["tier"], "Records that the memory tier evicted to make room"),
  redisCommands: counter(
    "redis_commands",
    ["purpose"],
    "Commands that were sent to Redis; each of a pipeline or transaction counts, as Upstash bills it",
  ),
  redisFailures: counter(
    "redis_failures",
    ["cause"],
    "Calls of Redis that failed, by cause; calls that are not sent while Redis is shut off do not count",
  ),
  originRequests: counter("origin_requests", [], "Requests that were sent to an origin"),
  originRetries: counter(
    "origin_retries",
    [],
    "Requests to an origin that were sent a second time",
  ),
  purges: counter("purges", [], "Purges that were accepted"),
  purgeRefusals: counter("purge_refusals", ["reason"], "Purges that were refused"),
  webhooks: counter("webhooks", ["hook", "result"], "Webhooks: purged, ignored, or why refused"),
  operatorRefusals: counter(
    "operator_refusals",
    ["credential", "reason"],
    "Requests with a wrong credential of an operator or of a sender of purges, by where it was (bearer, debug, challenge, signature or hook) and by reason",
  ),
  invalidations: counter(
    "invalidations",
    ["result"],
    "Targets that answers to unsafe methods invalidated, by result",
  ),
  hotKeys: counter("hot_keys", ["result"], "Hot keys that were to be kept warm, by result"),
  warmed: counter(
    "warmed",
    ["kind", "result"],
    "Pages and keys of data that an operator had warmed, by result: already, warmed, not-stored, passed-by or failed",
  ),
  badRecords: counter("bad_records", [], "Records of a tier that could not be read"),
  tagsLeftOut: counter("tags_left_out", [], "Tags over 256 bytes, by which nothing can be purged"),
  backgroundFailures: counter("background_failures", [], "Work behind answers that failed"),
  dataRequests: counter(
    "data_requests",
    ["namespace", "result", "tier"],
    "Values that data was asked for, by result, and by where they came from: memory, edge, shared, source or none",
  ),
  dataLoads: counter(
    "data_loads",
    ["namespace", "result"],
    "Keys of data whose source was asked, by result: worked or failed",
  ),
  dataRefreshes: counter(
    "data_refreshes",
    ["namespace", "by"],
    "Keys of data that were loaded before anybody had to wait: behind an answer, or by the cron trigger",
  ),
  dataWrites: counter(
    "data_writes",
    ["namespace", "tier", "result"],
    "Writes of values to a tier, by result",
  ),
  dataPersists: counter(
    "data_persists",
    ["namespace", "result"],
    "Writes through to the database of the application, by result: worked or failed",
  ),
  dataUnpurged: counter(
    "data_unpurged_writes",
    ["namespace"],
    "Writes through whose purge the journal did not take at once",
  ),
  behindChanges: counter(
    "behind_changes",
    ["set", "result"],
    "Changes of counters and buffers, by result: accepted, late, lost or in-doubt",
  ),
  behindFlushes: counter(
    "behind_flushes",
    ["set", "result"],
    "Flushes of a counter or a buffer, by result: done, more or failed",
  ),
  behindFlushedChanges: counter(
    "behind_flushed_changes",
    ["set"],
    "Changes that the sink of a counter or a buffer has confirmed; several of one key may be one",
  ),
  reports: counter("reports", ["colo"], "Reports of isolates whose counts are in these metrics"),
  reportsLost: counter(
    "reports_lost",
    [],
    "Reports that could not be written; their counts are in no metric",
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
    "From a request to the origin to the last byte of a body that was gathered",
  ),
  dataLoadSeconds: histogram(
    "data_load",
    ["namespace"],
    "From a question to the source of data to its answer",
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

/**
 * What became in the journal of what answers invalidated: targets that they named, those of them
 * that a wider one stands for, entries that were taken, and targets that never got there.
 */
export type InvalidationCount = "named" | "widened" | "purged" | "failed";

/**
 * Of keys that are asked for often: hits that were sampled, and reports of a minute; in runs of the
 * cron trigger, what was refreshed, what needed nothing, and what could not be had.
 */
export type HotKeyCount = "sampled" | "flushed" | "refreshed" | "skipped" | "failed";

/** Of pages and keys of data that an operator had warmed. */
export type WarmedCount = "already" | "warmed" | "not-stored" | "passed-by" | "failed";

/** Why a purge was not accepted; nothing of what was sent is kept. */
export type PurgeRefusal =
  | "too-large"
  | "too-slow"
  | "not-signed"
  | "signature"
  | "timestamp"
  | "malformed"
  | "id-reused"
  | "mapping-failed"
  | "unavailable";

/** Where it is: `Authorization`, `Tidemark-Debug`, `Tidemark-Challenge`, fields of Standard Webhooks or of a hook. */
export type CredentialKind = "bearer" | "debug" | "challenge" | "signature" | "hook";

/** Why a credential was refused. */
export type CredentialRefusal = "wrong" | "expired" | "malformed";

/** Labels whose values are known here. */
interface KnownLabels {
  readonly invalidations: readonly [InvalidationCount];
  readonly hotKeys: readonly [HotKeyCount];
  readonly warmed: readonly ["pages" | "data", WarmedCount];
  readonly purgeRefusals: readonly [PurgeRefusal];
  readonly webhooks: readonly [string, "purged" | "ignored" | PurgeRefusal];
  readonly operatorRefusals: readonly [CredentialKind, CredentialRefusal];
}

/** The values of a family's labels, in their order. */
export type LabelsOf<Name extends FamilyName> = Name extends keyof KnownLabels
  ? KnownLabels[Name]
  : readonly string[];

/** A route of the configuration beyond what a list of series may hold counts under this name. */
export const otherRoutes = "other routes";
