// Writes generated totals that rise into a Redis, in place of totals from the reports of isolates.
import { connectToRedis, type RedisConnection } from "../../local/upstash-rest/redis-connection.ts";
import { totalsText } from "../../src/observe/reports/totals.ts";
import { madeTotals } from "./made-totals.ts";

const everyMs = 100;

export class LaidTotals {
  readonly #connection: RedisConnection;
  #times = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Writes the first totals, and new totals every 100 ms until `stop`. */
  static async in(redisUrl: string): Promise<LaidTotals> {
    const laid = new LaidTotals(await connectToRedis(redisUrl));
    // Upstash's plans limit memory.
    await laid.#connection.send(["CONFIG", "SET", "maxmemory", "67108864"]);
    await laid.#lay();
    laid.#timer = setInterval(() => void laid.#lay(), everyMs);
    return laid;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#connection.close();
  }

  async #lay(): Promise<void> {
    this.#times += 1;
    const totals = madeTotals(this.#times, { atMs: Date.now() });
    await this.#connection.send([
      "SET",
      "tidemark:metrics:totals",
      totalsText(totals, `laid-${this.#times}`),
    ]);
  }
}
