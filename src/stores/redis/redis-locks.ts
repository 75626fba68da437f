// Locks in Redis. The value of a lock is its holder's token, or a word that the last holder left
// for waiting requests.
import {
  type Lock,
  type LockAnswer,
  lockMs,
  type Locks,
  type LockWord,
  wordMs,
} from "../../cache/tiers/lock.ts";
import { type Command, scriptCommand } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { readTrouble } from "../../remote/redis/redis-trouble.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import { isCutHead, readCommand, recordIn } from "./record-text.ts";

/** The timeout for requesting a lock. The client's request is then forwarded without a lock. */
const askMsMax = 1_000;

const words = Object.keys(wordMs) as LockWord[];

export interface LocksSettings<Detail> {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly form: RecordForm<Detail>;
  readonly randomText: () => string;
}

export class RedisLocks<Detail> implements Locks<RecordHead<Detail>> {
  readonly #settings: LocksSettings<Detail>;

  constructor(settings: LocksSettings<Detail>) {
    this.#settings = settings;
  }

  /**
   * Takes the lock if it is free, and reads the record, with three commands in one transaction.
   */
  async ask(key: RecordKey): Promise<LockAnswer<RecordHead<Detail>>> {
    const { redis, namespace, randomText } = this.#settings;
    const lockKey = `${namespace}:lock:${await key.digest()}`;
    const token = randomText();
    const recordKey = await key.nameIn(namespace);
    const answer = await redis.write(
      "lock",
      async (client) => {
        const take: readonly Command[] = [
          ["SET", lockKey, token, "NX", "PX", lockMs],
          ["GET", lockKey],
        ];
        const retake = async () => {
          // Nothing replaces a lock's key of another type, and it may never expire.
          await client.exec(["DEL", lockKey]);
          return client.multi(take);
        };
        // The record's key may hold another type. The earlier commands took effect, so the lock may be ours.
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
      return { kind: "taken", lock: this.#lock(lockKey, token), record };
    }
    const word = words.find((one) => one === held);
    return word === undefined ? { kind: "held", record } : { kind: "told", word, record };
  }

  /** Replaces a word with a lock, with one command. */
  async takeOver(key: RecordKey, word: LockWord): Promise<Lock | undefined> {
    const { namespace, randomText } = this.#settings;
    const lockKey = `${namespace}:lock:${await key.digest()}`;
    const token = randomText();
    const isTaken = await this.#replace(lockKey, word, token, lockMs);
    return isTaken ? this.#lock(lockKey, token) : undefined;
  }

  #lock(lockKey: string, token: string): Lock {
    const replace = async (value: string, keepMs: number) =>
      void (await this.#replace(lockKey, token, value, keepMs));
    return {
      renew: () => replace(token, lockMs),
      release: (word) => (word === undefined ? replace("", 0) : replace(word, wordMs[word])),
    };
  }

  /** Replaces `expected` with `value`. Returns whether `expected` was the current value. */
  async #replace(lockKey: string, expected: string, value: string, keepMs: number) {
    const change = scriptCommand(replaceIfHeld, [lockKey], [expected, value, keepMs]);
    const answer = await this.#settings.redis.write("lock", (client) => client.exec(change));
    return answer.kind === "answered" && answer.value === 1;
  }

  /** Decodes a record. If its metadata is cut off, reads the metadata again at the primary. */
  async #recordIn(text: unknown, recordKey: string): Promise<RecordHead<Detail> | undefined> {
    const { redis } = this.#settings;
    if (!isCutHead(text)) return recordIn(recordKey, text, this.#settings)?.record;
    const read = readCommand(recordKey, "long-metadata");
    const answer = await redis.write("lock", (client) => client.multi([read]), askMsMax);
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

/** Changes a lock only if it has the expected value: the holder's token, or a word. */
const replaceIfHeld = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;
