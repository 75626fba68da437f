// Totals in a Redis, in the place of those that isolates would have told: they rise all the time.
import { connectToRedis, type RedisConnection } from "../../local/upstash-rest/redis-connection.ts";
import { totalsText } from "../../src/reports/totals-text.ts";
import { madeTotals } from "./made-totals.ts";

const everyMs = 100;

export class LaidTotals {
  readonly #connection: RedisConnection;
  #times = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** Lays the first, and goes on until it is stopped. */
  static async in(redisUrl: string): Promise<LaidTotals> {
    const laid = new LaidTotals(await connectToRedis(redisUrl));
    // A plan of Upstash has a bound.
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
