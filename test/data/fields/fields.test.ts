// Fields of a hash, on a real Redis: one round trip each, judged and purged together, never a mixture of
// what was before a purge and what came after it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { idle } from "../../../testing/site/harness.ts";

let redis: EmbeddedValkey;
let rest: UpstashRestServer;
lengthenTimeouts();
beforeAll(async () => {
  redis = await startEmbeddedValkey();
  rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
});
afterAll(async () => {
  await rest.stop();
  await redis.stop();
});

interface Article {
  readonly title: string;
  readonly views: number;
  readonly at: Date;
  readonly share: number;
}

let namespaces = 0;

/** Two isolates of two colos, whose clocks the test moves together. */
async function opened(options: object = {}) {
  const config = { namespace: `f${(namespaces += 1)}` };
  let aheadMs = 0;
  const nowAtMs = () => Date.now() + aheadMs;
  const database = { url: rest.url, token: rest.token };
  const start = () => new DataIsolate({ config, platform: { database, nowAtMs } });
  const isolates = [start(), start()];
  const space = { fresh: "10m", tags: ["red"], ...options } as const;
  const [here, there] = isolates.map(({ data }) =>
    data.namespace<Article, string>("articles", space).fields("42"),
  );
  const [first, second] = isolates;
  if (here === undefined || there === undefined) throw new Error("No isolates.");
  if (first === undefined || second === undefined) throw new Error("No isolates.");
  for (const each of [here, there]) await each.get(["title"]);
  const settle = async () => void (await Promise.all(isolates.map((each) => each.settle())));
  await settle();
  const pass = (ms: number) => (aheadMs += ms);
  const commands = async (run: () => Promise<unknown>) => {
    rest.resetCounts();
    await run();
    const { commandCountByName } = rest.counts();
    return Object.fromEntries(
      Object.entries(commandCountByName).filter(([name]) => !name.startsWith("X")),
    );
  };
  return { start, here, there, first, second, pass, settle, commands };
}

describe("fields", () => {
  it("are read by name or all together, with what their codec keeps", async () => {
    const { here, there } = await opened();
    const at = new Date(7);
    expect(await here.set({ title: "Tides", views: 7, at, share: 0.5 })).toBe(true);
    expect(await there.get(["title", "at"])).toEqual({ title: "Tides", at });
    expect(await there.all()).toEqual({ title: "Tides", views: 7, at, share: 0.5 });
    expect(await there.get(["share"])).toEqual({ share: 0.5 });
  });

  it("that are set leave the others as they are", async () => {
    const { here, there } = await opened();
    await here.set({ title: "Tides", views: 7 });
    expect(await there.set({ views: 8 })).toBe(true);
    expect(await here.set({ share: 1.5 })).toBe(true);
    expect(await there.all()).toEqual({ title: "Tides", views: 8, share: 1.5 });
  });

  it("are not there before they are set, nor after their lifetime, which no later field lengthens", async () => {
    const { here, pass } = await opened();
    expect(await here.all()).toBeUndefined();
    await here.set({ title: "Tides" });
    pass(9 * 60_000);
    await here.set({ views: 1 });
    expect(await here.get(["title"])).toEqual({ title: "Tides" });
    pass(60_001);
    expect(await here.all()).toBeUndefined();
    await here.set({ views: 2 });
    expect(await here.all()).toEqual({ views: 2 });
  });

  it("are dropped by Redis at their end", async () => {
    const { here, first } = await opened();
    await here.set({ title: "Tides" });
    await here.set({ views: 1 });
    const ask = async (...command: string[]) => {
      const headers = { authorization: `Bearer ${rest.token}` };
      const body = JSON.stringify(command);
      const answer = await fetch(rest.url, { method: "POST", headers, body });
      return ((await answer.json()) as { result: unknown }).result;
    };
    const match = `${first.config.namespace}:f:*`;
    const [, keys] = (await ask("SCAN", "0", "MATCH", match, "COUNT", "1000")) as [
      string,
      string[],
    ];
    expect(keys).toHaveLength(1);
    const leftMs = Number(await ask("PTTL", keys[0] ?? ""));
    expect(leftMs).toBeGreaterThan(590_000);
    expect(leftMs).toBeLessThanOrEqual(600_000);
  });

  it("of another schema are not read, and not joined", async () => {
    const { here, start } = await opened();
    await here.set({ title: "Tides" });
    const options = { fresh: "10m", schema: 2 } as const;
    const newer = start().data.namespace<Article, string>("articles", options).fields("42");
    expect(await newer.all()).toBeUndefined();
    await newer.set({ views: 1 });
    expect(await newer.all()).toEqual({ views: 1 });
  });
});

describe("one round trip each", () => {
  it("get, all, the first set, and a set or an increment after a look", async () => {
    const { here, there, commands } = await opened();
    const set = { EVAL: 1 };
    expect(await commands(() => here.set({ title: "Tides", views: 7 }))).toEqual(set);
    expect(await commands(() => here.set({ views: 8 }))).toEqual(set);
    expect(await commands(() => there.get(["views"]))).toEqual({ HMGET: 1 });
    expect(await commands(() => there.all())).toEqual({ HGETALL: 1 });
    expect(await commands(() => there.increment("views"))).toEqual(set);
    expect(await commands(() => there.set({ share: 1 }))).toEqual(set);
  });
});

describe("a number", () => {
  it("is raised, by several at once", async () => {
    const { here, there } = await opened();
    await here.set({ views: 7 });
    await there.all();
    const raised = [here, there, here, there].map((each) => each.increment("views", 2));
    expect(new Set(await Promise.all(raised))).toEqual(new Set([9, 11, 13, 15]));
    expect(await here.get(["views"])).toEqual({ views: 15 });
    expect(await here.increment("views", -5)).toBe(10);
  });

  it("is not made where it is not there, or is none", async () => {
    const { here, first } = await opened();
    expect(await here.increment("views")).toBeUndefined();
    await here.set({ title: "Tides", share: 0.5 });
    expect(await here.increment("views")).toBeUndefined();
    expect(await here.increment("share")).toBeUndefined();
    expect(await here.all()).toEqual({ title: "Tides", share: 0.5 });
    await expect(here.increment("views", 0.5)).rejects.toThrow("whole numbers");
    void first;
  });

  it("is not brought back after a purge", async () => {
    const { here, there, first } = await opened();
    await here.set({ views: 7 });
    await there.all();
    await first.data.purge({ tags: ["red"] });
    expect(await here.increment("views")).toBeUndefined();
    expect(await here.all()).toBeUndefined();
    await here.set({ title: "Ebb" });
    // Its head is another one by now.
    expect(await there.increment("views")).toBeUndefined();
  });
});

describe("a purge", () => {
  it.each([
    { id: "of the key", order: { keys: ["articles/42"] } },
    { id: "of a tag", order: { tags: ["red"] } },
    { id: "of the namespace", order: { prefixes: ["articles"] } },
  ])("$id covers all fields, and what is set then stands alone", async ({ order }) => {
    const { here, there, first, pass } = await opened();
    await here.set({ title: "Tides", views: 7 });
    await there.all();
    await first.data.purge(order);
    expect(await here.all()).toBeUndefined();
    pass(10_000);
    expect(await there.all()).toBeUndefined();
    expect(await there.set({ views: 1 })).toBe(true);
    expect(await there.all()).toEqual({ views: 1 });
  });

  it("while the source is read covers what is set from it", async () => {
    const { here, first, settle } = await opened();
    await here.set(async () => {
      await first.data.purge({ tags: ["red"] });
      return { title: "read before the purge" };
    });
    await Promise.race([settle(), idle()]);
    expect(await here.all()).toBeUndefined();
  });

  it.each([
    { mode: "hard", soft: false },
    { mode: "soft", soft: true },
  ])(
    "($mode) while the source is read: nothing is set beside what was read after it",
    async ({ soft }) => {
      const { here, there, first, pass } = await opened();
      const isSet = await here.set(async () => {
        await first.data.purge({ tags: ["red"], soft });
        await idle();
        pass(10_000);
        await there.all();
        await there.set({ title: "read after the purge" });
        expect(await here.all()).toEqual({ title: "read after the purge" });
        return { views: 1 };
      });
      expect(isSet).toBe(false);
      expect(await here.all()).toEqual({ title: "read after the purge" });
      expect(await there.all()).toEqual({ title: "read after the purge" });
    },
  );

  it("covers fields that were set after it, if older ones stand beside them", async () => {
    const { here, there, first, pass } = await opened();
    await here.set({ title: "Tides" });
    await there.all();
    await first.data.purge({ tags: ["red"] });
    // There it is not known yet: what is set stands beside what was purged.
    await there.set({ views: 8 });
    expect(await here.all()).toBeUndefined();
    pass(10_000);
    expect(await there.all()).toBeUndefined();
  });
});

it("without a database there are no fields", () => {
  const alone = new DataIsolate({ upstash: null });
  const articles = alone.data.namespace<Article>("articles", { fresh: "1m" });
  expect(() => articles.fields("42")).toThrow("stored in Redis");
});
