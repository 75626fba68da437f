// Exports of `tidemark/upstash`: Redis at Upstash as the store of a site.
// See docs/stores.md#redis-at-upstash.
import { refuseUnknown } from "./base/known-members.ts";
import { isFault, OperatorError } from "./base/operator-error.ts";
import type { Stores } from "./compose/bind-stores.ts";
import type { RestAddress } from "./remote/redis/address.ts";
import { restAddressOf, type UpstashRedis } from "./remote/redis/given-rest.ts";
import { overUpstash, subscribeAtUpstash } from "./remote/redis/rest.ts";
import { redisStore } from "./stores/redis/redis-store.ts";

export type { Stores } from "./compose/bind-stores.ts";
export type { RestAddress } from "./remote/redis/address.ts";
export type { UpstashRedis } from "./remote/redis/given-rest.ts";

/** The databases, in place of those of the variables, and how purges spread. */
export interface UpstashOptions {
  /** A `Redis` of `@upstash/redis`, of which only the address and the token are used, or these two. */
  readonly redis?: UpstashRedis | RestAddress | undefined;
  /** A separate database for the purge journal. Default: the journal is in `redis`. */
  readonly journal?: UpstashRedis | RestAddress | undefined;
  /**
   * Whether one isolate of each colo subscribes to new purges, so that they usually arrive within
   * half a second. The bound of N stays the same. Default: false.
   */
  readonly hints?: boolean | undefined;
}

/**
 * Stores purges, responses and data in Redis, through `@upstash/redis`. Without options, the
 * variables `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` name the database; without
 * these, there is no shared tier.
 *
 * @throws OperatorError for a client whose requests `use` or an own requester changes, and for a
 *   journal without `redis`
 * @example export default createWorker(config, { stores: upstash({ redis: Redis.fromEnv(env) }) });
 */
export function upstash(options: UpstashOptions = {}): Stores {
  refuseUnknown(options, ["redis", "journal", "hints"], "upstash()");
  const { redis, journal, hints } = options;
  const store = redisStore(overUpstash, hints === true ? subscribeAtUpstash : undefined);
  if (redis === undefined) {
    if (journal !== undefined) throw lacksDatabase();
    return { redis: store };
  }
  const named = restAddressOf(redis, "redis");
  const apart = journal && restAddressOf(journal, "journal");
  const databases = isFault(apart)
    ? { redis: apart, journal: undefined }
    : { redis: named, journal: apart };
  return { redis: store, databases: () => databases };
}

function lacksDatabase(): OperatorError {
  return new OperatorError({
    what: "upstash() has no database.",
    why: "`journal` names a database, and `redis` names none.",
    hint: "Set `redis` as well, or name both databases by their variables.",
  });
}
