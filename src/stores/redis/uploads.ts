// Sends records to Redis. Limits the bytes that are being sent, and rejects new records while the
// database is nearly full. Sends only the metadata of a long body that Redis already has.
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { listIn } from "../../base/json-text.ts";
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import { type Command, type Redis, scriptCommand } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { readTrouble } from "../../remote/redis/redis-trouble.ts";
import { readCommand, recordIn, recordText } from "./record-text.ts";
import { unlessNewerArgs, unlessNewerScript } from "./write-unless-newer.ts";
import type { WriteWithPurge } from "../../cache/record/record.ts";
import type { TierKeep, TierWrite } from "../../cache/tiers/tier.ts";

/** The age at which an upload is ignored, because the runtime may have ended it silently. */
const uploadMsMax = 10_000;

/** A record that is being sent. `text`: the whole value, with head and body. The head may be padded there. */
export interface Upload {
  readonly redisKey: string;
  readonly head: string;
  readonly body: string;
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
  ended(upload: Upload): Promise<void> | undefined {
    this.#underWay.delete(upload);
    return this.#checkRoom([upload]);
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
    { redisKey, head, body, keepMs }: Upload,
    { keepsTags = false }: Pick<TierKeep, "keepsTags">,
  ): WriteWithPurge {
    const at = head.indexOf(slotBegin + slotMiddle + slotEnd) + slotBegin.length;
    const xx = this.#settings.room?.isPaused === true ? "XX" : "";
    return {
      key: redisKey,
      around: [head.slice(0, at), recordText(head.slice(at + slotMiddle.length), body)],
      options: [String(keepMs), xx, keepsTags],
    };
  }

  /**
   * Writes records in one round trip, and returns a reply for each. While the room is paused, only replaces
   * records. A script writes several records, unless their keys are in a cluster.
   */
  async write(client: Redis, uploads: readonly Upload[]): Promise<readonly unknown[]> {
    const parts = this.#settings.redis.isCluster ? uploads.map((one) => [one]) : partsOf(uploads);
    const commands = parts.map((part) => this.#command(part));
    const [only] = commands;
    const replies =
      commands.length === 1 && only !== undefined
        ? [await client.exec(only)]
        : await client.pipeline(commands);
    return parts.flatMap(([first], at) =>
      first?.newerArgs === undefined ? [replies[at]] : listIn(replies[at]),
    );
  }

  /** @param part one upload, or several with `newerArgs` and without `atEnd` */
  #command(part: readonly Upload[]): Command {
    const [{ redisKey, text, keepMs, newerArgs, atEnd }] = part as readonly [Upload];
    const xx = this.#settings.room?.isPaused === true ? "XX" : "";
    if (newerArgs === undefined)
      return ["SET", redisKey, text, "PX", keepMs, ...(xx === "" ? [] : [xx])];
    const keys = part.map((upload) => upload.redisKey);
    const args = part.flatMap(({ newerArgs: newer = [], ...upload }) =>
      unlessNewerArgs({ ...upload, xx, n: atEnd?.n, newer }),
    );
    const ofJournal = atEnd === undefined ? [] : [atEnd.journalKey];
    return scriptCommand(unlessNewerScript, [...keys, ...ofJournal], args);
  }
}

/** The records of one script, and their characters. The database runs a script without a pause. */
const [togetherMax, charsMax] = [16, 262_144];

/** Divides uploads among commands, in order. */
function partsOf(uploads: readonly Upload[]): readonly (readonly Upload[])[] {
  const parts: Upload[][] = [];
  let chars = 0;
  for (const upload of uploads) {
    const open = parts.at(-1);
    chars += upload.text.length;
    const isTogether = open?.[0]?.newerArgs !== undefined && upload.newerArgs !== undefined;
    if (isTogether && open.length < togetherMax && chars <= charsMax) open.push(upload);
    else {
      parts.push([upload]);
      chars = upload.text.length;
    }
  }
  return parts;
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
