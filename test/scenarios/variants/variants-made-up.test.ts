// Tests the Redis commands for variants with invented values. Beside two other variants, a variant
// is written to Redis only at its second request. Its lookup is never skipped.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
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

/** The variants of a page that are written at their first request. */
const ofPage = 2;

describe("a flood of invented variants", () => {
  it("on one page writes two variants, and looks each variant up once", async () => {
    const { costOf, flood } = open();
    // The first lookup is for the page's marker.
    expect(await costOf(() => flood(100))).toEqual({ looks: 100, writes: 2 * ofPage });
  });

  it("on twenty pages writes two variants of each page", async () => {
    const { costOf, flood } = open();
    const { writes } = await costOf(async () => {
      for (let at = 0; at < 20; at += 1) await flood(6, `/pages/${at}`);
    });
    expect(writes).toBe(20 * 2 * ofPage);
  });

  it.each<{ id: string; route: RouteChanges }>([
    { id: "with admission first-ask", route: { admission: "first-ask" } },
    { id: "with globalCollapse()", route: { use: [globalCollapse()] } },
  ])("is written to Redis at each first request on a route $id", async ({ route }) => {
    const { costOf, flood } = open(route);
    expect((await costOf(() => flood(100))).writes).toBe(2 * 100);
  });
});

describe("a page with many languages after a flood on another page", () => {
  const languages = Array.from({ length: 40 }, (_, at) => `language ${at}`);

  it("has each variant in Redis that was requested twice", async () => {
    const { near, far, flood } = open();
    await flood(100);
    for (const language of languages) await near.get("/honest", as(language));
    for (const language of languages) await near.get("/honest", as(language));
    for (const language of languages) {
      const { cacheStatus, text } = await far.get("/honest", as(language));
      expect(cacheStatus).toContain("detail=shared");
      expect(text).toContain(language);
    }
  });

  it("is answered with each variant that another colo has in Redis", async () => {
    const { near, far, flood } = open();
    for (const language of languages) await far.get("/honest", as(language));
    for (const language of languages) await far.get("/honest", as(language));
    await flood(100);
    for (const language of languages) {
      const { cacheStatus } = await near.get("/honest", as(language));
      expect(cacheStatus).toContain("detail=shared");
    }
  });
});

it("a second ask does not store a variant of a page that was invalidated", async () => {
  const { clock, upstash, near, flood } = open();
  await flood(100);
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
