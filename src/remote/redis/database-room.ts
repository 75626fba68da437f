// Tracks the free space of the cache's database, and limits the records that are stored. Anonymous
// clients choose URLs, so records must leave room for purges, the switch and locks.
import type { Log } from "../../observe/log-line.ts";
import {
  type DatabaseInfo,
  evicts,
  evictsAnyKey,
  readDatabaseInfo,
  withLimit,
} from "./database-info.ts";
import { scriptCommand } from "./redis.ts";
import type { RedisClient } from "./redis-client.ts";

/**
 * From this share of used space on, a response is stored only on its second request, and briefly,
 * if a client may have invented its query. Clients can invent queries on routes without
 * `query.allow`.
 */
export const tightFromRatio = 0.6;
/** From this share of used space on, no new records are stored. */
export const pausedFromRatio = 0.85;
/** The ballast is written only if the used share, including the ballast, stays below this ratio. */
const ballastBelowRatio = 0.7;

/** The size of the ballast. Its space suffices for more than 5,000 purges by URL. */
const ballastBytes = 1_048_576;

/**
 * The time between checks of the space: `lookMs`, or `calmMs` while the used share is known to be
 * below `calmBelowRatio`. Isolates that write little cannot fill the free space within `calmMs`.
 */
const [calmBelowRatio, calmMs, lookMs] = [0.4, 5 * 60_000, 60_000];
/**
 * An isolate checks the space at once after writing the database's limit divided by this number.
 */
const looksPerRoom = 64;
/** The limit that is divided while the database's limit is unknown. */
const limitBytesUnlessKnown = 64 * 1_048_576;

export interface DatabaseRoomSettings {
  readonly redis: Pick<RedisClient, "look" | "write">;
  /** The option `limits.databaseBytes`: the limit of a database that reports none. */
  readonly limitBytes: number | undefined;
  /** The key of the ballast; `undefined` if the journal has its own database. */
  readonly ballastKey: string | undefined;
  readonly nowAtMs: () => number;
  /** Receives one line if this database can lose the journal. */
  readonly tell: Log;
}

/** An isolate's view of the free space. */
export class DatabaseRoom {
  readonly #settings: DatabaseRoomSettings;
  #info: DatabaseInfo | undefined;
  #lookedAtMs: number | undefined;
  #writtenBytes = 0;
  #hasWarned = false;

  constructor(settings: DatabaseRoomSettings) {
    this.#settings = settings;
  }

  /** Whether the used share has reached `tightFromRatio`. */
  get isTight(): boolean {
    return this.#usedRatio >= tightFromRatio;
  }

  /** Whether the used share has reached `pausedFromRatio`. */
  get isPaused(): boolean {
    return this.#usedRatio >= pausedFromRatio;
  }

  /**
   * The used share, including the bytes that this isolate has written since the last check; 0 if
   * unknown, or if the database evicts keys.
   */
  get #usedRatio(): number {
    const info = this.#info;
    if (info === undefined || evicts(info)) return 0;
    const { usedRatio, maxBytes } = info;
    if (usedRatio === null || maxBytes === null) return 0;
    return usedRatio + this.#writtenBytes / maxBytes;
  }

  /**
   * Notes a write. Checks the space with one command if due: a minute after the last check, five minutes after if much
   * space is free, or at once after many bytes.
   *
   * @param bytes the size of the write
   * @returns a promise if it checks the space; never rejects
   */
  beforeWrite(bytes: number): Promise<void> | undefined {
    const atMs = this.#settings.nowAtMs();
    this.#writtenBytes += bytes;
    this.#lookedAtMs ??= atMs;
    const roomBytes = this.#info?.maxBytes ?? limitBytesUnlessKnown;
    const intervalMs =
      this.#usedRatio < calmBelowRatio && this.#info !== undefined ? calmMs : lookMs;
    const isLongAgo = Math.abs(atMs - this.#lookedAtMs) >= intervalMs;
    const isDue = isLongAgo || this.#writtenBytes >= roomBytes / looksPerRoom;
    return isDue ? this.#look() : undefined;
  }

  /**
   * Runs from the cron trigger: checks the space, and writes the ballast if there is room. Never
   * rejects.
   */
  readonly runCron = async (): Promise<void> => {
    await this.#look();
    const { ballastKey, redis } = this.#settings;
    const info = this.#info;
    if (ballastKey === undefined || info === undefined || evicts(info)) return;
    const { usedBytes, maxBytes } = info;
    const withBallast = (usedBytes ?? 0) + ballastBytes;
    if (maxBytes !== null && withBallast >= ballastBelowRatio * maxBytes) return;
    const fill = scriptCommand(ballastScript, [ballastKey], [ballastBytes]);
    await redis.write("room", (client) => client.exec(fill));
  };

  /**
   * Checks the space. Bytes that are written during the check stay counted until the next check,
   * because INFO may not include them.
   */
  async #look(): Promise<void> {
    const { redis, limitBytes, nowAtMs } = this.#settings;
    this.#lookedAtMs = nowAtMs();
    const before = this.#writtenBytes;
    this.#writtenBytes = 0;
    const answer = await readDatabaseInfo(redis, "room");
    if (answer.kind === "answered") {
      this.#info = withLimit(answer.value, limitBytes);
      this.#warnOfLoss(this.#info);
    } else this.#writtenBytes += before;
  }

  #warnOfLoss(info: DatabaseInfo): void {
    const { ballastKey, tell } = this.#settings;
    const causes = [
      ...(evictsAnyKey(info) ? ["set maxmemory-policy noeviction"] : []),
      ...(info.uptimeMs === undefined ? [] : ["set appendonly yes"]),
    ];
    if (this.#hasWarned || ballastKey === undefined || causes.length === 0) return;
    this.#hasWarned = true;
    const message = `Redis can lose accepted purges, so that older values answer again, or all are loaded again: ${causes.join(", and ")}.`;
    tell({ event: "database", level: "warn", message });
  }
}

/** Creates the ballast on the server. KEYS: the ballast. ARGV: its bytes. */
const ballastScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then return 0 end
redis.call("SET", KEYS[1], string.rep("0", tonumber(ARGV[1])))
return 1`;

/**
 * Returns the key of the ballast, which a client deletes when a full database rejects its write.
 */
export const ballastKeyOf = (namespace: string): string => `${namespace}:ballast`;
