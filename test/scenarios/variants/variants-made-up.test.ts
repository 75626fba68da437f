// What variants cost Redis whose values anybody can make up: those that are asked for once are
// neither written to it nor sought in it, as soon as such lookups have hardly ever brought anything.
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
  /** What is sent to Redis meanwhile. */
  const costOf = async (work: () => Promise<unknown>) => {
    const before = upstash.commands.length;
    await work();
    const sent = upstash.commands.slice(before);
    const count = (name: string) => sent.filter((each) => each === name).length;
    return { looks: count("GETRANGE"), writes: count("SET") };
  };
  let madeUpCount = 0;
  /** No value comes twice. */
  const flood = async (count: number, path = "/flooded") => {
    for (let at = 0; at < count; at += 1) await near.get(path, as(`made up ${(madeUpCount += 1)}`));
  };
  return { clock, upstash, near, far, costOf, flood };
}

/** Until lookups of variants are known to bring nothing: the first two are not among many. */
const fruitless = 2 + 64;

describe("a flood of them", () => {
  it("on one page costs less and less", async () => {
    const { costOf, flood } = open();
    const { writes } = await costOf(() => flood(100));
    // Each of them and its marker; the last that is sought in vain waits already.
    expect(writes).toBe(2 * (fruitless - 1));
    const { looks } = await costOf(() => flood(160));
    expect(looks).toBe(160 / 8);
  });

  it("on two hundred pages is told by the route's, and not each by its own", async () => {
    const { costOf, flood } = open();
    for (let at = 0; at < 20; at += 1) await flood(6, `/pages/${at}`);
    const cost = await costOf(async () => {
      for (let at = 0; at < 20; at += 1) await flood(10, `/pages/${at}`);
    });
    expect(cost).toEqual({ looks: 200 / 8, writes: 0 });
  });

  it("leaves alone what a page has two of", async () => {
    const { near, costOf, flood } = open();
    await flood(fruitless);
    const cost = await costOf(async () => {
      await near.get("/honest", as("desktop"));
      await near.get("/honest", as("mobile"));
    });
    expect(cost).toEqual({ looks: 2, writes: 4 });
  });

  it.each<{ id: string; route: RouteChanges }>([
    { id: "that admits at the first ask", route: { admission: "first-ask" } },
    { id: "whose misses are led in turn", route: { collapse: "global" } },
  ])("is written as it comes on a route $id", async ({ route }) => {
    const { costOf, flood } = open(route);
    expect((await costOf(() => flood(100))).writes).toBe(2 * 100);
  });
});

describe("beside a flood, a page of forty languages", () => {
  it("has those in Redis that are asked for twice, listed with their marker", async () => {
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

  it("is written and sought as ever once another colo's variant was found", async () => {
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

it("what was passed over is sought after all when the origin fails", async () => {
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

it("what another isolate of the colo has seen invalidated is not admitted by the marker that was", async () => {
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
