// Writes generated totals that rise into a Redis, in place of totals from the reports of isolates.
import { connectToRedis } from "../../local/upstash-rest/redis-connection.ts";
import { totalsText } from "../../src/observe/reports/totals.ts";
import { madeTotals } from "./made-totals.ts";

const everyMs = 100;

/** Writes the first totals, and new totals every 100 ms until `stop`. */
export async function layTotals(redisUrl: string): Promise<{ stop(): Promise<void> }> {
  const connection = await connectToRedis(redisUrl);
  let times = 0;
  const lay = async (): Promise<void> => {
    times += 1;
    const text = totalsText(madeTotals(times, { atMs: Date.now() }), `laid-${times}`);
    await connection.send(["SET", "tidemark:metrics:totals", text]);
  };
  // Upstash's plans limit memory.
  await connection.send(["CONFIG", "SET", "maxmemory", "67108864"]);
  await lay();
  const timer = setInterval(() => void lay(), everyMs);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    connection.close();
  };
  return { stop };
}
