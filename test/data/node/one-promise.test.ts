// Tests the promise of data on Node for each way to reach Redis, and between these ways. Two
// processes share one journal.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../../local/running.ts";
import { AheadClock, openProcess, untilFound } from "../../../testing/data/node-process.ts";
import { type Reach, reaches } from "../../../testing/fakes/redis-reaches.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";

lengthenTimeouts();

describe.each(oneRedisServer)("two processes over $redis", ({ start }) => {
  const running = new Running();
  const opened = new Map<string, Reach>();
  beforeAll(async () => {
    const server = await running.add(start());
    for (const { reach, open } of reaches) opened.set(reach, await running.add(open(server.url)));
  });
  afterAll(() => running.stop());

  let namespaces = 0;
  /** Opens two processes that reach the same Redis, each in its own way. */
  function twoProcesses([one, other]: readonly [string, string], options: object = {}) {
    const namespace = `n${(namespaces += 1)}`;
    const clock = new AheadClock();
    const [here, there] = [one, other].map((reach) => {
      const redis = opened.get(reach)?.given;
      if (redis === undefined) throw new Error(`${reach} is not open.`);
      const { cache } = openProcess({ redis, namespace, nowAtMs: clock.nowAtMs });
      const space = { fresh: "1h", stale: "1h", negative: "1m", ...options } as const;
      return { cache, articles: cache.namespace<unknown, string | number>("articles", space) };
    });
    if (here === undefined || there === undefined) throw new Error("No processes.");
    return { here, there, clock };
  }

  describe.each(reaches)("that both use $reach", ({ reach }) => {
    it("read each other's values of all types", async () => {
      const { here, there } = twoProcesses([reach, reach]);
      const value = { at: new Date(5), big: 5n, text: 'größe "1"\n', none: null, map: new Map() };
      await here.articles.getOrSet(42, () => value);
      const found = await untilFound(() => there.articles.get(42));
      expect(structuredClone(found)).toEqual(value);
      expect(await there.articles.get(43)).toBeUndefined();
    });

    it("apply a purge at once in the purging process, and within N in the other", async () => {
      const { here, there, clock } = twoProcesses([reach, reach]);
      const purges = [
        () => here.cache.purge({ tags: ["author:7"] }),
        () => here.articles.delete("42/a"),
        () => here.cache.purge({ prefixes: ["articles/42"] }),
        () => here.articles.clear(),
      ];
      for (const purge of purges) {
        await here.articles.getOrSet("42/a", ({ tags }) => {
          tags("author:7");
          return "old";
        });
        expect(await untilFound(() => there.articles.get("42/a"))).toBe("old");
        await purge();
        expect(await here.articles.get("42/a")).toBeUndefined();
        clock.advance(10);
        expect(await there.articles.get("42/a")).toBeUndefined();
      }
    });
  });

  it.each([
    ["ioredis", "REST"],
    ["REST", "node-redis"],
    ["node-redis", "ioredis"],
  ] as const)(
    "purge with %s, and do not answer with the purged value over %s",
    async (one, other) => {
      const { here, there, clock } = twoProcesses([one, other]);
      await there.articles.getOrSet("1", () => "old");
      expect(await untilFound(() => here.articles.get("1"))).toBe("old");
      await here.articles.expire("1");
      await here.articles.delete("1");
      clock.advance(10);
      expect(await there.articles.get("1")).toBeUndefined();
    },
  );
});
