// Shares hot keys between isolates in a short Redis stream. An isolate adds at most one entry per
// minute.
import { jsonIn, listIn } from "../../base/json-text.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { type HotKeyNote, readNote } from "./hot-key-note.ts";

/** The version of the format. Raise it with each change. Entries of other versions are ignored. */
const version = "1";

/** The limits of one entry. */
const notesMax = 16;
const topBytesMax = 8_192;

/** The approximate limit of the stream. */
const entriesMax = 256;

/** The expiry of the stream. Readers renew the expiry once an hour. */
const keepMs = 86_400_000;
const runsPerRenewal = 60;

/** The maximum age of an entry that `recent` reads. */
const recentMs = 120_000;
const minuteMs = 60_000;

/** The stream of a namespace. */
export class HotKeyStream {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor({ redis, namespace }: { redis: RedisClient; namespace: string }) {
    this.#redis = redis;
    this.#key = `${namespace}:hot`;
  }

  /** Adds an entry, with one command. Returns whether Redis accepted it. */
  async add(hottestFirst: readonly HotKeyNote[]): Promise<boolean> {
    const top = encodeNotes(hottestFirst);
    const answer = await this.#redis.write("hot keys", (redis) =>
      redis.xadd(
        this.#key,
        "*",
        { v: version, top },
        { trim: { type: "MAXLEN", comparison: "~", threshold: entriesMax } },
      ),
    );
    return answer.kind === "answered";
  }

  /**
   * Reads the notes of the last two minutes, with one command, or with two commands once an hour.
   * Returns no notes while Redis is unavailable.
   */
  async recent(atMs: number): Promise<HotKeyNote[]> {
    const since = String(Math.max(0, atMs - recentMs));
    const isRenewing = Math.floor(atMs / minuteMs) % runsPerRenewal === 0;
    const answer = await this.#redis.attempt<unknown>("hot keys", async (redis) => {
      if (!isRenewing) return redis.xrevrange(this.#key, "+", since, entriesMax);
      const transaction = redis.multi().xrevrange(this.#key, "+", since, entriesMax);
      const [entries] = await transaction.pexpire(this.#key, keepMs).exec<unknown[]>();
      return entries;
    });
    return answer.kind === "answered" ? notesIn(answer.value) : [];
  }
}

/** Encodes the notes that fit into an entry, hottest first. */
export function encodeNotes(hottestFirst: readonly HotKeyNote[]): string {
  const texts: string[] = [];
  let bytes = 2;
  for (const note of hottestFirst.slice(0, notesMax)) {
    const text = JSON.stringify(note);
    const more = new TextEncoder().encode(text).length + 1;
    if (bytes + more > topBytesMax) continue;
    bytes += more;
    texts.push(text);
  }
  return `[${texts.join(",")}]`;
}

/** Decodes a reply of XREVRANGE, `[[id, [name, value, …]], …]`. Skips items of any other form. */
export function notesIn(reply: unknown): HotKeyNote[] {
  return listIn(reply).flatMap((item) => {
    const [, words] = listIn(item);
    const [v, ownVersion, name, top] = listIn(words);
    const isOurs = v === "v" && ownVersion === version && name === "top";
    if (!isOurs || typeof top !== "string" || top.length > topBytesMax) return [];
    const values = listIn(jsonIn(top)).slice(0, notesMax);
    return values.map(readNote).filter((note) => note !== undefined);
  });
}
