// Leases in Redis. The value of a lease is its holder's token, or a word that the last holder left
// for waiting requests.
import {
  type Lease,
  type LeaseAnswer,
  leaseMs,
  type Leases,
  type LeaseWord,
  wordMs,
} from "../../cache/tiers/lease.ts";
import { type Command, scriptCommand } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { readTrouble } from "../../remote/redis/trouble.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import { isCutHead, readCommand, recordIn } from "./record-text.ts";

/** The timeout for requesting a lease. The client's request is then forwarded without a lease. */
const askMsMax = 1_000;

const words = Object.keys(wordMs) as LeaseWord[];

export interface LeasesSettings<Detail> {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly form: RecordForm<Detail>;
  readonly randomText: () => string;
}

export class RedisLeases<Detail> implements Leases<RecordHead<Detail>> {
  readonly #settings: LeasesSettings<Detail>;

  constructor(settings: LeasesSettings<Detail>) {
    this.#settings = settings;
  }

  /**
   * Takes the lease if it is free, and reads the record, with three commands in one transaction.
   */
  async ask(key: RecordKey): Promise<LeaseAnswer<RecordHead<Detail>>> {
    const { redis, namespace, randomText } = this.#settings;
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    const sealed = new SealedLease(redis, leaseKey);
    const token = sealed.text(randomText());
    const recordKey = await key.nameIn(namespace);
    const answer = await redis.write(
      "lease",
      async (client) => {
        const take: readonly Command[] = [
          ["SET", leaseKey, token, "NX", "PX", leaseMs],
          ["GET", leaseKey],
        ];
        try {
          return await client.multi([...take, readCommand(recordKey, "metadata")]);
        } catch (cause) {
          // The record's key holds another type. The earlier commands took effect, so the lease may
          // be ours.
          if (readTrouble(cause) !== "wrong-type") throw cause;
          return client.multi(take);
        }
      },
      askMsMax,
    );
    if (answer.kind === "unavailable") return answer;
    const [, held, text] = answer.value;
    const value = sealed.value(held);
    // Nobody knows how long a forged lease lasts.
    if (value === undefined) return { kind: "unavailable" };
    const record = await this.#recordIn(text, recordKey);
    if (held === token) {
      return { kind: "taken", lease: new RedisLease({ redis, leaseKey, token }), record };
    }
    const word = words.find((one) => one === value);
    return word === undefined ? { kind: "held", record } : { kind: "told", word, record };
  }

  /** Replaces a word with a lease, with one command. */
  async takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined> {
    const { redis, namespace, randomText } = this.#settings;
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    const sealed = new SealedLease(redis, leaseKey);
    const token = sealed.text(randomText());
    const lease = new RedisLease({ redis, leaseKey, token });
    return (await lease.replace(sealed.text(word), token, leaseMs)) ? lease : undefined;
  }

  /** Decodes a record. If its metadata is cut off, reads the metadata again at the primary. */
  async #recordIn(text: unknown, recordKey: string): Promise<RecordHead<Detail> | undefined> {
    const { redis } = this.#settings;
    if (!isCutHead(text)) return recordIn(recordKey, text, this.#settings)?.record;
    const read = readCommand(recordKey, "long-metadata");
    const answer = await redis.write("lease", (client) => client.multi([read]), askMsMax);
    return answer.kind === "answered"
      ? recordIn(recordKey, answer.value[0], this.#settings)?.record
      : undefined;
  }
}

/** Changes a lease only if it has the expected value: the holder's token, or a word. */
const replaceIfHeld = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

/** Adds the seal to a token or a word, after a space. */
class SealedLease {
  readonly #redis: RedisClient;
  readonly #leaseKey: string;

  constructor(redis: RedisClient, leaseKey: string) {
    this.#redis = redis;
    this.#leaseKey = leaseKey;
  }

  text(value: string): string {
    const seal = this.#redis.seal.of("lease", this.#leaseKey, value);
    return seal === undefined ? value : `${value} ${seal}`;
  }

  /** Returns the value in a text; `undefined` if its seal is not valid. */
  value(held: unknown): string | undefined {
    const [text = "", seal] = typeof held === "string" ? held.split(" ") : [];
    return this.#redis.seal.holds("lease", this.#leaseKey, { text, seal }) ? text : undefined;
  }
}

class RedisLease implements Lease {
  readonly #settings: { redis: RedisClient; leaseKey: string; token: string };

  constructor(settings: { redis: RedisClient; leaseKey: string; token: string }) {
    this.#settings = settings;
  }

  async renew(): Promise<void> {
    await this.replace(this.#settings.token, this.#settings.token, leaseMs);
  }

  async release(word?: LeaseWord): Promise<void> {
    const { redis, leaseKey, token } = this.#settings;
    if (word === undefined) await this.replace(token, "", 0);
    else await this.replace(token, new SealedLease(redis, leaseKey).text(word), wordMs[word]);
  }

  /** Replaces `expected` with `value`. Returns whether `expected` was the current value. */
  async replace(expected: string, value: string, keepMs: number): Promise<boolean> {
    const { redis, leaseKey } = this.#settings;
    const change = scriptCommand(replaceIfHeld, [leaseKey], [expected, value, keepMs]);
    const answer = await redis.write("lease", (client) => client.exec(change));
    return answer.kind === "answered" && answer.value === 1;
  }
}
