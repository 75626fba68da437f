// Tests whether a miss reads the shared tier, Redis. If 64 reads of a route in a row found nothing,
// only every eighth miss reads Redis; the others go straight to the origin.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { SharedOdds } from "../../../src/proxy/site/shared-odds.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { idle, openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

describe("SharedOdds after lookups without a result", () => {
  const place = { route: "a", section: "a\nb" };
  const after = (fruitless: number) => {
    const odds = new SharedOdds();
    for (let count = 0; count < fruitless; count += 1) odds.brought(place, "nothing");
    return odds;
  };
  const worth = (odds: SharedOdds, looks: number) =>
    Array.from({ length: looks }, () => odds.isWorthAsking(place)).filter(Boolean).length;

  it.each([
    { fruitless: 63, looks: 16, asked: 16 },
    { fruitless: 64, looks: 16, asked: 2 },
    { fruitless: 500, looks: 800, asked: 100 },
  ])("skips seven of eight only after 64 in a row: $fruitless", ({ fruitless, looks, asked }) => {
    expect(worth(after(fruitless), looks)).toBe(asked);
  });

  it("skips no lookup after one that found a record", () => {
    const odds = after(64);
    odds.brought(place, "something");
    expect(worth(odds, 16)).toBe(16);
  });

  it("skips no lookup of another route", () => {
    expect(after(64).isWorthAsking({ route: "b", section: "b\nb" })).toBe(true);
  });

  it("skips only lookups of the same section if the responses were not storable", () => {
    const odds = new SharedOdds();
    for (let count = 0; count < 64; count += 1) odds.brought(place, "refused");
    expect(odds.isWorthAsking({ route: "a", section: "a\nc" })).toBe(true);
    expect(worth(odds, 16)).toBe(2);
    odds.brought(place, "something");
    expect(worth(odds, 16)).toBe(16);
  });
});

describe("SharedOdds, by the likelihood that a lookup finds a record", () => {
  /**
   * Returns a generator of pseudo-random numbers from 0 to 1 with a fixed seed (Park and Miller).
   */
  const numbers = () => {
    let last = 20_261_121;
    return () => (last = (last * 48_271) % 2_147_483_647) / 2_147_483_647;
  };

  it.each([
    { likelihood: 0.005, sparedMin: 0.8, lostMax: 0.005 },
    { likelihood: 0.03, sparedMin: 0.4, lostMax: 0.016 },
    { likelihood: 0.08, sparedMin: 0, lostMax: 0.005 },
  ])("skips many lookups and loses few hits: $likelihood", ({ likelihood, sparedMin, lostMax }) => {
    const odds = new SharedOdds();
    const place = { route: "a", section: "a\nb" };
    const next = numbers();
    const looks = 200_000;
    let [spared, lost] = [0, 0];
    for (let look = 0; look < looks; look += 1) {
      const isThere = next() < likelihood;
      if (odds.isWorthAsking(place)) odds.brought(place, isThere ? "something" : "refused");
      else {
        spared += 1;
        if (isThere) lost += 1;
      }
    }
    expect(spared / looks).toBeGreaterThanOrEqual(sparedMin);
    expect(lost / looks).toBeLessThan(lostMax);
  });
});

function open(config: ConfigInput = {}, origin: Script = () => page("new", cc("max-age=60"))) {
  const { near, ...counted } = openCounted(origin, config);
  const askForNew = async (count: number) => {
    for (let at = 0; at < count; at += 1) await near.get(`/new/${at}`);
  };
  return { near, ...counted, askForNew };
}

describe("a miss for a page that this colo never had", () => {
  it("reads Redis 64 times without a result, then once in eight misses", async () => {
    const { looks, askForNew } = open();
    await askForNew(64);
    expect(looks()).toBe(64);
    await askForNew(64 + 80);
    expect(looks()).toBe(64 + 80 / 8);
  });

  it("always reads Redis again after Redis had a page of another colo", async () => {
    const { near, far, looksFor, askForNew } = open();
    await askForNew(64);
    await far.get("/there");
    for (let at = 0; at < 7; at += 1) expect((await looksFor(`/more/${at}`)).looks).toBe(0);
    expect((await near.get("/there")).cacheStatus).toContain("detail=shared");
    expect((await looksFor("/another")).looks).toBe(1);
  });

  it.each([
    { id: "only-if-cached", path: "/there", headers: { "cache-control": "only-if-cached" } },
    { id: "a route with collapse: global", path: "/global/there", headers: {} },
  ])("always reads Redis: $id", async ({ path, headers }) => {
    const global = { name: "global", match: "/global/*", collapse: "global" } as const;
    const { far, looksFor, askForNew } = open({ routes: [global] });
    await askForNew(64);
    for (let at = 0; at < 64; at += 1) await looksFor(`/global/${at}`);
    await far.get(path);
    const { looks, cacheStatus } = await looksFor(path, { headers });
    expect([looks, cacheStatus]).toEqual([1, expect.stringContaining("detail=shared")]);
  });

  it("reads Redis after the origin has failed", async () => {
    let isDown = false;
    const stale = cc("max-age=1, stale-if-error=600");
    const { near, far, looksFor, askForNew } = open({}, () =>
      isDown ? unreachable() : page("a", stale),
    );
    await askForNew(64);
    await far.get("/there");
    near.clock.advance(5);
    isDown = true;
    const seen = await looksFor("/there");
    expect(seen).toMatchObject({ status: 200, text: "a", looks: 1 });
    expect(seen.cacheStatus).toContain("detail=stale-if-error");
  });
});

it("always reads Redis for a stale page, because another colo may have renewed it", async () => {
  const validated = cc("max-age=60", { etag: '"1"' });
  const { near, far, looksFor, askForNew } = open({}, () => page("a", validated));
  await near.get("/page");
  await askForNew(64);
  near.clock.advance(61);
  await far.get("/page");
  const { looks, cacheStatus } = await looksFor("/page");
  expect([looks, cacheStatus]).toEqual([1, expect.stringContaining("detail=shared")]);
});

it.each([
  { id: "the edge tier is not used", tiers: ["shared"], isUnreachable: false },
  { id: "the edge tier fails", tiers: ["edge", "shared"], isUnreachable: true },
] as const)(
  "always reads Redis for a page that this colo may have had: $id",
  async ({ tiers, isUnreachable }) => {
    const { near, looksFor, askForNew } = open({
      routes: [{ name: "all", match: "*", tiers: [...tiers] }],
    });
    await near.get("/page");
    await askForNew(100);
    if (isUnreachable) near.cache.mode = "throws";
    for (let at = 0; at < 8; at += 1) {
      const { looks, cacheStatus } = await looksFor("/page");
      expect([looks, cacheStatus]).toEqual([1, expect.stringContaining("detail=shared")]);
    }
  },
);

it("does not count misses of pages that do not exist", async () => {
  const { looks, askForNew } = open({}, () => page("none", cc("max-age=60"), 404));
  await askForNew(100);
  expect(looks()).toBe(100);
});

it("does not count misses while Redis fails", async () => {
  const { upstash, near, looksFor } = open();
  upstash.mode = "refuses";
  for (let at = 0; at < 100; at += 1) await near.get(`/refused/${at}`);
  upstash.mode = "works";
  near.clock.advance(60);
  await near.get("/probe");
  await idle();
  expect((await looksFor("/after")).looks).toBe(1);
});

it("always reads Redis for a page of a route whose responses vary", async () => {
  const { looksFor, askForNew } = open({}, () => page("a", cc("max-age=60", { vary: "x-app" })));
  await askForNew(100);
  expect((await looksFor("/varied")).looks).toBe(1);
});

describe("a stale page in Redis whose lookup was skipped before the origin failed", () => {
  const openWithPage = async () => {
    const state = { isDown: false, text: "before" };
    const fails = () => page("broken", {}, 500);
    const fine = () => page(state.text, cc("max-age=1, stale-if-error=600"));
    const opened = open({}, () => (state.isDown ? fails() : fine()));
    await opened.askForNew(64);
    await opened.far.get("/there");
    opened.near.clock.advance(5);
    state.isDown = true;
    return { ...opened, state };
  };

  it("does not answer a request with a session if the page is not explicitly shared", async () => {
    const { near } = await openWithPage();
    const { status } = await near.get("/there", { headers: { cookie: "session=1" } });
    expect(status).toBe(500);
  });

  it("answers while the origin fails, and is refreshed after the origin's recovery", async () => {
    const { near, state } = await openWithPage();
    expect((await near.get("/there")).text).toBe("before");
    Object.assign(state, { isDown: false, text: "after" });
    for (let at = 0; at < 64; at += 1) await near.get(`/meanwhile/${at}`);
    near.clock.advance(2);
    await near.get("/there");
    expect((await near.get("/there")).text).toBe("after");
  });
});

it("adds a variant to the marker in Redis even if the lookup skipped Redis", async () => {
  const varied = cc("max-age=600", { vary: "x-app" });
  const clock = new FakeClock();
  const origin: Script = ({ url, headers }) =>
    url.endsWith("/varied")
      ? page(headers.get("x-app") ?? "", varied)
      : page("new", cc("max-age=60"));
  const colos = openColos(3, { clock, upstash: new FakeUpstash(clock), origin });
  const [near, far, third] = colos as [Site, Site, Site];
  for (let at = 0; at < 64; at += 1) await near.get(`/new/${at}`);
  const as = (app: string) => ({ headers: { "x-app": app } });
  await far.get("/varied", as("a"));
  clock.advance(1);
  await near.get("/varied", as("b"));
  expect((await third.get("/varied", as("a"))).cacheStatus).toContain("detail=shared");
  expect((await third.get("/varied", as("b"))).cacheStatus).toContain("detail=shared");
});
