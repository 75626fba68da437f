// What is shown beside the counts of `families.ts`: the state of colos, of the database, and of the
// deployment itself.
import type { DatabaseInfo } from "../redis/database-info.ts";
import type { FamilyHead, Sample } from "./text-format.ts";
import type { ColoState, Totals } from "./totals.ts";

/** What a scrape shows. */
export interface Shown {
  readonly totals: Totals;
  /** `null` where the database did not answer INFO. */
  readonly info: DatabaseInfo | null;
  readonly build: {
    readonly version: string;
    /** N of the configuration. */
    readonly purgeBoundSeconds: number;
  };
}

/** A family whose samples are read from what is shown, not added up. */
export interface Gauge extends FamilyHead {
  readonly kind: "gauge" | "counter";
  readonly samples: (shown: Shown) => readonly Sample[];
}

export const gauges: readonly Gauge[] = [
  ofColo(
    "journal_lag_seconds",
    "From the acceptance of the last purge that an isolate read until it was read",
    ({ lagMs }) => seconds(lagMs),
  ),
  ofColo(
    "journal_lag_worst_seconds",
    "The longest such time since the isolate's report before",
    ({ lagWorstMs }) => seconds(lagWorstMs),
  ),
  ofColo(
    "view_age_seconds",
    "From the last proven read of the purge journal until the report",
    ({ viewAgeMs }) => seconds(viewAgeMs),
  ),
  ofColo(
    "memory_tier_bytes",
    "What the memory tier of the isolate holds, in bytes",
    ({ memoryBytes }) => memoryBytes,
  ),
  ofColo(
    "memory_tier_records",
    "What the memory tier of the isolate holds, in records",
    ({ memoryRecords }) => memoryRecords,
  ),
  ofColo("last_report_timestamp_seconds", "When an isolate of the colo reported last", ({ atMs }) =>
    seconds(atMs),
  ),
  alone(
    "start_time_seconds",
    "When counting began; a later one tells of a new beginning",
    // Before the first report nothing has begun.
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
    "Within how many seconds after its acceptance a purge is seen everywhere: N, of all routes the longest",
    ({ build }) => build.purgeBoundSeconds,
  ),
  alone("redis_up", "1 if the database answered INFO at this scrape, else 0", ({ info }) =>
    info === null ? 0 : 1,
  ),
  alone(
    "redis_memory_bytes",
    "What the database holds: data where it tells their size, as Upstash does, else memory",
    ({ info }) => info?.usedBytes,
  ),
  alone(
    "redis_memory_max_bytes",
    "The bound of that, where there is one",
    ({ info }) => info?.maxBytes,
  ),
  alone("redis_keys", "Keys in the database, whoever wrote them", ({ info }) => info?.keys),
  {
    ...alone(
      "redis_evicted_keys_total",
      "Keys that the database let go to make room, since it started",
      ({ info }) => info?.evictedKeys,
    ),
    kind: "counter",
  },
];

/** One sample for each colo whose isolates have told it. */
function ofColo(name: string, help: string, valueOf: (state: ColoState) => number | null): Gauge {
  return {
    kind: "gauge",
    name: `tidemark_${name}`,
    help: `${help}; of the newest report of each colo`,
    labels: ["colo"],
    samples: ({ totals }) =>
      Array.from(totals.colos, ([colo, state]) => sampleOf([colo], valueOf(state))).flat(),
  };
}

/** One sample without labels; none where nobody knows. */
function alone(
  name: string,
  help: string,
  valueOf: (shown: Shown) => number | null | undefined,
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
