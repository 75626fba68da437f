// Measures cached reads of all cache handlers in one run: the latency, and the Redis commands of hits,
// misses and purges. Each handler has one process and a Redis of its own.
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { Running } from "../../local/running.ts";
import { startRedisServer } from "../../testing/fakes/redis-server.ts";
import { Origin } from "../histories/origin.ts";
import { ask } from "../load/ask.ts";
import { markdownTable, median, quantile } from "../load/figures.ts";
import { type HandlerName, handlers } from "./handlers.ts";
import type { CacheKind } from "./judge.ts";
import { pathOf, purgeItem, type Site } from "./requests.ts";
import { build, startServer } from "./server.ts";

/** `many` is a response of ten `'use cache'` functions, each with a tag of its own. */
const measuredCaches = ["plain", "remote", "many", "fetch", "page", "isr"] as const;
type Measured = (typeof measuredCaches)[number];

const roundCount = 20;
/** Rounds before the measured ones, in which Node compiles the code. */
const warmRoundCount = 4;
const hitsInRound = 50;
const countedCalls = 100;
const idleMs = 10_000;

interface Subject {
  readonly handler: HandlerName;
  readonly site: Site;
  readonly redis: Redis;
  readonly caches: readonly Measured[];
  readonly tookMs: Map<Measured, number[]>;
}

/** Returns the tables of latencies and of commands. */
export async function measure(names: readonly HandlerName[], withinMs: number): Promise<string> {
  const running = new Running();
  try {
    const origin = await running.add(Origin.start());
    const subjects: Subject[] = [];
    for (const handler of names) subjects.push(await started(running, handler, origin, withinMs));
    for (let round = -warmRoundCount; round < roundCount; round += 1) {
      if (round === 0) for (const { tookMs } of subjects) tookMs.clear();
      for (const subject of subjects) {
        for (const cache of subject.caches) await readInRow(subject, cache);
      }
    }
    const latencies = latencyTable(subjects);
    const commands = [];
    for (const subject of subjects) commands.push(await commandRow(subject));
    const head = [
      "Redis commands",
      "hit",
      "hit of `many`",
      "hit of a page",
      "miss",
      "purge",
      "idle, per second",
    ];
    return `${latencies}\n${markdownTable(head, commands)}`;
  } finally {
    await running.stop();
  }
}

async function started(
  running: Running,
  handler: HandlerName,
  origin: Origin,
  withinMs: number,
): Promise<Subject> {
  const { url: redisUrl } = await running.add(startRedisServer());
  const redis = new Redis(redisUrl);
  await running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
  const settings = { handler, originUrl: origin.url, redisUrl, withinSeconds: withinMs / 1_000 };
  const action = await build(settings);
  const { url } = await running.add(startServer(settings));
  const served: readonly string[] = handlers[handler].caches;
  const caches = measuredCaches.filter((one) => served.includes(one === "many" ? "plain" : one));
  return { handler, site: { origin, urls: [url], action }, redis, caches, tookMs: new Map() };
}

async function get({ site, handler }: Subject, cache: Measured, id: string): Promise<number> {
  const path = cache === "many" ? `/read/many/${id}` : pathOf(cache, id);
  const { status, tookMs } = await ask(`${site.urls[0]}${path}`);
  if (status !== 200) throw new Error(`${handler} answered ${path} with status ${status}.`);
  return tookMs;
}

async function readInRow(subject: Subject, cache: Measured): Promise<void> {
  const took = subject.tookMs.get(cache) ?? [];
  // The first two requests warm the cache and the connection.
  for (let nth = -2; nth < hitsInRound; nth += 1) {
    const tookMs = await get(subject, cache, "measured");
    if (nth >= 0) took.push(tookMs);
  }
  subject.tookMs.set(cache, took);
}

function latencyTable(subjects: readonly Subject[]): string {
  const base = subjects[0]?.tookMs;
  const rows = subjects.map(({ handler, tookMs }) => [
    handlers[handler].title,
    ...measuredCaches.map((cache) => {
      const took = tookMs.get(cache);
      if (took === undefined) return "";
      const ratio = median(took) / median(base?.get(cache) ?? took);
      return `${median(took).toFixed(2)} / ${quantile(took, 0.99).toFixed(2)} (${ratio.toFixed(2)} ×)`;
    }),
  ]);
  return markdownTable(["Hit, median / p99 in ms", ...measuredCaches], rows);
}

async function commandRow(subject: Subject): Promise<string[]> {
  const { handler, caches, redis, site } = subject;
  const has = (cache: Measured) => caches.includes(cache);
  const perCall = async (call: (nth: number) => Promise<unknown>) => {
    const count = await commandsDuring(redis, async () => {
      for (let nth = 0; nth < countedCalls; nth += 1) await call(nth);
      // Next.js writes values and purges after some of its responses.
      await delay(200);
    });
    return (count / countedCalls).toFixed(1);
  };
  const hit = (cache: Measured) =>
    has(cache) ? perCall(() => get(subject, cache, "measured")) : "";
  const one: CacheKind = has("plain") ? "plain" : "fetch";
  const purge = { call: "updateTag", via: "action", path: undefined, process: 0 } as const;
  const seen = { version: 0, isDuringLoad: false };
  return [
    handlers[handler].title,
    await hit(one),
    await hit("many"),
    await hit("isr"),
    await perCall((nth) => get(subject, one, `missed-${nth}`)),
    await perCall((nth) => purgeItem(site, `missed-${nth}`, purge, seen)),
    (((await commandsDuring(redis, () => delay(idleMs))) * 1_000) / idleMs).toFixed(1),
  ];
}

/** Returns the number of commands that Redis executes, without its own reports. */
async function commandsDuring(redis: Redis, act: () => Promise<unknown>): Promise<number> {
  await redis.config("RESETSTAT");
  await act();
  const calls = (await redis.info("commandstats")).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return [...calls]
    .filter(([, name = ""]) => !/^(config|info|ping)/.test(name))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}
