// Counters with one planted fault each, which a run must find. A fault replaces the Redis client or
// the sink, and breaks one step of docs/internals/write-behind-protocol.md. All Workers and the process have
// the same fault.
import type { RemoteAnswer } from "../../../src/remote/remote-client.ts";
import type { DataPlatform } from "../../../src/data-cache.ts";
import { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { overUpstash } from "../../../src/remote/redis/rest.ts";
import type { CounterSink } from "../../../src/write-behind/sinks/sink.ts";
import { acceptAddsScript } from "../../../src/write-behind/slice-scripts.ts";
import { withScripts } from "../../consistency/data/changed-scripts.ts";

/** Replacement parts of a data cache, and an optional wrapper for the sink of its counters. */
interface Planted extends Pick<DataPlatform, "factories"> {
  readonly sink?: (real: CounterSink) => CounterSink;
}

/** A client that sends each batch under a new id, so that Redis cannot recognize a repetition. */
const eachBatchNew = withScripts((real) => (script, keys, args) => {
  const another = args.with(5, crypto.randomUUID());
  return real(script, keys, script === acceptAddsScript ? another : args);
});

/** A time-out so short that some batches exceed it in any run. */
const hastyMs = 10;

/** A client that reports a batch without an answer as refused by Redis. */
class CertainClient extends RedisClient {
  override async write<T>(
    ...[purpose, run, timeoutMs]: Parameters<typeof RedisClient.prototype.write<T>>
  ): Promise<RemoteAnswer<T>> {
    const isBatch = purpose === "write-behind, accepted";
    const answer = await super.write<T>(purpose, run, isBatch ? hastyMs : timeoutMs);
    if (!isBatch || answer.kind === "answered") return answer;
    return { kind: "answered", value: ["late", String(Date.now()), "0"] as T };
  }
}

export const plantedBehindFaults = {
  /** Step 2 broken: a batch that is sent again counts again. */
  "no-batch-known": { factories: { redis: eachBatchNew } },
  /**
   * Step 5 broken: the database applies a chunk again that its mark already covers, because the
   * chunk claims to belong to a newer slice.
   */
  "mark-not-asked": {
    sink: (real) => ({
      ...real,
      apply: (chunk) => real.apply({ ...chunk, slice: Number.MAX_SAFE_INTEGER }),
    }),
  },
  /** Step 6 broken: Redis drops a slice although the database has not confirmed its chunks. */
  "dropped-unconfirmed": {
    sink: (real) => ({ ...real, apply: (chunk) => real.apply(chunk).catch(() => undefined) }),
  },
  /** A change that is in doubt is reported as refused. */
  "doubt-denied": { factories: { redis: (settings) => new CertainClient(settings, overUpstash) } },
} as const satisfies Record<string, Planted>;

export type PlantedBehindFault = keyof typeof plantedBehindFaults;

/** Returns the replacements of a fault; an empty object without a fault. */
export function plantedBehind(fault: PlantedBehindFault | undefined): Planted {
  return fault === undefined ? {} : plantedBehindFaults[fault];
}

export const isPlantedBehind = (name: string): name is PlantedBehindFault =>
  name in plantedBehindFaults;
