// Tests connections that break after the server has run a command and before its reply. The
// command runs once, even if the library would resend it.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../../../local/running.ts";
import { openProcess } from "../../../../testing/data/node-process.ts";
import { startLossyWay } from "../../../../testing/fakes/lost-replies.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../../../testing/patient-timeouts.ts";
import { until } from "../../../../testing/worker/world.ts";

lengthenTimeouts();

const running = new Running();
afterEach(() => running.stop());

async function openIoredis(url: string, options: object = {}) {
  const given = new Redis(url, options);
  given.on("error", () => undefined);
  await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
  return given;
}

async function openNodeRedis(url: string) {
  const given = createClient({ url });
  given.on("error", () => undefined);
  await given.connect();
  await running.add(Promise.resolve({ stop: async () => given.destroy() }));
  return given;
}

const libraries = [
  { library: "ioredis", open: (url: string) => openIoredis(url) },
  {
    library: "ioredis without resending",
    open: (url: string) => openIoredis(url, { autoResendUnfulfilledCommands: false }),
  },
  { library: "node-redis", open: openNodeRedis },
];

describe.each(redisServers)("a connection to $redis", ({ start }) => {
  describe.each(libraries)("by $library", ({ library, open }) => {
    async function opened() {
      const server = await running.add(start());
      const lossy = await running.add(startLossyWay(server.url));
      const here = openProcess({ redis: await open(lossy.url) });
      const there = openProcess({ redis: await openIoredis(server.url) });
      const looking = await openIoredis(server.url);
      const [near, far] = [here, there].map(({ cache }) =>
        cache.namespace<{ views: number }, number>("articles", { fresh: "1h" }),
      );
      if (near === undefined || far === undefined) throw new Error("No namespaces.");
      return { lossy, here, there, near, far, looking };
    }

    it("counts an increment once if its reply is lost, and each later increment once", async () => {
      const { lossy, near, far } = await opened();
      await near.fields(42).set({ views: 7 });
      lossy.loseReplyTo("EVAL");
      const answer = await near.fields(42).increment("views");
      expect([answer, lossy.lostCount]).toEqual([undefined, 1]);
      expect(await far.fields(42).all()).toEqual({ views: 8 });
      let raised: number | undefined;
      await until(async () => {
        raised = await near.fields(42).increment("views");
        return raised !== undefined;
      }, "an increment");
      const several = [1, 2, 3].map(() => near.fields(42).increment("views"));
      expect([raised, new Set(await Promise.all(several))]).toEqual([9, new Set([10, 11, 12])]);
      expect(await far.fields(42).all()).toEqual({ views: 12 });
    });

    // Without resending, ioredis leaves lost commands without an answer, until their time-outs.
    const mayWait = library !== "ioredis without resending";

    it.runIf(mayWait).each([{ tiers: ["shared"] }, { tiers: ["memory", "shared"] }] as const)(
      "does not replace what another process has set since its reply was lost: $tiers",
      async (options) => {
        const { lossy, here, there, looking } = await opened();
        const [near, far] = [here, there].map(({ cache }) =>
          cache.namespace<string, number>("sessions", { fresh: "1h", ...options }),
        );
        for (const one of [far, near]) await one?.set(7, "warm", { tags: [] });
        lossy.loseReplyTo("EVAL");
        const setting = near?.set(42, "first", { tags: [] }).catch(() => []);
        await until(async () => (await textsIn(looking)).includes("first"), "the first value");
        expect(await far?.set(42, "second", { tags: [] })).toContain("shared");
        expect([await setting, lossy.lostCount]).toEqual([[], 1]);
        // The purge that follows a set without an answer (rule 28 d) may have ended the second one, too.
        expect(await textsIn(looking)).not.toContain("first");
        expect([undefined, "second"]).toContain(await far?.get(42));
      },
    );

    it.runIf(mayWait)(
      "does not replace fields that another process has set since its reply was lost",
      async () => {
        const { lossy, near, far } = await opened();
        await near.fields(42).set({ views: 7 });
        lossy.loseReplyTo("EVAL");
        const setting = near.fields(42).set({ views: 8 });
        await until(async () => (await far.fields(42).all())?.views === 8, "the first fields");
        expect(await far.fields(42).set({ views: 9 })).toBe(true);
        expect([await setting, lossy.lostCount]).toEqual([false, 1]);
        expect(await far.fields(42).all()).toEqual({ views: 9 });
      },
    );

    it("does not store a value again that was deleted after its reply was lost", async () => {
      const { lossy, here, there } = await opened();
      const [near, far] = [here, there].map(({ cache }) =>
        cache.namespace<string, number>("sessions", { fresh: "1h", tiers: ["shared"] }),
      );
      await near?.set(7, "warm", { tags: [] });
      lossy.loseReplyTo("EVAL");
      lossy.isShut = true;
      // Without a connection, the purge of the older value is not accepted either.
      const setting = near?.set(42, "ada", { tags: [] }).catch(() => []);
      await until(async () => lossy.lostCount === 1, "a lost reply");
      expect(await far?.get(42)).toBe("ada");
      await far?.delete(42);
      lossy.isShut = false;
      expect(await setting).toEqual([]);
      expect(await far?.get(42)).toBeUndefined();
    });

    it("keeps a purge in the journal under one random text if its reply is lost", async () => {
      const { lossy, here, near, far, looking } = await opened();
      await near.set(42, { views: 7 }, { everywhere: false });
      expect(await far.get(42)).toEqual({ views: 7 });
      lossy.loseReplyTo("EVAL");
      const purged = here.cache.purge({ keys: ["articles/42"] });
      await purged.catch(() => undefined);
      expect(lossy.lostCount).toBe(1);
      const entries = await looking.xrange("tidemark:journal", "-", "+");
      const purges = entries.filter(([, fields]) => fields.includes("data"));
      const names = purges.map(([, fields]) => fields[fields.indexOf("n") + 1]);
      // A retry appends an entry with the same random text and other numbers.
      const ids = names.map((name) => String(name).split(".", 1)[0]);
      expect([purges.length > 0, new Set(ids).size]).toEqual([true, 1]);
    });
  });
});

/** Returns all records of data as one text. */
async function textsIn(redis: Redis): Promise<string> {
  const keys = await redis.keys("*:d:*");
  return keys.length === 0 ? "" : (await redis.mget(keys)).join();
}
