// The leases in Durable Objects. The lease of a key is in the object of its record.
import type { RecordKey } from "../../cache/record/record-key.ts";
import {
  type Lease,
  type LeaseAnswer,
  leaseMs,
  type Leases,
  type LeaseWord,
  wordMs,
} from "../../cache/tiers/lease.ts";
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import { readMsMax } from "../../remote/latency-bound.ts";
import type { RecordCalls } from "./framed-call.ts";
import type { RecordsClient } from "./records-client.ts";

interface ObjectLeasesSettings<Detail> {
  readonly client: RecordsClient;
  readonly namespace: string;
  readonly form: RecordForm<Detail>;
  readonly randomText: () => string;
}

const words = Object.keys(wordMs) as LeaseWord[];

export class ObjectLeases<Detail> implements Leases<RecordHead<Detail>> {
  readonly #settings: ObjectLeasesSettings<Detail>;

  constructor(settings: ObjectLeasesSettings<Detail>) {
    this.#settings = settings;
  }

  async ask(key: RecordKey): Promise<LeaseAnswer<RecordHead<Detail>>> {
    const { form, namespace, randomText } = this.#settings;
    const [token, record, leaseKey] = [
      randomText(),
      await key.nameIn(namespace),
      await key.digest(),
    ];
    const ask = { key: leaseKey, record, token, ms: leaseMs };
    const reply = await this.#replyOf(key, "lease", ask);
    if (reply === undefined) return { kind: "unavailable" };
    const found =
      reply.head === undefined
        ? undefined
        : decodeRecord(reply.head, form, key.knownDigest)?.record;
    const word = words.find((one) => one === reply.value);
    if (word !== undefined) return { kind: "told", word, record: found };
    if (reply.value !== token) return { kind: "held", record: found };
    return { kind: "taken", lease: this.#leaseOf(key, leaseKey, token), record: found };
  }

  async takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined> {
    const [value, leaseKey] = [this.#settings.randomText(), await key.digest()];
    const ask = { key: leaseKey, expected: word, value, ms: leaseMs };
    const reply = await this.#replyOf(key, "replace", ask);
    return reply?.isReplaced === true ? this.#leaseOf(key, leaseKey, value) : undefined;
  }

  #leaseOf(key: RecordKey, leaseKey: string, token: string): Lease {
    const replace = async (value: string, ms: number) => {
      await this.#replyOf(key, "replace", { key: leaseKey, expected: token, value, ms });
    };
    return {
      renew: () => replace(token, leaseMs),
      release: (word) => (word === undefined ? replace("", 0) : replace(word, wordMs[word])),
    };
  }

  /** Returns the reply; `undefined` if the object does not answer in time, or its breaker is open. */
  async #replyOf<Call extends "lease" | "replace">(
    key: RecordKey,
    call: Call,
    ask: RecordCalls[Call][0],
  ): Promise<RecordCalls[Call][1] | undefined> {
    const { client } = this.#settings;
    if (client.health.isBreakerOpen) return undefined;
    try {
      const target = await client.objectOf(key);
      return (await client.send({ target, call, ask, msMax: readMsMax, purpose: "lease" })).reply;
    } catch {
      return undefined;
    }
  }
}

/** The oldest lease is dropped first. An object answers fewer calls within the time of a lease. */
const leasesMax = 20_000;

/** The leases in one object. They are in its memory, because they last seconds, so a restart frees them. */
export class LeaseTable {
  readonly #leases = new Map<string, { readonly value: string; readonly untilAtMs: number }>();

  /** Takes the lease if it is free. Returns its value. */
  take({ key, token, ms }: RecordCalls["lease"][0], atMs: number): string {
    const held = this.#held(key, atMs);
    if (held === undefined) this.#hold(key, token, atMs + ms);
    return held ?? token;
  }

  /** Replaces the value of a lease. A call that is sent again changes nothing more. */
  replace({ key, expected, value, ms }: RecordCalls["replace"][0], atMs: number): boolean {
    const held = this.#held(key, atMs);
    if (held !== expected) return held !== undefined && held === value;
    if (value === "") this.#leases.delete(key);
    else this.#hold(key, value, atMs + ms);
    return true;
  }

  #held(key: string, atMs: number): string | undefined {
    const lease = this.#leases.get(key);
    return lease && lease.untilAtMs > atMs ? lease.value : undefined;
  }

  #hold(key: string, value: string, untilAtMs: number): void {
    this.#leases.delete(key);
    this.#leases.set(key, { value, untilAtMs });
    const [oldest] = this.#leases.keys();
    if (this.#leases.size > leasesMax && oldest !== undefined) this.#leases.delete(oldest);
  }
}
