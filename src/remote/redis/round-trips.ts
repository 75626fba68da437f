// Sends the commands of one call, counts them, and measures the latency.
import { outsideNext } from "../../base/outside-next.ts";
import { invocationHere, StoreCalls } from "../invocation.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Trip } from "../remote-client.ts";
import type { ReachRest, RedisAddress, Transport } from "./address.ts";
import { type Command, type Form, Redis, RedisRefusal } from "./redis.ts";

export type RedisCounts = Pick<Metrics, "add" | "took">;

export interface RoundTripSettings extends RedisAddress {
  readonly nowAtMs: () => number;
  readonly metrics?: RedisCounts | undefined;
}

/** A short timeout of reads, for a near database, must not shorten the wait for a slot. */
const slotMsMin = 1_000;

export class RoundTrips {
  readonly #nowAtMs: () => number;
  readonly #metrics: RedisCounts | undefined;
  readonly #transport: Transport;
  /** Calls over HTTP, which the platform limits. */
  readonly #calls: StoreCalls | undefined;

  constructor({ nowAtMs, metrics, ...address }: RoundTripSettings, reachRest: ReachRest) {
    this.#nowAtMs = nowAtMs;
    this.#metrics = metrics;
    this.#transport = address.transport ?? reachRest(address);
    const onRefused = () => metrics?.add("refusedSubrequests");
    this.#calls = address.transport === undefined ? new StoreCalls(onRefused) : undefined;
  }

  /** Returns the database for one call. */
  clientFor(trip: Trip): Redis {
    const calls = this.#calls;
    if (calls === undefined) {
      trip.onSent?.();
      return new Redis((form, commands) => this.#sent(form, commands, trip));
    }
    const invocation = invocationHere();
    trip.hasQueued = invocation.watchLoads();
    trip.isFirstTimeout = (store) => invocation.isFirstTimeout(store);
    const waitMsMax = Math.max(slotMsMin, trip.timeoutMs);
    return new Redis((form, commands) => {
      const send = () => {
        trip.sentAtMs = this.#nowAtMs();
        trip.onSent?.();
        return outsideNext(() => this.#sent(form, commands, trip));
      };
      return calls.inSlot(send, waitMsMax);
    });
  }

  async #sent(form: Form, commands: readonly Command[], { purpose, timeoutMs }: Trip) {
    const metrics = this.#metrics;
    if (metrics === undefined) return this.#transport(form, commands, timeoutMs);
    metrics.add("redisCommands", [purpose], commands.length);
    const sentAtMs = this.#nowAtMs();
    const replies = await this.#transport(form, commands, timeoutMs);
    if (replies.every((reply) => reply instanceof RedisRefusal)) return replies;
    metrics.took("redisSeconds", [purpose], Math.max(0, this.#nowAtMs() - sentAtMs));
    return replies;
  }
}
