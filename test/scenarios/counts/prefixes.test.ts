// Requests below the prefixes that the configuration names, counted under their names.
import "../../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import { createCache } from "../../../src/create-cache.ts";
import { createProxy } from "../../../src/create-proxy.ts";
import { readEnvironment } from "../../../src/platform/environment.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, OriginInProcess, page } from "../../../testing/fakes/origin-in-process.ts";

const prefixes = {
  shop: { path: "/shop/" },
  sale: { path: "/shop/sale/" },
  news: { path: "/news" },
};

function open(metrics?: WrittenConfig["metrics"]) {
  const clock = new FakeClock();
  const tiers = new FakeCache(clock);
  const origin = new OriginInProcess(() => page("page", cc("max-age=60")));
  const platform = {
    cache: () => tiers,
    fetch: origin.fetch,
    nowAtMs: clock.nowAtMs,
    random: () => 0.5,
    turn: () => Promise.resolve(),
    log: () => undefined,
  };
  const config = defineConfig(metrics ? { metrics } : {});
  const cache = createCache(config, platform, responseForm);
  const environment = readEnvironment({ ORIGIN_URL: "https://origin.invalid" }, config);
  const proxy = createProxy(cache, { config, environment, platform });
  const pending: Promise<unknown>[] = [];
  const get = async (path: string, method = "GET") => {
    const request = new Request(`https://www.example.com${path}`, { method });
    const background = { waitUntil: (work: Promise<unknown>) => void pending.push(work) };
    await (await proxy.answer(request, proxy.site.readUrl(request), background)).text();
    while (pending.length > 0) await Promise.all(pending.splice(0));
  };
  const counted = () => {
    const sums = [...cache.metrics.take(clock.atMs)];
    return Object.fromEntries(sums.filter(([series]) => series.startsWith("prefixRequests|")));
  };
  return { get, counted };
}

it("the longest that the keyed path begins with, by result; passed requests too", async () => {
  const { get, counted } = open({ prefixes });
  for (const path of ["/shop/a", "/shop/a", "/shop/sale/a", "/shop", "/newsletter", "/other"]) {
    await get(path);
  }
  await get("/sh%6fp/a");
  await get("/shop/a", "POST");
  expect(counted()).toEqual({
    "prefixRequests|shop|stored": 1,
    "prefixRequests|shop|hit": 2,
    "prefixRequests|shop|passed": 1,
    "prefixRequests|sale|stored": 1,
    "prefixRequests|news|stored": 1,
  });
});

it("none where the configuration names none", async () => {
  const { get, counted } = open();
  await get("/shop/a");
  expect(counted()).toEqual({});
});

it.each([
  { path: "/über/", asked: "/%c3%bcber/1" },
  { path: "/a b/", asked: "/a%20b/1" },
  { path: "/%7euser/", asked: "/~user/1" },
])("$path is spelled as paths are keyed, like the pattern of a route", async ({ path, asked }) => {
  const { get, counted } = open({ prefixes: { own: { path } } });
  await get(asked);
  expect(counted()).toEqual({ "prefixRequests|own|stored": 1 });
});
