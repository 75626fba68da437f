// Opens the Redis databases of the shared tier, and the tier and the leases over them.
import type { Leases } from "./cache/tiers/lease.ts";
import type { NameSecret } from "./cache/record/name-secret.ts";
import type { RecordForm } from "./cache/tiers/record-form.ts";
import type { RecordHead, Tier } from "./cache/tiers/tier.ts";
import { type Log, logOf } from "./observe/log-line.ts";
import { DatabaseRoom, DatabaseRooms, type DatabaseRoomSettings } from "./redis/database-room.ts";
import type { RedisAddress } from "./redis/open-client.ts";
import type { RedisClient } from "./redis/redis-client.ts";
import type { RedisSettings } from "./redis/redis-settings.ts";
import { numberedWords } from "./redis/trouble.ts";
import { RedisLeases } from "./stores/redis/redis-leases.ts";
import { SharedTier, type SharedTierSettings } from "./stores/redis/shared-tier.ts";
import { Spread } from "./stores/spread.ts";
import { SpreadLeases, SpreadTier } from "./stores/redis/spread-tier.ts";

/** A further database of the shared tier, by the number in the names of its variables. */
export type NumberedAddress = RedisAddress & { readonly number: number };

/** A database of the shared tier. */
export interface BodyDatabase {
  /** 1 for the first database. */
  readonly number: number;
  readonly url: string;
  readonly redis: RedisClient;
  readonly room: DatabaseRoom;
}

interface OpenSettings extends Omit<RedisSettings, keyof RedisAddress | "tell"> {
  readonly log: Log;
  readonly make: (settings: RedisSettings) => RedisClient;
  /** The free space of the first database. */
  readonly room: Omit<DatabaseRoomSettings, "redis">;
}

/** Opens the databases. Only the first one has ballast, because only that one may hold the journal. */
export function openBodyDatabases(
  [first, ...others]: readonly [RedisAddress, ...NumberedAddress[]],
  { make, log, room, ...settings }: OpenSettings,
): readonly [BodyDatabase, ...BodyDatabase[]] {
  const tell = logOf("shared-tier", log);
  const redis = make({ ...first, ...settings, tell });
  const ofFirst = { number: 1, url: first.url, redis, room: new DatabaseRoom({ ...room, redis }) };
  const ofOthers = others.map(({ number, ...address }): BodyDatabase => {
    const words = numberedWords(number);
    const ownTell = logOf(`shared-tier-${number}`, log);
    const client = make({ words, ...address, ...settings, tell: ownTell });
    const own = { ...room, ballastKey: undefined, redis: client };
    return { number, url: address.url, redis: client, room: new DatabaseRoom(own) };
  });
  return [ofFirst, ...ofOthers];
}

/** Returns the free space of all databases. */
export function roomOf([first, ...others]: readonly [BodyDatabase, ...BodyDatabase[]]) {
  if (others.length === 0) return first.room;
  return new DatabaseRooms([first.room, ...others.map(({ room }) => room)]);
}

type TierSettings<Detail> = Omit<SharedTierSettings<Detail>, "redis" | "room"> & SpreadSettings;

interface SpreadSettings {
  readonly nameSecret: NameSecret;
}

/** Creates the shared tier. Each database sends at most its part of `uploadBytesMax` at a time. */
export function sharedTierOver<Detail>(
  databases: readonly [BodyDatabase, ...BodyDatabase[]],
  settings: TierSettings<Detail>,
): Tier<Detail> {
  const uploadBytesMax = settings.uploadBytesMax / databases.length;
  const over = ({ redis, room }: BodyDatabase) =>
    new SharedTier({ ...settings, uploadBytesMax, redis, room });
  return databases.length === 1
    ? over(databases[0])
    : new SpreadTier(spreadOver(databases, over, settings));
}

/** Creates the leases. The lease of a key is in the database of its record. */
export function leasesOver<Detail>(
  databases: readonly [BodyDatabase, ...BodyDatabase[]],
  settings: { readonly namespace: string; readonly form: RecordForm<Detail> } & SpreadSettings,
): Leases<RecordHead<Detail>> {
  const randomText = () => crypto.randomUUID();
  const over = ({ redis }: BodyDatabase) => new RedisLeases({ ...settings, redis, randomText });
  return databases.length === 1
    ? over(databases[0])
    : new SpreadLeases(spreadOver(databases, over, settings));
}

function spreadOver<Part>(
  [first, ...others]: readonly [BodyDatabase, ...BodyDatabase[]],
  over: (database: BodyDatabase) => Part,
  { nameSecret }: SpreadSettings,
): Spread<Part> {
  const partOf = (one: BodyDatabase) => [one.url, over(one)] as const;
  return new Spread([partOf(first), ...others.map(partOf)], nameSecret);
}
