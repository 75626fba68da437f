// The metrics that are not in `families.ts`: the current state of colos, database and deployment.
import type { DatabaseInfo } from "../redis/database-info.ts";
import type { FamilyHead, Sample } from "./text-format.ts";
import type { ColoState, Totals } from "./totals.ts";

/** The data that a scrape shows. */
export interface ScrapeData {
  readonly totals: Totals;
  /** `null` if the database did not answer INFO. */
  readonly info: DatabaseInfo | null;
  readonly build: {
    readonly version: string;
    /** The largest N of all routes. */
    readonly purgeBoundSeconds: number;
  };
  /** The age in seconds of the oldest purge that each target of outward purges has not confirmed. */
  readonly outwardLags?: readonly (readonly [target: string, seconds: number])[];
}

/** A family whose samples are current values, not sums of reports. */
export interface Gauge extends FamilyHead {
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
    "When counting started; a later time than before means that counting started over",
    // Counting starts with the first report.
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
  {
    kind: "gauge",
    name: "tidemark_outward_lag_seconds",
    help: "Age of the oldest purge that a target of outward purges has not confirmed; 0 without one",
    labels: ["target"],
    samples: ({ outwardLags = [] }) =>
      outwardLags.map(([target, value]) => ({ labels: [target], value })),
  },
  alone("redis_up", "1 if the database answered INFO at this scrape, else 0", ({ info }) =>
    info === null ? 0 : 1,
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
