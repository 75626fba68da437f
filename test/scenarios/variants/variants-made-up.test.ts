// Tests the Redis commands for variants with invented values. Once most lookups of variants have
// missed, a variant that is requested once is not written to Redis, and only one of eight is looked
// up.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";

const as = (agent: string) => ({ headers: { "user-agent": agent } });
const varied = cc("max-age=600, stale-if-error=600", { vary: "user-agent" });

function open(route: RouteChanges = {}) {
  const config: ConfigInput = { routes: [{ name: "all", match: "*", ...route }] };
  const origin = ({ headers }: Request, nth: number) =>
    page(`${headers.get("user-agent")} ${nth}`, varied);
  const { near, far, clock, upstash } = openPair({ config, origin });
  /** Returns the number of lookups and writes in Redis during `work`. */
  const costOf = async (work: () => Promise<unknown>) => {
    const before = upstash.commands.length;
    await work();
    const sent = upstash.commands.slice(before);
    const count = (name: string) => sent.filter((each) => each === name).length;
    return { looks: count("GETRANGE"), writes: count("SET") };
  };
  let madeUpCount = 0;
  /** Requests this number of variants. Each has a different value. */
  const flood = async (count: number, path = "/flooded") => {
    for (let at = 0; at < count; at += 1) await near.get(path, as(`made up ${(madeUpCount += 1)}`));
  };
  return { clock, upstash, near, far, costOf, flood };
}

/** The number of misses after which lookups are skipped. The first two variants do not count. */
const fruitless = 2 + 64;

describe("a flood of invented variants", () => {
  it("on one page causes no more writes and one lookup for eight requests", async () => {
    const { costOf, flood } = open();
    const { writes } = await costOf(() => flood(100));
    // Each variant is written with its marker. The variant of the last miss already waits.
    expect(writes).toBe(2 * (fruitless - 1));
    const { looks } = await costOf(() => flood(160));
    expect(looks).toBe(160 / 8);
  });

  it("on twenty pages is detected by the misses of the route", async () => {
    const { costOf, flood } = open();
    for (let at = 0; at < 20; at += 1) await flood(6, `/pages/${at}`);
    const cost = await costOf(async () => {
      for (let at = 0; at < 20; at += 1) await flood(10, `/pages/${at}`);
    });
    expect(cost).toEqual({ looks: 200 / 8, writes: 0 });
  });

  it("does not affect a page with two variants", async () => {
    const { near, costOf, flood } = open();
    await flood(fruitless);
    const cost = await costOf(async () => {
      await near.get("/honest", as("desktop"));
      await near.get("/honest", as("mobile"));
    });
    expect(cost).toEqual({ looks: 2, writes: 4 });
  });

  it.each<{ id: string; route: RouteChanges }>([
    { id: "with admission first-ask", route: { admission: "first-ask" } },
    { id: "with collapse global", route: { collapse: "global" } },
  ])("is written to Redis at each first request on a route $id", async ({ route }) => {
    const { costOf, flood } = open(route);
    expect((await costOf(() => flood(100))).writes).toBe(2 * 100);
  });
});

describe("a page with many languages after a flood on another page", () => {
  it("has each variant in Redis that was requested twice", async () => {
    const { near, far, flood } = open();
    await flood(fruitless);
    const languages = Array.from({ length: 40 }, (_, at) => `language ${at}`);
    for (const language of languages) await near.get("/honest", as(language));
    for (const language of languages) await near.get("/honest", as(language));
    for (const language of languages) {
      const { cacheStatus, text } = await far.get("/honest", as(language));
      expect(cacheStatus).toContain("detail=shared");
      expect(text).toContain(language);
    }
  });

  it("is written and looked up again once another colo's variants were found", async () => {
    const { near, far, costOf, flood } = open();
    const languages = Array.from({ length: 24 }, (_, at) => `language ${at}`);
    for (const language of languages) await far.get("/honest", as(language));
    await flood(fruitless);
    for (const language of languages) {
      const { cacheStatus } = await near.get("/honest", as(language));
      expect(cacheStatus).toContain("detail=shared");
    }
    const cost = await costOf(() => near.get("/honest", as("another")));
    expect(cost).toEqual({ looks: 1, writes: 2 });
  });
});

it("a variant whose lookup was skipped is looked up if the origin fails", async () => {
  const { near, far, flood } = open();
  await near.get("/page", as("a"));
  await near.get("/page", as("b"));
  await far.get("/page", as("c"));
  await flood(fruitless + 1);
  near.origin.script = () => unreachable();
  const { status, text, cacheStatus } = await near.get("/page", as("c"));
  expect([status, text.startsWith("c")]).toEqual([200, true]);
  expect(cacheStatus).toContain("detail=stale-if-error");
});

it("a second ask does not store a variant of a page that was invalidated", async () => {
  const { clock, upstash, near, flood } = open();
  await flood(fruitless);
  const [beside, cold] = openColos(2, { clock, upstash }) as [Site, Site];
  for (const site of [beside, cold]) {
    Object.assign(site, { cache: near.cache });
    Object.assign(site.origin, { script: near.origin.script });
  }
  for (const agent of ["a", "b", "c"]) await near.get("/page", as(agent));
  clock.advance(1);
  await beside.get("/page", { method: "POST" });
  clock.advance(1);
  const { text } = await near.get("/page", as("c"));
  expect(text.startsWith("c")).toBe(true);
  expect((await cold.get("/page", as("c"))).cacheStatus).toContain("fwd=uri-miss");
});
