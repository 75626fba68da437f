// Redis as the store of a site: how the cache opens its parts. Only Workers and processes that use
// Redis bundle it.
import {
  type JournalMaker,
  journalMaker,
  type JournalStore,
  type JournalStoreSettings,
} from "../../purge/create-purging.ts";
import {
  ballastKeyOf,
  DatabaseRoom,
  type DatabaseRoomSettings,
} from "../../remote/redis/database-room.ts";
import type { ReachRest, RedisAddress, SubscribeRest } from "../../remote/redis/address.ts";
import type { Command } from "../../remote/redis/redis.ts";
import { RedisClient } from "../../remote/redis/redis-client.ts";
import type { RedisSettings } from "../../remote/redis/redis-client.ts";
import { journalWords } from "../../remote/redis/redis-trouble.ts";
import { journalKeys } from "./journal/journal-scripts.ts";
import { listenOver } from "./journal/redis-hints.ts";
import { RedisJournal, type RedisJournalSettings } from "./journal/redis-journal.ts";
import { RedisSubscribers } from "./journal/redis-subscribers.ts";
import { RedisSwitch } from "./journal/redis-switch.ts";
import { SharedTier, type SharedTierSettings } from "./shared-tier.ts";

/** How the cache opens the parts of a store in Redis. */
export type RedisStore = ReturnType<typeof redisStore>;

/** Creates a journal in place of `RedisJournal`. */
export type MakeRedisJournal = (settings: RedisJournalSettings) => JournalStore["journal"];

/**
 * @param reachRest used for databases with a REST address
 * @param subscribe listens for hints of the journal. Default: there are none, except over a connection
 */
export const redisStore = (reachRest: ReachRest, subscribe?: SubscribeRest) => ({
  client: (settings: RedisSettings) => new RedisClient(settings, reachRest),
  /** @param isJournalHere whether the journal is in the same database, which then keeps space for it */
  room: (
    settings: Omit<DatabaseRoomSettings, "ballastKey">,
    namespace: string,
    isJournalHere: boolean,
  ) => {
    const ballastKey = isJournalHere ? ballastKeyOf(namespace) : undefined;
    return new DatabaseRoom({ ...settings, ballastKey });
  },
  /** @param isBesideJournal whether a script may use the keys of the journal and of a record */
  records: <Detail>(settings: SharedTierSettings<Detail>, isBesideJournal: boolean) => {
    const [key] = journalKeys(settings.namespace);
    return new SharedTier({ ...settings, journalKey: isBesideJournal ? key : undefined });
  },
  /** @param isApart whether the database is only the journal's */
  journalAt(address: RedisAddress, isApart = false, make?: MakeRedisJournal): JournalMaker {
    const named = isApart ? { words: journalWords, ...address } : address;
    return journalMaker((settings) =>
      openJournal({ ...named, reachRest, subscribe }, settings, make),
    );
  },
});

interface JournalReach {
  readonly reachRest: ReachRest;
  readonly subscribe: SubscribeRest | undefined;
}

function openJournal(
  { reachRest, subscribe, ...address }: RedisAddress & JournalReach,
  { namespace, ...settings }: JournalStoreSettings,
  makeJournal?: MakeRedisJournal,
): JournalStore {
  // Use a separate client, so that failures of the shared tier neither delay nor open the breaker of the
  // journal.
  const ballastKey = ballastKeyOf(namespace);
  const own = { ...address, ...settings, hasOneKey: true, ballastKey } as const;
  const redis = new RedisClient(own, reachRest);
  const hasHints = subscribe !== undefined;
  const stored = { ...settings, redis, namespace, hasHints };
  const { watch } = address;
  const [key] = journalKeys(namespace);
  return {
    listen: subscribe && listenOver({ subscribe, address, channel: key, redis, ...settings }),
    watch: watch && ((view) => watch({ ...view, key, tell: settings.tell })),
    journal: makeJournal?.(stored) ?? new RedisJournal(stored),
    switching: new RedisSwitch(stored),
    subscribers: new RedisSubscribers(stored),
    name: `${address.url} ${namespace}`,
    health: redis.health,
    redis,
    secret: () => storedSecret(redis, namespace),
  };
}

/**
 * Reads the secret of the names of records, with one command. The first isolate that needs it draws it,
 * and no isolate replaces it. Returns `undefined` without an answer. Never rejects.
 */
async function storedSecret(redis: RedisClient, namespace: string) {
  const key = `${namespace}:secret`;
  const get: Command = ["GET", key];
  const read = await redis.attempt("secret", (client) => client.exec<string | null>(get));
  if (read.kind === "unavailable") return undefined;
  if (read.value !== null) return read.value;
  const drawn = `${crypto.randomUUID()} ${crypto.randomUUID()}`;
  // A replica may lack the secret, so this transaction reads it again at the primary.
  const draw: readonly Command[] = [["SET", key, drawn, "NX"], get];
  const answer = await redis.attempt("secret", (client) => client.multi(draw), "writes");
  return answer.kind === "answered" ? ((answer.value[1] as string | null) ?? undefined) : undefined;
}
