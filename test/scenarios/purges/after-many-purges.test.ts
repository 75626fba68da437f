// Counts the commands for stored pages and values after many purges of other targets: an isolate judges old stamps
// by epochs (rule 27 i), and asks the journal's book only about the first records.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { createDataCache } from "../../../src/data/create-data-cache.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";
import { host, idle, openSite } from "../../../testing/site/harness.ts";

const clock = new FakeClock();
const { nowAtMs } = clock;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs }));
afterEach(() => void vi.useRealTimers());

const recordCount = 400;
const numbers = Array.from({ length: recordCount }, (_, at) => at);

function worldOf() {
  const upstash = new UnsteadyUpstash(clock);
  const redis = upstashStore.client({ url: upstash.url, token: upstash.token, nowAtMs });
  const randomText = () => crypto.randomUUID();
  const journal = new RedisJournal({ redis, namespace: "tidemark", nowAtMs, randomText });
  return {
    isolate() {
      const data = createDataCache(defineConfig({}), { nowAtMs, random: () => 0.5 });
      const cache = new FakeCache(clock);
      const config = { env: { SITE_HOST: host }, config: {} };
      const origin = () => page("page", cc("max-age=360000"));
      const site = openSite({ ...config, clock, upstash, cache, data, origin });
      const values = data.namespace<string, string>("values", { fresh: "100h" });
      const isHit = async (path: string) =>
        (await site.get(path)).cacheStatus.includes("; hit");
      return {
        page: (nth: number) => isHit(`/${nth}`),
        value: async (nth: number) => (await values.get(`${nth}`)) === "loaded",
        async fill() {
          for (const nth of numbers) {
            await site.get(`/${nth}`);
            await values.getOrSet(`${nth}`, () => "loaded");
          }
          await idle();
        },
        async begin() {
          await site.get("/other");
          await values.get("other");
          await idle();
        },
      };
    },
    async purgeOthers(count: number) {
      for (let left = count; left > 0; left -= 1_000) {
        await journal.append(
          Array.from({ length: 1_000 }, (_, at) =>
            newEntry({ n: randomText(), tags: [`tag:other ${left} ${at}`] }),
          ),
        );
      }
      pass(4_000);
    },
    /** Returns the commands for each record, with those behind the answers. */
    async commandsPer(has: (nth: number) => Promise<boolean>, which = numbers) {
      const before = upstash.requestCount;
      for (const nth of which) {
        expect(await has(nth)).toBe(true);
        await idle();
      }
      return (upstash.requestCount - before) / which.length;
    },
  };
}

function pass(seconds: number): void {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
}

/** The maximum number of commands for a hit in memory, and for one in the shared tier. */
const rows = [
  { purgeCount: 20_000, inMemory: 0.05, shared: 1.05 },
  { purgeCount: 100_000, inMemory: 0.2, shared: 1.2 },
];
const subjects = ["page", "value"] as const;

it.each(rows.flatMap((row) => subjects.map((subject) => ({ ...row, subject }))))(
  "a hit of a $subject after $purgeCount purges costs $inMemory commands in memory, $shared in Redis",
  { timeout: 60_000 },
  async ({ purgeCount, inMemory, shared, subject }) => {
    const world = worldOf();
    const warm = world.isolate();
    await warm.fill();
    await world.purgeOthers(purgeCount);
    const cold = world.isolate();
    for (const isolate of [warm, cold]) await isolate.begin();
    const costs = {
      inMemory: await world.commandsPer(warm[subject]),
      shared: await world.commandsPer(cold[subject]),
    };
    console.log(subject, purgeCount, costs);
    expect(costs.inMemory).toBeLessThanOrEqual(inMemory);
    expect(costs.shared).toBeLessThanOrEqual(shared);
  },
);
