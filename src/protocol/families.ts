// The table of metrics of isolates: names, labels and help texts. Counts, reports, totals and the
// Prometheus text use this table.

/** `counter`: a count that only grows. `histogram`: durations in the buckets of `histogram.ts`. */
type Kind = "counter" | "histogram";

/** A metric family, with one series per set of label values. */
export interface Family {
  readonly kind: Kind;
  /** The name in Prometheus. Counters end in `_total`, histograms in `_seconds`. */
  readonly name: string;
  readonly help: string;
  /** The names of the labels. Label values never contain text that clients choose, such as URLs. */
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
    "Answered requests, by result, and by the tier of the answer: memory, edge, shared, origin or none",
  ),
  responseBytes: counter(
    "response_bytes",
    ["route", "result", "tier"],
    "Bytes of answer bodies of known length, without Tidemark's own pages",
  ),
  forwards: counter(
    "forwards",
    ["route", "reason"],
    "Requests forwarded to the origin, by RFC 9211 reason; without requests that waited for another request",
  ),
  refusals: counter("store_refusals", ["route", "rule"], "Answers that were not stored, by rule"),
  originResponses: counter(
    "origin_responses",
    ["route", "class"],
    "Requests to the origin, without probes, by the class of the answer, such as 2xx, or failed",
  ),
  negativeHits: counter("negative_hits", ["route"], "Hits that answered with a stored error"),
  staleIfError: counter("stale_if_error", ["route"], "Stale answers because the origin failed"),
  fallbackAnswers: counter("fallback_answers", ["route"], "Answers of a fallback origin"),
  unverified: counter(
    "unverified",
    ["route"],
    "Answers for which Tidemark could not verify whether a purge covers them",
  ),
  silentVariations: counter("silent_variations", ["route"], "Refreshes that show a missing Vary"),
  lyingValidators: counter(
    "lying_validators",
    ["route"],
    "Pages that changed under the same ETag or Last-Modified at a purge",
  ),
  changedBy304: counter("changed_by_304", ["route"], "304s that changed a stored body's meaning"),
  esi: counter(
    "esi",
    ["route", "result"],
    "ESI fragments, included or failed; and pages with a malformed tag, too large to process, or cut",
  ),
  disconnectedClients: counter(
    "disconnected_clients",
    [],
    "Clients that read nothing of a body while memory for bodies in transit was short",
  ),
  bypassed: counter("bypassed", ["route"], "Requests that the switch sent straight to the origin"),
  tierReads: counter("tier_reads", ["tier", "result"], "Reads of a tier, by result"),
  tierWrites: counter(
    "tier_writes",
    ["tier", "result"],
    "Writes to a tier, by result; not-removed if a removal failed",
  ),
  evictions: counter("evictions", ["tier"], "Records that the memory tier evicted to make room"),
  redisCommands: counter(
    "redis_commands",
    ["purpose"],
    "Commands sent to Redis, including each command of a pipeline or transaction, as Upstash bills them",
  ),
  redisFailures: counter(
    "redis_failures",
    ["cause"],
    "Failed calls of Redis, by cause, without calls that were not sent because the circuit breaker was open",
  ),
  objectCalls: counter("object_calls", ["purpose"], "Calls to Durable Objects"),
  objectRows: counter("object_rows_written", ["purpose"], "Rows that these calls wrote or deleted"),
  refusedSubrequests: counter(
    "refused_subrequests",
    [],
    "Calls to stores that the runtime refused, because one request made too many subrequests",
  ),
  bodyCalls: counter("body_calls", ["call"], "Calls to R2: put, get, head or delete"),
  originRequests: counter("origin_requests", [], "Requests sent to an origin"),
  originRetries: counter("origin_retries", [], "Requests to an origin that were retried"),
  purges: counter("purges", [], "Accepted purges"),
  purgeRefusals: counter("purge_refusals", ["reason"], "Refused purges"),
  webhooks: counter("webhooks", ["hook", "result"], "Webhooks: purged, ignored, test or refusal"),
  operatorRefusals: counter(
    "operator_refusals",
    ["credential", "reason"],
    "Requests with a wrong credential of an operator or a sender of purges, by its place (bearer, debug, challenge, signature, hook or varnish) and by reason",
  ),
  outwardCalls: counter("outward_calls", ["target", "outcome"], "Requests to outward targets"),
  outwardResets: counter("outward_resets", ["target", "reason"], "Outward purges of everything"),
  invalidations: counter(
    "invalidations",
    ["result"],
    "Targets that answers to unsafe methods invalidated, by result",
  ),
  hotKeys: counter("hot_keys", ["result"], "Hot keys to keep warm, by result"),
  warmed: counter(
    "warmed",
    ["kind", "result"],
    "Pages and data keys that an operator warmed, and pages of refresh in purges, by result: already, warmed, not-stored, passed-by or failed",
  ),
  badRecords: counter("bad_records", [], "Records of a tier that could not be read"),
  partFaults: counter("part_faults", ["part"], "Phases of parts that threw"),
  tagsLeftOut: counter("tags_left_out", [], "Tags over 256 bytes, which purges cannot name"),
  backgroundFailures: counter("background_failures", [], "Failed background work"),
  dataRequests: counter(
    "data_requests",
    ["namespace", "result", "tier"],
    "Requested data values, by result, and by where they came from: memory, edge, shared, source or none",
  ),
  dataLoads: counter(
    "data_loads",
    ["namespace", "result"],
    "Data keys requested from their source, by result: worked or failed",
  ),
  dataRefreshes: counter(
    "data_refreshes",
    ["namespace", "by"],
    "Data keys loaded before any request had to wait: in the background, or by the cron trigger",
  ),
  dataWrites: counter(
    "data_writes",
    ["namespace", "tier", "result"],
    "Writes of values to a tier, by result. `not-at-end`: repeated at once, after a purge elsewhere",
  ),
  dataPersists: counter(
    "data_persists",
    ["namespace", "result"],
    "Writes through to the application's database, by result: worked or failed",
  ),
  dataUnpurged: counter(
    "data_unpurged_writes",
    ["namespace"],
    "Calls, such as write and set, whose purge the journal did not accept at once",
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
    "Changes that the sink of a counter or a buffer confirmed; several changes of one key may be one",
  ),
  reports: counter("reports", ["colo"], "Reports of isolates whose counts are in these metrics"),
  reportsLost: counter(
    "reports_lost",
    [],
    "Reports that could not be written; no metric includes their counts",
  ),
  responseSeconds: histogram(
    "response",
    ["route", "result", "tier"],
    "Time from a request to the head of its answer, if the request waited",
  ),
  originSeconds: histogram(
    "origin",
    ["route"],
    "Time from a request to the origin to the head of its answer",
  ),
  originBodySeconds: histogram(
    "origin_body",
    ["route"],
    "Time from a request to the origin to the last byte of a buffered body",
  ),
  dataLoadSeconds: histogram(
    "data_load",
    ["namespace"],
    "Time from a request to the data source to its answer",
  ),
  tierReadSeconds: histogram("tier_read", ["tier"], "Time of a tier read, if a request waited"),
  redisSeconds: histogram("redis", ["purpose"], "Time of an answered round trip to Redis"),
  purgeSpread: histogram(
    "purge_spread",
    ["colo"],
    "Time from a purge's acceptance until an active isolate of the colo had read it",
  ),
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof families;

/**
 * Results of invalidations. `named`: targets; `widened`: targets that a wider target replaced;
 * `purged`: accepted entries; `failed`: targets that did not reach the journal.
 */
type InvalidationCount = "named" | "widened" | "purged" | "failed";

/**
 * Results for hot keys. `sampled`: hits; `flushed`: lists of hot keys that isolates wrote to the store;
 * `refreshed`, `skipped` and `failed`: keys in runs of the cron trigger.
 */
export type HotKeyCount = "sampled" | "flushed" | "refreshed" | "skipped" | "failed";

/** Results of warming pages and data keys. */
type WarmedCount = "already" | "warmed" | "not-stored" | "passed-by" | "failed";

/** Why a purge was refused as a whole. */
export type PurgeRefusal =
  | "too-large"
  | "too-slow"
  | "not-signed"
  | "signature"
  | "timestamp"
  | "not-allowed"
  | "malformed"
  | "id-reused"
  | "mapping-failed"
  | "unavailable";

/** The place of a credential: a field, a signature, or a Varnish client's address or token. */
export type CredentialKind = "bearer" | "debug" | "challenge" | "signature" | "hook" | "varnish";

/** Why a credential was refused. `read-only`: it is valid, but only reads. */
export type CredentialRefusal = "wrong" | "expired" | "malformed" | "read-only";

/** Families whose label values are known at compile time. */
interface KnownLabels {
  readonly invalidations: readonly [InvalidationCount];
  readonly hotKeys: readonly [HotKeyCount];
  readonly warmed: readonly ["pages" | "data" | "refresh", WarmedCount];
  readonly purgeRefusals: readonly [PurgeRefusal];
  readonly webhooks: readonly [string, "purged" | "ignored" | "test" | PurgeRefusal];
  readonly operatorRefusals: readonly [CredentialKind, CredentialRefusal];
}

/** A family's label values, in the order of its labels. */
export type LabelsOf<Name extends FamilyName> = Name extends keyof KnownLabels
  ? KnownLabels[Name]
  : readonly string[];

/** The label value for all routes beyond the limit on series. */
export const otherRoutes = "other routes";

/** Outcomes in which a stored response answered without a wait for the origin. */
export const hitOutcomes: readonly string[] = ["hit", "stale-hit"];
/** Outcomes without a lookup, which the hit rate leaves out. */
export const notLookedUp: readonly string[] = ["passed", "limited", "ruled"];
