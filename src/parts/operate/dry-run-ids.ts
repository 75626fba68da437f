// Ids of signed dry runs, to reject replays. A dry run leaves no entry in the journal.
import type { Command } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import { sha256Hex } from "../../base/sha256.ts";

/**
 * How long Redis keeps an id. Signatures are valid for five minutes before and after their
 * timestamp. One more minute allows for wrong clocks.
 */
const keptMs = 660_000;
/** The limit of ids that an isolate remembers. It rejects a remembered id without a command. */
const idsMax = 1_024;

/** `unknown`: the database does not answer. */
type IdClaim = "new" | "repeated" | "unknown";

/** One per isolate. */
export class DryRunIds {
  readonly #redis: RedisClient | undefined;
  readonly #namespace: string;
  readonly #ids = new Set<string>();

  constructor(given: { readonly redis: RedisClient | undefined; readonly namespace: string }) {
    this.#redis = given.redis;
    this.#namespace = given.namespace;
  }

  /** Claims the id for one dry run, in all colos, with one Redis command. Never rejects. */
  async claim(id: string): Promise<IdClaim> {
    const digest = await sha256Hex(id);
    if (this.#ids.has(digest)) return "repeated";
    this.#noteHere(digest);
    if (this.#redis === undefined) return "new";
    const key = `${this.#namespace}:dry-run:${digest}`;
    const claim: Command = ["SET", key, 1, "NX", "PX", keptMs];
    const answer = await this.#redis.attempt("listing", (client) => client.exec(claim), "writes");
    if (answer.kind === "unavailable") return "unknown";
    return answer.value === null ? "repeated" : "new";
  }

  #noteHere(digest: string): void {
    this.#ids.add(digest);
    const [oldest] = this.#ids;
    if (this.#ids.size > idsMax && oldest !== undefined) this.#ids.delete(oldest);
  }
}
