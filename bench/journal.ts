// The purge journal to scale: what a verdict, a view, a cold start, a join and a purge cost after
// one purge and after a million, and what a cold isolate can trust after a burst. Over the local
// REST server before the embedded Valkey. `node --expose-gc bench/journal.ts [purges, a million]`
import "../testing/fakes/workers-globals.ts";
import { Redis } from "ioredis";
import { startEmbeddedValkey } from "../local/embedded-valkey.ts";
import { Running } from "../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../local/upstash-rest-server.ts";
import type { Journal } from "../src/purge/journal/journal.ts";
import { RedisJournal } from "../src/stores/redis/journal/redis-journal.ts";
import { RedisClient } from "../src/redis/redis-client.ts";
import { reportBursts } from "./journal/bursts.ts";
import { reportCopies } from "./journal/copies.ts";
import { reportLatency, reportReads } from "./journal/over-redis.ts";
import { reportVerdicts } from "./journal/verdicts.ts";

const countMax = Number(process.argv[2] ?? 1_000_000);

export interface World {
  readonly database: Redis;
  readonly rest: UpstashRestServer;
  /** @param nowAtMs the isolate's clock */
  readonly journal: (nowAtMs?: () => number) => Journal;
  readonly journalKey: string;
}

async function main(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("Start it with node --expose-gc.");
  await reportVerdicts(countMax);
  await reportCopies();
  const running = new Running();
  try {
    const [few, many] = [await open(running), await open(running)];
    await reportReads(many, countMax);
    await reportBursts(many);
    await reportLatency(few, many, countMax);
    for (const { database } of [few, many]) database.disconnect();
  } finally {
    await running.stop();
  }
}

async function open(running: Running): Promise<World> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const rest = await running.add(startUpstashRestServer({ redisUrl, token: "local" }));
  const journal = (nowAtMs = Date.now) => {
    const redis = new RedisClient({ url: rest.url, token: "local", ...patient });
    return new RedisJournal({ redis, namespace: "bench", nowAtMs, randomText });
  };
  return { database: new Redis(redisUrl), rest, journal, journalKey: "bench:journal" };
}

/** Every answer seems to have taken as long as may be: a busy machine is no outage here. */
const patient = (() => {
  let atMs = 0;
  return { readTimeoutMsMax: 30_000, nowAtMs: () => (atMs += 30_000) };
})();

const randomText = () => crypto.randomUUID();

await main();
