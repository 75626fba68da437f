// Sends records to Redis. Limits the bytes that are being sent, and rejects new records while the
// database is nearly full. Sends only the metadata of a long body that Redis already has.
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import { type Command, type Redis, scriptCommand } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { readTrouble } from "../../remote/redis/redis-trouble.ts";
import { readCommand, recordIn } from "./record-text.ts";
import { unlessNewerScript } from "./write-unless-newer.ts";
import type { WriteWithPurge } from "../../cache/record/record.ts";
import type { TierKeep, TierWrite } from "../../cache/tiers/tier.ts";

/** The age at which an upload is ignored, because the runtime may have ended it silently. */
const uploadMsMax = 10_000;

/** A record that is being sent. `text`: the whole value, with head and body. */
export interface Upload {
  readonly redisKey: string;
  readonly head: string;
  readonly text: string;
  readonly bytes: number;
  readonly keepMs: number;
  readonly sinceAtMs: number;
  /** The digest of an unchanged body that Redis may have; `null` to send the body in any case. */
  readonly heldDigest: string | null;
  /** `newerArgs`, if a newer record stays. */
  readonly newerArgs?: readonly string[] | undefined;
  /** The key of the journal whose last entry must be this `n`; absent for any entry. */
  readonly atEnd?: { readonly journalKey: string; readonly n: string } | undefined;
}

/** The stamp of a record whose place a script sets, and the text of the record around it. */
export const stampSlot = { position: "", n: "" };
const [slotBegin, slotMiddle, slotEnd] = ['"s":["', '","', '"]'] as const;

export interface UploadsSettings {
  readonly redis: RedisClient;
  /** Tracks the free space. While `isPaused` is true, writes only replace existing records. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  /** The limit for the bytes that an isolate sends at the same time. */
  readonly uploadBytesMax: number;
}

export class Uploads {
  readonly #settings: UploadsSettings;
  readonly #underWay = new Set<Upload>();

  constructor(settings: UploadsSettings) {
    this.#settings = settings;
  }

  /**
   * Registers an upload if it may start, and returns whether it may. An upload without others may
   * have any size.
   */
  begin(upload: Upload): boolean {
    let heldBytes = 0;
    for (const one of this.#underWay) {
      if (isWithinMs(uploadMsMax, one.sinceAtMs, upload.sinceAtMs)) heldBytes += one.bytes;
      else this.#underWay.delete(one);
    }
    const mayBegin = heldBytes === 0 || heldBytes + upload.bytes <= this.#settings.uploadBytesMax;
    if (mayBegin) this.#underWay.add(upload);
    return mayBegin;
  }

  /** Sends uploads. At the same time, checks the database's free space if due. Never rejects. */
  async send(
    purpose: CallPurpose,
    uploads: readonly Upload[],
    run: (client: Redis) => Promise<readonly unknown[]>,
  ): Promise<RemoteAnswer<readonly unknown[]>> {
    const writing = this.#settings.redis.write(purpose, run);
    const [answer] = await Promise.all([writing, this.#checkRoom(uploads)]);
    for (const upload of uploads) this.#underWay.delete(upload);
    return answer;
  }

  /** Ends an upload that a script of the journal has made. Checks the free space if due. Never rejects. */
  async ended(upload: Upload): Promise<void> {
    this.#underWay.delete(upload);
    await this.#checkRoom([upload]);
  }

  #checkRoom(uploads: readonly Upload[]): Promise<void> | undefined {
    const bytes = uploads.reduce((sum, { bytes: each }) => sum + each, 0);
    return this.#settings.room?.beforeWrite(bytes);
  }

  /**
   * Returns the write of a record with `stampSlot`, for a script of the journal.
   *
   * @param keepsTags as in `TierKeep`
   */
  withPurge(
    { redisKey, text, keepMs, newerArgs = [] }: Upload,
    { keepsTags = false }: Pick<TierKeep, "keepsTags">,
  ): WriteWithPurge {
    const at = text.indexOf(slotBegin + slotMiddle + slotEnd) + slotBegin.length;
    const [, , , since = ""] = newerArgs;
    const xx = this.#settings.room?.isPaused === true ? "XX" : "";
    return {
      key: redisKey,
      around: [text.slice(0, at), text.slice(at + slotMiddle.length)],
      options: [String(keepMs), xx, since, keepsTags],
    };
  }

  /** Returns the command that writes a record. While the room is paused, it only replaces one. */
  command({ redisKey, text, keepMs, newerArgs, atEnd }: Upload): Command {
    const isPaused = this.#settings.room?.isPaused === true;
    if (newerArgs === undefined)
      return ["SET", redisKey, text, "PX", keepMs, ...(isPaused ? ["XX"] : [])];
    const args = [text, keepMs, isPaused ? "XX" : "", ...newerArgs];
    if (atEnd === undefined) return scriptCommand(unlessNewerScript, [redisKey], args);
    return scriptCommand(unlessNewerScript, [redisKey, atEnd.journalKey], [...args, atEnd.n]);
  }
}

/**
 * Returns the result of one write, from the answer to all writes.
 *
 * @param at the index of the command; with `XX`, SET replies null for a record that does not exist
 */
export function writtenBy(answer: RemoteAnswer<readonly unknown[]>, at: number): TierWrite {
  if (answer.kind === "unavailable") return answer;
  const reply = answer.value[at];
  if (reply === "newer" || reply === "not-at-end") return { kind: "refused", rule: reply };
  return reply === null ? { kind: "refused", rule: "no-room" } : { kind: "kept" };
}

/**
 * Overwrites the metadata of a record if Redis has the same body. Returns whether it was
 * overwritten. If another body is written meanwhile, the digest does not match that body, so the
 * record is a miss.
 */
export async function isRewritten<Detail>(
  redis: Redis,
  { redisKey, head, keepMs, heldDigest }: Upload,
  settings: Parameters<typeof recordIn<Detail>>[2],
): Promise<boolean> {
  const record = recordIn(redisKey, await headUnder(redis, redisKey), settings);
  const isThere =
    record?.record.kind === "response" && record.record.metadata.bodyDigest === heldDigest;
  if (!isThere || head.length > record.headChars) return false;
  await redis.multi([
    ["SETRANGE", redisKey, 0, head.padEnd(record.headChars)],
    ["PEXPIRE", redisKey, keepMs],
  ]);
  return true;
}

/**
 * Returns the head under a key; `undefined` if the key has another type, which SET will replace.
 */
async function headUnder(redis: Redis, redisKey: string): Promise<string | undefined> {
  try {
    return await redis.exec(readCommand(redisKey, "metadata"));
  } catch (cause) {
    if (readTrouble(cause) === "wrong-type") return undefined;
    throw cause;
  }
}
