// Records on their way to Redis: how many bytes may be at one time, and what the database has room for.
import type { Redis } from "@upstash/redis/cloudflare";
import { isWithinMs } from "../../base/elapsed.ts";
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { RedisPurpose } from "../../redis/purpose.ts";
import type { RedisAnswer, RedisClient } from "../../redis/redis-client.ts";
import type { Upload } from "./rewritten-head.ts";
import type { TierWrite } from "../../cache/tiers/tier.ts";

/** Longer than a write may take: the runtime may end one without a word. */
const uploadMsMax = 10_000;

export interface UploadsSettings {
  readonly redis: Pick<RedisClient, "write">;
  /** Told of each write; while it is paused, only what stands there is replaced. */
  readonly room?: Pick<DatabaseRoom, "beforeWrite" | "isPaused"> | undefined;
  /** Of records that are on their way to a slow database at one time, as they are sent. */
  readonly uploadBytesMax: number;
}

/** The uploads of an isolate. */
export class Uploads {
  readonly #settings: UploadsSettings;
  readonly #underWay = new Set<Upload>();

  constructor(settings: UploadsSettings) {
    this.#settings = settings;
  }

  /** @returns whether it may be sent; one may, however large */
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

  /** Sends what has begun, and looks at the room beside it where that is due. Never rejects. */
  async send(
    purpose: RedisPurpose,
    uploads: readonly Upload[],
    run: (client: Redis) => Promise<readonly unknown[]>,
  ): Promise<RedisAnswer<readonly unknown[]>> {
    const { redis, room } = this.#settings;
    const bytes = uploads.reduce((sum, { text }) => sum + text.length, 0);
    const [answer] = await Promise.all([redis.write(purpose, run), room?.beforeWrite(bytes)]);
    for (const upload of uploads) this.#underWay.delete(upload);
    return answer;
  }

  /** Of SET. While the room is paused, what stands there is replaced, and nothing else is stored. */
  optionsOf({ keepMs: px }: Upload): { px: number } | { px: number; xx: true } {
    return this.#settings.room?.isPaused === true ? { px, xx: true } : { px };
  }
}

/** @param at which of the commands; SET answers nothing where it was told to store nothing new */
export function writtenBy(answer: RedisAnswer<readonly unknown[]>, at: number): TierWrite {
  if (answer.kind === "unavailable") return answer;
  return answer.value[at] === null ? { kind: "refused", rule: "no-room" } : { kind: "kept" };
}
