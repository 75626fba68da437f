// Tests `tidemark warm` with the operator's routes of the real application.
import { expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { defineConfig } from "../../../../src/config/config.ts";
import { createDataCache } from "../../../../src/data/create-data-cache.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { host } from "../../../../testing/site/harness.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

async function opened() {
  const clock = new FakeClock();
  // Leaves the minute in which the expiry of hot keys is renewed.
  clock.advance(300);
  const data = createDataCache(defineConfig({}), { nowAtMs: clock.nowAtMs, random: () => 0.5 });
  const loaded: string[] = [];
  const load = (keys: readonly string[]) => {
    loaded.push(...keys);
    return Promise.resolve(new Map(keys.map((key) => [key, `value of ${key}`])));
  };
  const rates = data.namespace<string, string>("rates", { fresh: "10m", load });
  const reached = openReached({
    clock,
    data,
    // 0 samples every hit.
    random: 0,
    config: { hotKeys: 10 },
    env: { SITE_HOST: host },
    origin: ({ url }) =>
      new Response("page", {
        headers: {
          "cache-control": "max-age=600",
          "cache-tag": url.includes("/news") ? "news" : "other",
        },
      }),
  });
  const { fetch } = reached;
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  return { ...reached, user, rates, loaded };
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function heated({ site }: Opened, paths: readonly string[]): Promise<void> {
  for (const path of paths) for (let nth = 0; nth < 3; nth += 1) await site.get(path);
  site.clock.advance(60);
  for (const path of paths) await site.get(path);
}

const jsonOf = (out: string) => JSON.parse(out).addresses[0];

it("warm --within splits long URLs into requests that the route accepts", async () => {
  const { user, asked } = await opened();
  const long = Array.from({ length: 375 }, (_, at) => `/a?q=${"x".repeat(2_000)}${at}`);
  const input = [...long, "https://www.example.com//b"].join("\n");
  const args = ["warm", "--within", "--limit", "100", "--list", "-", "--json"];
  const { code, out } = await user.runs(args, { input });
  expect(code).toBe(0);
  expect(jsonOf(out)).toMatchObject({ warmed: 376, failed: 0 });
  expect(asked).toHaveLength(4);
});

it("warm --hottest finds hot pages, and --after-purge warms pages that a purge covered", async () => {
  const world = await opened();
  const { user, site, asked } = world;
  await heated(world, ["/news/1", "/news/2", "/shop"]);
  await site.settle();
  const hot = await user.runs(["warm", "--hottest", "--json"]);
  expect(jsonOf(hot.out)).toMatchObject({ already: 3, warmed: 0 });

  const purge = await user.runs(["purge", "--tag", "news", "--json"]);
  const { position } = JSON.parse(purge.out);
  site.clock.advance(10);
  asked.length = 0;
  const { code, out } = await user.runs(["warm", "--after-purge", position, "--json"]);
  expect([code, jsonOf(out)]).toMatchObject([0, { warmed: 2, already: 0 }]);
  expect(asked.slice(1).toSorted()).toEqual(["GET /news/1", "GET /news/2"]);
});

it("warm --data loads each value once", async () => {
  const { user, rates, loaded } = await opened();
  const keys = Array.from({ length: 230 }, (_, at) => `key-${at}`);
  const args = ["warm", "--data", "rates", "--list", "-", "--json"];
  const first = await user.runs(args, { input: keys.join("\n") });
  expect([first.code, jsonOf(first.out)]).toMatchObject([0, { warmed: 230 }]);
  expect(await rates.get("key-7")).toBe("value of key-7");
  const second = await user.runs(args, { input: keys.join("\n") });
  expect(jsonOf(second.out)).toMatchObject({ already: 230, warmed: 0 });
  expect(loaded).toHaveLength(230);
});

it.each([
  { args: ["--data", "none", "--list", "-"], why: 'has no namespace "none"' },
  { args: ["--hottest", "1001"], why: "from 1 to 1000" },
  { args: ["--within", "--limit", "101", "/"], why: "from 1 to 100" },
  { args: ["--after-purge", "1-1"], why: "no entry" },
])("warm refuses $args", async ({ args, why }) => {
  const { user } = await opened();
  const ran = await user.runs(["warm", ...args], { input: "a" });
  expect(ran.code).not.toBe(0);
  expect(ran.notes).toContain(why);
});

it("warm --within fails if the Worker makes no progress", async () => {
  const told: OperatorAnswer<"warm"> = { done: [], next: 0, total: 1 };
  const user = await FakeUser.at({ fetch: async () => Response.json(told), env: operatorEnv });
  const { code, notes } = await user.runs(["warm", "/a", "--within"]);
  expect(code).toBe(1);
  expect(notes).toContain("its answers do not advance beyond 0");
});
