// How much of the cache's database is used, and what is stored there accordingly. Anonymous clients choose
// URLs, so what they bring about must leave room for what must not fail: purges, the switch, leases.
import { type DatabaseInfo, evicts, readDatabaseInfo, withLimit } from "./database-info.ts";
import type { RedisClient } from "./redis-client.ts";

/** From here on a query that no route lists is stored on its second request, and briefly. */
const tightFromRatio = 0.6;
/** From here on nothing new is stored. */
export const pausedFromRatio = 0.85;
/** Below this there is room for the ballast. */
const ballastBelowRatio = 0.7;

/** 5,000 purges by URL are smaller. */
const ballastBytes = 1_048_576;

/** A database that is this empty does not fill within the longer interval by isolates that write little. */
const [calmBelowRatio, calmMs, lookMs] = [0.4, 5 * 60_000, 60_000];
/** An isolate that writes this share of the room looks at once. */
const looksPerRoom = 64;
/** Of a database that tells none. */
const limitBytesUnlessKnown = 64 * 1_048_576;

export interface DatabaseRoomSettings {
  readonly redis: Pick<RedisClient, "look" | "write">;
  /** `limits.databaseBytes`: bounds a database that tells no bound. */
  readonly limitBytes: number | undefined;
  /** Under which the ballast lies; `undefined` where the journal has a database of its own. */
  readonly ballastKey: string | undefined;
  readonly nowAtMs: () => number;
}

/** An isolate's knowledge of the room in its database. */
export class DatabaseRoom {
  readonly #settings: DatabaseRoomSettings;
  #info: DatabaseInfo | undefined;
  #lookedAtMs: number | undefined;
  #writtenBytes = 0;

  constructor(settings: DatabaseRoomSettings) {
    this.#settings = settings;
  }

  /** Only what is asked for twice is stored of queries that no route lists. */
  get isTight(): boolean {
    return this.#usedRatio >= tightFromRatio;
  }

  /** Nothing new is stored. */
  get isPaused(): boolean {
    return this.#usedRatio >= pausedFromRatio;
  }

  /** 0 where it is not known, or where the database makes room by itself. */
  get #usedRatio(): number {
    const info = this.#info;
    if (info === undefined || evicts(info)) return 0;
    const { usedRatio, maxBytes } = info;
    if (usedRatio === null || maxBytes === null) return 0;
    return usedRatio + this.#writtenBytes / maxBytes;
  }

  /**
   * To be called beside each write: looks by one command, if that is due. A look is due a minute after the last
   * one, five minutes where much is free, and at once after many bytes. Never rejects.
   *
   * @param bytes that are being written
   */
  async beforeWrite(bytes: number): Promise<void> {
    const atMs = this.#settings.nowAtMs();
    this.#writtenBytes += bytes;
    this.#lookedAtMs ??= atMs;
    const roomBytes = this.#info?.maxBytes ?? limitBytesUnlessKnown;
    const intervalMs =
      this.#usedRatio < calmBelowRatio && this.#info !== undefined ? calmMs : lookMs;
    const isLongAgo = Math.abs(atMs - this.#lookedAtMs) >= intervalMs;
    if (isLongAgo || this.#writtenBytes >= roomBytes / looksPerRoom) await this.#look();
  }

  /** One run of the cron trigger: looks, and lays the ballast where there is room. Never rejects. */
  readonly runCron = async (): Promise<void> => {
    await this.#look();
    const { ballastKey, redis } = this.#settings;
    const info = this.#info;
    if (ballastKey === undefined || info === undefined || evicts(info)) return;
    const { usedBytes, maxBytes } = info;
    const withBallast = (usedBytes ?? 0) + ballastBytes;
    if (maxBytes !== null && withBallast >= ballastBelowRatio * maxBytes) return;
    await redis.write("room", (client) =>
      client.eval(ballastScript, [ballastKey], [String(ballastBytes)]),
    );
  };

  /** What is written meanwhile may be in the answer or not: it counts until the next look. */
  async #look(): Promise<void> {
    const { redis, limitBytes, nowAtMs } = this.#settings;
    this.#lookedAtMs = nowAtMs();
    const before = this.#writtenBytes;
    this.#writtenBytes = 0;
    const answer = await readDatabaseInfo(redis, "room");
    if (answer.kind === "answered") this.#info = withLimit(answer.value, limitBytes);
    else this.#writtenBytes += before;
  }
}

/** Its bytes do not travel. KEYS: the ballast. ARGV: its bytes. */
const ballastScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
redis.call("SET", KEYS[1], string.rep("0", tonumber(ARGV[1])))
return 1`;

/** Where the ballast lies, which a write of the journal frees when the database is full. */
export const ballastKeyOf = (namespace: string): string => `${namespace}:ballast`;
