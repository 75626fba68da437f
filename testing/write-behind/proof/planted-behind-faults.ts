// Counters with one fault each, which a run must find. A fault is a part that breaks one rule and
// replaces the real part. Workers and the process have the same fault.
import type { DataPlatform } from "../../../src/data-cache.ts";
import { type RedisAnswer, RedisClient } from "../../../src/redis/redis-client.ts";
import type { CounterSink } from "../../../src/write-behind/sinks/sink.ts";
import { acceptAddsScript } from "../../../src/write-behind/slice-scripts.ts";
import { withScripts } from "../../consistency/data/changed-scripts.ts";

/** The parts of a cache and its sets. */
interface Planted extends Pick<DataPlatform, "parts"> {
  readonly sink?: (real: CounterSink) => CounterSink;
}

const eachBatchNew = withScripts((real) => (script, keys, args) => {
  const [index = "", count = "", slice = "", batch = ""] = keys;
  const isAccept = script === acceptAddsScript;
  const another = [index, count, slice, `${batch}:${crypto.randomUUID()}`];
  return real(script, isAccept ? another : keys, args);
});

/** A timeout that Redis exceeds for some batches of any run. */
const hastyMs = 10;

/** A client that treats an unanswered batch as rejected by the script. */
class CertainClient extends RedisClient {
  override async write<T>(
    ...[purpose, run, timeoutMs]: Parameters<typeof RedisClient.prototype.write<T>>
  ): Promise<RedisAnswer<T>> {
    const isBatch = purpose === "write-behind, accepted";
    const answer = await super.write<T>(purpose, run, isBatch ? hastyMs : timeoutMs);
    if (!isBatch || answer.kind === "answered") return answer;
    return { kind: "answered", value: ["late"] as T };
  }
}

export const plantedBehindFaults = {
  /** Step 2 broken: a repeated batch counts again. */
  "no-batch-known": { parts: { redis: eachBatchNew } },
  /**
   * Step 5 broken: the database applies a chunk regardless of its mark, as if its slice were the
   * newest.
   */
  "mark-not-asked": {
    sink: (real) => ({
      ...real,
      apply: (chunk) => real.apply({ ...chunk, slice: Number.MAX_SAFE_INTEGER }),
    }),
  },
  /** Step 6 broken: a slice is deleted although the database has not confirmed it. */
  "dropped-unconfirmed": {
    sink: (real) => ({ ...real, apply: (chunk) => real.apply(chunk).catch(() => undefined) }),
  },
  /** A change that may count is reported as rejected. */
  "doubt-denied": { parts: { redis: (settings) => new CertainClient(settings) } },
} as const satisfies Record<string, Planted>;

export type PlantedBehindFault = keyof typeof plantedBehindFaults;

/** Returns the parts of a fault; none without one. */
export function plantedBehind(fault: PlantedBehindFault | undefined): Planted {
  return fault === undefined ? {} : plantedBehindFaults[fault];
}

export const isPlantedBehind = (name: string): name is PlantedBehindFault =>
  name in plantedBehindFaults;
