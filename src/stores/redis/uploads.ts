// Limits the bytes that are being sent to Redis, and rejects new records while the database is
// nearly full.
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import type { Redis } from "@upstash/redis/cloudflare";
import { isWithinMs } from "../../base/elapsed.ts";
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import type { RedisClient } from "../../redis/redis-client.ts";
import type { Upload } from "./rewritten-head.ts";
import { unlessNewerScript } from "./unless-newer.ts";
import type { TierWrite } from "../../cache/tiers/tier.ts";

/** The age at which an upload is ignored, because the runtime may have ended it silently. */
const uploadMsMax = 10_000;

export interface UploadsSettings {
  readonly redis: Pick<RedisClient, "write">;
  /** Tracks the free space. While `isPaused` is true, writes only replace existing records. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  /** The limit for the bytes that an isolate sends at the same time. */
  readonly uploadBytesMax: number;
}

/** A client, or a pipeline, which both write a record by one command. */
interface WriteCommands {
  set(key: string, text: string, options: { px: number } | { px: number; xx: true }): unknown;
  eval(script: string, keys: string[], args: string[]): unknown;
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
      if (isWithinMs(uploadMsMax, one.sinceAtMs, upload.sinceAtMs)) heldBytes += one.text.length;
      else this.#underWay.delete(one);
    }
    const mayBegin =
      heldBytes === 0 || heldBytes + upload.text.length <= this.#settings.uploadBytesMax;
    if (mayBegin) this.#underWay.add(upload);
    return mayBegin;
  }

  /** Sends uploads. At the same time, checks the database's free space if due. Never rejects. */
  async send(
    purpose: CallPurpose,
    uploads: readonly Upload[],
    run: (client: Redis) => Promise<readonly unknown[]>,
  ): Promise<RemoteAnswer<readonly unknown[]>> {
    const { redis, room } = this.#settings;
    const bytes = uploads.reduce((sum, { text }) => sum + text.length, 0);
    const [answer] = await Promise.all([redis.write(purpose, run), room?.beforeWrite(bytes)]);
    for (const upload of uploads) this.#underWay.delete(upload);
    return answer;
  }

  /** Writes an upload by one command. While the room is paused, it only replaces an existing record. */
  writeBy(commands: WriteCommands, { redisKey, text, keepMs: px, newerArgs }: Upload): unknown {
    const isPaused = this.#settings.room?.isPaused === true;
    if (newerArgs === undefined)
      return commands.set(redisKey, text, isPaused ? { px, xx: true } : { px });
    const args = [text, String(px), isPaused ? "xx" : "", ...newerArgs];
    return commands.eval(unlessNewerScript, [redisKey], args);
  }
}

/**
 * Returns the result of one write, from the answer to all writes.
 *
 * @param at the index of the command; with `xx`, SET replies null for a record that does not exist
 */
export function writtenBy(answer: RemoteAnswer<readonly unknown[]>, at: number): TierWrite {
  if (answer.kind === "unavailable") return answer;
  const reply = answer.value[at];
  if (reply === "newer") return { kind: "refused", rule: "newer" };
  return reply === null ? { kind: "refused", rule: "no-room" } : { kind: "kept" };
}
