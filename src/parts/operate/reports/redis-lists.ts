// Lists that isolates share for two minutes, in a short Redis stream. Without Redis, the store of reports or the
// memory of the process has them.
import { listIn } from "../../../base/json-text.ts";
import { type HotKeyLists, listsMax, recentMs } from "../../../observe/reports/report-store.ts";
import type { Command } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";

/** The version of the format. Raise it with each change. Entries of other versions are ignored. */
const version = "1";

/** The expiry of the stream. Readers renew the expiry once an hour. */
const keepMs = 86_400_000;
const runsPerRenewal = 60;
const minuteMs = 60_000;

/** The lists of a namespace in Redis. Adds with one command. */
export class RedisLists implements HotKeyLists {
  readonly #redis: RedisClient;
  readonly #key: string;

  constructor({ redis, namespace }: { redis: RedisClient; namespace: string }) {
    this.#redis = redis;
    this.#key = `${namespace}:hot`;
  }

  async add(top: string): Promise<boolean> {
    const answer = await this.#redis.write("hot keys", (redis) =>
      redis.exec(["XADD", this.#key, "MAXLEN", "~", listsMax, "*", "v", version, "top", top]),
    );
    return answer.kind === "answered";
  }

  /** Costs one command, or two commands once an hour. */
  async recent(atMs: number): Promise<readonly string[]> {
    const since = String(Math.max(0, atMs - recentMs));
    const isRenewing = Math.floor(atMs / minuteMs) % runsPerRenewal === 0;
    const read: Command = ["XREVRANGE", this.#key, "+", since, "COUNT", listsMax];
    const answer = await this.#redis.attempt("hot keys", async (redis) => {
      if (!isRenewing) return redis.exec(read);
      const [entries] = await redis.multi([read, ["PEXPIRE", this.#key, keepMs]]);
      return entries;
    });
    return answer.kind === "answered" ? listsIn(answer.value) : [];
  }
}

/** Decodes a reply of XREVRANGE, `[[id, [name, value, …]], …]`. Skips items of any other form. */
export function listsIn(reply: unknown): string[] {
  return listIn(reply).flatMap((item) => {
    const [, words] = listIn(item);
    const [v, ownVersion, name, top] = listIn(words);
    const isOurs = v === "v" && ownVersion === version && name === "top";
    return isOurs && typeof top === "string" ? [top] : [];
  });
}
