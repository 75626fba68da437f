// Processes that begin together over an empty Redis: the first mark of the journal covers everything, so
// there has to be one, or what one process has loaded would be purged for the others.
import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { openProcess } from "../../testing/data/node-process.ts";
import { reaches } from "../../testing/fakes/redis-reaches.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { sleep } from "../../testing/worker/world.ts";

const running = new Running();
afterEach(() => running.stop());

describe.each(redisServers)("over $redis", ({ start }) => {
  it.each(reaches)("by $reach: one load in the world, and one mark", async ({ open }) => {
    const server = await running.add(start());
    let loads = 0;
    const load = async () => {
      loads += 1;
      await sleep(50);
      return "dear";
    };
    const processes = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const { given } = await running.add(open(server.url));
        const { cache, log } = openProcess({ redis: given });
        const options = { fresh: "1h", collapse: "global" } as const;
        return { articles: cache.namespace<string, number>("articles", options), log };
      }),
    );
    const asked = processes.flatMap(({ articles }) =>
      Array.from({ length: 20 }, () => articles.getOrSet(42, load)),
    );
    expect([new Set(await Promise.all(asked)), loads]).toEqual([new Set(["dear"]), 1]);
    const looking = new Redis(server.url);
    await running.add(Promise.resolve({ stop: async () => looking.disconnect() }));
    expect(await looking.xlen("tidemark:journal")).toBe(1);
    expect(processes.flatMap(({ log }) => log)).toEqual([]);
  });
});
