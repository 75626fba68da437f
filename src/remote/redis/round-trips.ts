// Opens SDK clients, counts the Redis commands in their requests, and measures the latency.
import type { Redis } from "@upstash/redis/cloudflare";
import { BoundedMap } from "../../base/bounded-map.ts";
import { invocationHere, StoreCalls } from "../invocation.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Trip } from "../remote-client.ts";
import { openClient, type RedisAddress } from "./open-client.ts";

export type RedisCounts = Pick<Metrics, "add" | "took">;

export interface RoundTripSettings extends RedisAddress {
  readonly nowAtMs: () => number;
  readonly metrics?: RedisCounts | undefined;
}

/** Clients over a connection differ by their purpose and timeout, which adapts. */
const clientsMax = 100;

/** A short timeout of reads, for a near database, must not shorten the wait for a slot. */
const slotMsMin = 1_000;

export class RoundTrips {
  readonly #settings: RoundTripSettings;
  readonly #clients = new BoundedMap<Redis>({ sizeMax: clientsMax });
  readonly #calls: StoreCalls;

  constructor(settings: RoundTripSettings) {
    this.#settings = settings;
    this.#calls = new StoreCalls(() => settings.metrics?.add("refusedSubrequests"));
  }

  /**
   * Returns a client for one call. Creates a client per call over HTTP, because a Worker must not use
   * I/O of one request in another. Reuses clients over a connection, because creating one costs Node
   * 3 µs.
   */
  clientFor(trip: Trip): Redis {
    if (this.#settings.carry === undefined) return this.#openedInSlot(trip);
    const name = `${trip.purpose} ${trip.timeoutMs}`;
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const made = this.#opened(trip);
    this.#clients.set(name, made);
    return made;
  }

  /** Over HTTP, a request waits for a connection of its invocation. */
  #openedInSlot(trip: Trip): Redis {
    const invocation = invocationHere();
    trip.hasQueued = invocation.watchLoads();
    trip.isFirstTimeout = (store) => invocation.isFirstTimeout(store);
    const redis = this.#opened(trip);
    redis.use((request, send) => {
      const sent = () => {
        trip.sentAtMs = this.#settings.nowAtMs();
        return send(request);
      };
      return this.#calls.inSlot(sent, Math.max(slotMsMin, trip.timeoutMs));
    });
    return redis;
  }

  #opened({ purpose, timeoutMs }: Trip): Redis {
    const { metrics, nowAtMs } = this.#settings;
    const redis = openClient(this.#settings, timeoutMs);
    if (metrics === undefined) return redis;
    redis.use(async (request, send) => {
      metrics.add("redisCommands", [purpose], commandCount(request));
      const sentAtMs = nowAtMs();
      const answer = await send(request);
      metrics.took("redisSeconds", [purpose], Math.max(0, nowAtMs() - sentAtMs));
      return answer;
    });
    return redis;
  }
}

/**
 * Returns the number of commands in a request, as Upstash bills them. Only the requests of
 * pipelines and transactions have a path.
 */
function commandCount({ path, body }: { path?: string[]; body?: unknown }): number {
  const isOfSeveral = path !== undefined && path.length > 0;
  return isOfSeveral && Array.isArray(body) ? body.length : 1;
}
