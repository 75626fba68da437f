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
import { readTrouble } from "../../remote/redis/redis-trouble.ts";
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
    const token = randomText();
    const recordKey = await key.nameIn(namespace);
    const answer = await redis.write(
      "lease",
      async (client) => {
        const take: readonly Command[] = [
          ["SET", leaseKey, token, "NX", "PX", leaseMs],
          ["GET", leaseKey],
        ];
        const retake = async () => {
          // Nothing replaces a lease's key of another type, and it may never expire.
          await client.exec(["DEL", leaseKey]);
          return client.multi(take);
        };
        // The record's key may hold another type. The earlier commands took effect, so the lease may be ours.
        return client
          .multi([...take, readCommand(recordKey, "metadata")])
          .catch(ifWrongType(() => client.multi(take).catch(ifWrongType(retake))));
      },
      askMsMax,
    );
    if (answer.kind === "unavailable") return answer;
    const [, held, text] = answer.value;
    const record = await this.#recordIn(text, recordKey);
    if (held === token) {
      return { kind: "taken", lease: this.#lease(leaseKey, token), record };
    }
    const word = words.find((one) => one === held);
    return word === undefined ? { kind: "held", record } : { kind: "told", word, record };
  }

  /** Replaces a word with a lease, with one command. */
  async takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined> {
    const { namespace, randomText } = this.#settings;
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    const token = randomText();
    const isTaken = await this.#replace(leaseKey, word, token, leaseMs);
    return isTaken ? this.#lease(leaseKey, token) : undefined;
  }

  #lease(leaseKey: string, token: string): Lease {
    const replace = async (value: string, keepMs: number) =>
      void (await this.#replace(leaseKey, token, value, keepMs));
    return {
      renew: () => replace(token, leaseMs),
      release: (word) => (word === undefined ? replace("", 0) : replace(word, wordMs[word])),
    };
  }

  /** Replaces `expected` with `value`. Returns whether `expected` was the current value. */
  async #replace(leaseKey: string, expected: string, value: string, keepMs: number) {
    const change = scriptCommand(replaceIfHeld, [leaseKey], [expected, value, keepMs]);
    const answer = await this.#settings.redis.write("lease", (client) => client.exec(change));
    return answer.kind === "answered" && answer.value === 1;
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

/** Returns a handler of errors that runs `then` if a key holds another type. */
function ifWrongType<T>(then: () => Promise<T>): (cause: unknown) => Promise<T> {
  return (cause) => {
    if (readTrouble(cause) !== "wrong-type") throw cause;
    return then();
  };
}

/** Changes a lease only if it has the expected value: the holder's token, or a word. */
const replaceIfHeld = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;
