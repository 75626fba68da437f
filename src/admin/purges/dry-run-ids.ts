// Ids of signed dry runs, so that a captured one cannot be sent again. A dry run leaves no entry in the journal.
import type { RedisClient } from "../../redis/redis-client.ts";
import { sha256Hex } from "../../base/sha256.ts";

/** A signature is valid for five minutes before and after its time; a minute more is for clocks. */
const keptMs = 660_000;
/** In this isolate. A repetition that it knows costs no command. */
const idsMax = 1_024;

/** `new`; `repeated`; or `unknown`, where the database does not tell. */
export type IdClaim = "new" | "repeated" | "unknown";

/** One for each isolate. */
export class DryRunIds {
  readonly #redis: RedisClient | undefined;
  readonly #namespace: string;
  readonly #ids = new Set<string>();

  constructor(given: { readonly redis: RedisClient | undefined; readonly namespace: string }) {
    this.#redis = given.redis;
    this.#namespace = given.namespace;
  }

  /** Takes the id for one dry run, in all colos: one Redis command. Never rejects. */
  async claim(id: string): Promise<IdClaim> {
    const digest = await sha256Hex(new TextEncoder().encode(id));
    if (this.#ids.has(digest)) return "repeated";
    this.#noteHere(digest);
    if (this.#redis === undefined) return "new";
    const key = `${this.#namespace}:dry-run:${digest}`;
    const answer = await this.#redis.attempt<unknown>(
      "listing",
      (client) => client.set(key, "1", { nx: true, px: keptMs }),
      "writes",
    );
    if (answer.kind === "unavailable") return "unknown";
    return answer.value === null ? "repeated" : "new";
  }

  #noteHere(digest: string): void {
    this.#ids.add(digest);
    const [oldest] = this.#ids;
    if (this.#ids.size > idsMax && oldest !== undefined) this.#ids.delete(oldest);
  }
}
