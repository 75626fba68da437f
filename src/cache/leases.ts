// A lease: a short, expiring right to forward for a key, held across colos (Nishtala et al.,
// "Scaling Memcache at Facebook", §3.2.1). Its value in Redis is its holder's token, or what a
// holder has left to those who wait.
import type { RedisClient } from "../redis/redis-client.ts";
import { readTrouble } from "../redis/trouble.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { RecordForm } from "./tiers/record-form.ts";
import type { RecordHead } from "./tiers/tier.ts";
import { isCutHead, rangeOf, recordIn } from "./tiers/record-text.ts";
import { sharedKey } from "./tiers/record-text.ts";

/** How long a holder that died without a word is waited for. */
export const leaseMs = 3_000;

/** A request waits for the look, which would otherwise wait for the origin. */
const askMsMax = 1_000;

/** How long a word stands: a request that comes within it need not find out again. */
const wordMs = {
  uncacheable: 10_000,
  "nothing-to-share": 10_000,
  // Short: an isolate of an older release reads it as a lease that somebody holds.
  "lead-anonymously": 3_000,
  unreachable: 1_000,
  timeout: 1_000,
  "error-status": 1_000,
} as const;

/**
 * What a holder leaves to those who wait, where the shared tier has nothing for them. `uncacheable`:
 * no response for this key may be shared. `nothing-to-share`: the shared tier does not have it for now.
 * `lead-anonymously`: a client's own request failed, which tells nothing about other clients'.
 */
export type LeaseWord = keyof typeof wordMs;
const words = Object.keys(wordMs) as LeaseWord[];

/**
 * What a look at a lease tells: taken just now, held by another, or the last holder's word.
 *
 * @typeParam Head what stands under the key in the shared tier at that very moment, without its body
 */
export type LeaseAsked<Head> =
  | { kind: "taken"; lease: Lease; record: Head | undefined }
  | { kind: "held"; record: Head | undefined }
  | { kind: "told"; word: LeaseWord; record: Head | undefined }
  | { kind: "unavailable" };

export interface LeasesSettings<Detail> {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly form: RecordForm<Detail>;
  readonly randomText: () => string;
}

/** The leases of all keys. */
export class Leases<Detail> {
  readonly #settings: LeasesSettings<Detail>;

  constructor(settings: LeasesSettings<Detail>) {
    this.#settings = settings;
  }

  /**
   * Takes the lease if nobody has it, and looks at the shared tier in the same transaction: what the
   * last holder stored before it let go is there. Three commands, one round trip. Never rejects.
   */
  async ask(key: RecordKey): Promise<LeaseAsked<RecordHead<Detail>>> {
    const { redis, namespace, randomText } = this.#settings;
    const token = randomText();
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    const recordKey = await sharedKey(namespace, key);
    const answer = await redis.write(
      "lease",
      async (client) => {
        const look = () =>
          client.multi().set(leaseKey, token, { nx: true, px: leaseMs }).get(leaseKey);
        try {
          const range = rangeOf(recordKey, "metadata");
          return await look()
            .getrange(...range)
            .exec<[unknown, unknown, unknown]>();
        } catch (cause) {
          // Such as a record of an earlier form. What went before it stands: the token may be ours.
          if (readTrouble(cause) !== "wrong-type") throw cause;
          return look().exec<[unknown, unknown]>();
        }
      },
      askMsMax,
    );
    if (answer.kind === "unavailable") return answer;
    const [, value, text] = answer.value;
    const record = await this.#recordIn(text, recordKey);
    if (value === token) {
      return { kind: "taken", lease: new Lease({ redis, leaseKey, token }), record };
    }
    const word = words.find((one) => one === value);
    return word === undefined ? { kind: "held", record } : { kind: "told", word, record };
  }

  /**
   * Takes the lease in the place of a word that stands there: of all who try, one gets it. One command.
   * Never rejects.
   */
  async takeOver(key: RecordKey, word: LeaseWord): Promise<Lease | undefined> {
    const { redis, namespace, randomText } = this.#settings;
    const leaseKey = `${namespace}:lease:${await key.digest()}`;
    const token = randomText();
    const lease = new Lease({ redis, leaseKey, token });
    return (await lease.replace(word, token, leaseMs)) ? lease : undefined;
  }

  /** Metadata that is longer than what was asked for costs another round trip, to the primary too. */
  async #recordIn(text: unknown, recordKey: string): Promise<RecordHead<Detail> | undefined> {
    const { redis, form } = this.#settings;
    if (!isCutHead(text)) return recordIn(text, form)?.record;
    const range = rangeOf(recordKey, "long-metadata");
    const answer = await redis.write(
      "lease",
      (client) =>
        client
          .multi()
          .getrange(...range)
          .exec<[unknown]>(),
      askMsMax,
    );
    return answer.kind === "answered" ? recordIn(answer.value[0], form)?.record : undefined;
  }
}

/** A script, since only the holder may change what it holds. */
const replaceIfHeld = `
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

/** A lease that this isolate has taken, for as long as nobody else has. */
export class Lease {
  readonly #held: { redis: RedisClient; leaseKey: string; token: string };

  constructor(held: { redis: RedisClient; leaseKey: string; token: string }) {
    this.#held = held;
  }

  /** One command. Never rejects. */
  async renew(): Promise<void> {
    await this.replace(this.#held.token, this.#held.token, leaseMs);
  }

  /**
   * Lets the next one lead, or tells all who wait that they need not wait for each other. One
   * command. Never rejects; what does not arrive ends by itself.
   */
  async release(word?: LeaseWord): Promise<void> {
    await this.replace(this.#held.token, word ?? "", word === undefined ? 0 : wordMs[word]);
  }

  /** @returns whether `held` stood there, so that `value` stands there now */
  async replace(held: string, value: string, keepMs: number): Promise<boolean> {
    const { redis, leaseKey } = this.#held;
    const answer = await redis.write("lease", (client) =>
      client.eval(replaceIfHeld, [leaseKey], [held, value, String(keepMs)]),
    );
    return answer.kind === "answered" && answer.value === 1;
  }
}
