// The locks in Durable Objects. The lock of a key is in the object of its record.
import type { RecordKey } from "../../cache/record/record-key.ts";
import {
  type Lock,
  type LockAnswer,
  lockMs,
  type Locks,
  type LockWord,
  wordMs,
} from "../../cache/tiers/lock.ts";
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import { readMsMax } from "../../remote/latency-bound.ts";
import type { RecordCalls } from "./framed-call.ts";
import type { RecordsClient } from "./records-client.ts";

interface ObjectLocksSettings<Detail> {
  readonly client: RecordsClient;
  readonly namespace: string;
  readonly form: RecordForm<Detail>;
  readonly randomText: () => string;
}

const words = Object.keys(wordMs) as LockWord[];

export class ObjectLocks<Detail> implements Locks<RecordHead<Detail>> {
  readonly #settings: ObjectLocksSettings<Detail>;

  constructor(settings: ObjectLocksSettings<Detail>) {
    this.#settings = settings;
  }

  async ask(key: RecordKey): Promise<LockAnswer<RecordHead<Detail>>> {
    const { form, namespace, randomText } = this.#settings;
    const [token, record, lockKey] = [
      randomText(),
      await key.nameIn(namespace),
      await key.digest(),
    ];
    const ask = { key: lockKey, record, token, ms: lockMs };
    const reply = await this.#replyOf(key, "lock", ask);
    if (reply === undefined) return { kind: "unavailable" };
    const found =
      reply.head === undefined
        ? undefined
        : decodeRecord(reply.head, form, key.knownDigest)?.record;
    const word = words.find((one) => one === reply.value);
    if (word !== undefined) return { kind: "told", word, record: found };
    if (reply.value !== token) return { kind: "held", record: found };
    return { kind: "taken", lock: this.#lockOf(key, lockKey, token), record: found };
  }

  async takeOver(key: RecordKey, word: LockWord): Promise<Lock | undefined> {
    const [value, lockKey] = [this.#settings.randomText(), await key.digest()];
    const ask = { key: lockKey, expected: word, value, ms: lockMs };
    const reply = await this.#replyOf(key, "replace", ask);
    return reply?.isReplaced === true ? this.#lockOf(key, lockKey, value) : undefined;
  }

  #lockOf(key: RecordKey, lockKey: string, token: string): Lock {
    const replace = async (value: string, ms: number) => {
      await this.#replyOf(key, "replace", { key: lockKey, expected: token, value, ms });
    };
    return {
      renew: () => replace(token, lockMs),
      release: (word) => (word === undefined ? replace("", 0) : replace(word, wordMs[word])),
    };
  }

  /** Returns the reply; `undefined` if the object does not answer in time, or its breaker is open. */
  async #replyOf<Call extends "lock" | "replace">(
    key: RecordKey,
    call: Call,
    ask: RecordCalls[Call][0],
  ): Promise<RecordCalls[Call][1] | undefined> {
    const { client } = this.#settings;
    if (client.health.isBreakerOpen) return undefined;
    try {
      const target = await client.objectOf(key);
      return (await client.send({ target, call, ask, msMax: readMsMax, purpose: "lock" })).reply;
    } catch {
      return undefined;
    }
  }
}

/** The oldest lock is dropped first. An object answers fewer calls within the time of a lock. */
const locksMax = 20_000;

/** The locks in one object. They are in its memory, because they last seconds, so a restart frees them. */
export class LockTable {
  readonly #locks = new Map<string, { readonly value: string; readonly untilAtMs: number }>();

  /** Takes the lock if it is free. Returns its value. */
  take({ key, token, ms }: RecordCalls["lock"][0], atMs: number): string {
    const held = this.#held(key, atMs);
    if (held === undefined) this.#hold(key, token, atMs + ms);
    return held ?? token;
  }

  /** Replaces the value of a lock. A call that is sent again changes nothing more. */
  replace({ key, expected, value, ms }: RecordCalls["replace"][0], atMs: number): boolean {
    const held = this.#held(key, atMs);
    if (held !== expected) return held !== undefined && held === value;
    if (value === "") this.#locks.delete(key);
    else this.#hold(key, value, atMs + ms);
    return true;
  }

  #held(key: string, atMs: number): string | undefined {
    const lock = this.#locks.get(key);
    return lock && lock.untilAtMs > atMs ? lock.value : undefined;
  }

  #hold(key: string, value: string, untilAtMs: number): void {
    this.#locks.delete(key);
    this.#locks.set(key, { value, untilAtMs });
    const [oldest] = this.#locks.keys();
    if (this.#locks.size > locksMax && oldest !== undefined) this.#locks.delete(oldest);
  }
}
