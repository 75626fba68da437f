// Tests collapsing: concurrent requests for the same page wait for one request to the origin.
import { describe, expect, it } from "vitest";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  type AskInit,
  idle,
  openSite,
  read,
  type Seen,
  type Site,
  until,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

/** Sends `count` requests at once, and lets the origin answer after all requests wait. */
async function crowd(
  site: Site,
  script: Script,
  { count = 50, init = () => ({}) }: { count?: number; init?: (nth: number) => AskInit } = {},
): Promise<Seen[]> {
  const before = site.origin.count;
  const matchesBefore = site.cache.matches;
  const gate = closedGate();
  site.origin.script = async (request, nth) => {
    if (nth === before + 1) await gate.opened;
    return script(request, nth);
  };
  const asked = Array.from({ length: count }, (_, nth) => site.ask("/a", init(nth)).then(read));
  await until(() => site.origin.count > before);
  // A request that waits has looked at the edge tier, unless memory had a record.
  const isLookedUp = () => site.cache.matches - matchesBefore >= count;
  for (let turn = 0; turn < 500 && !isLookedUp(); turn += 1) await idle();
  await idle();
  gate.open();
  const seen = await Promise.all(asked);
  await site.settle();
  return seen;
}

const texts = (seen: readonly Seen[]) => new Set(seen.map(({ text }) => text));
const collapsed = (seen: readonly Seen[]) =>
  seen.filter(({ cacheStatus }) => cacheStatus.includes("collapsed")).length;

describe("fifty simultaneous requests", () => {
  it("cost one request to the origin, and all get its body", async () => {
    const site = openSite();
    const seen = await crowd(site, (_, nth) => page(`page ${nth}`, cc("max-age=60")));
    expect([site.origin.count, collapsed(seen)]).toEqual([1, 49]);
    expect(texts(seen)).toEqual(new Set(["page 1"]));
    expect(seen.map(({ cacheStatus }) => cacheStatus)).toContain(
      "tidemark; fwd=uri-miss; collapsed",
    );
  });

  it("cost one validation", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60", { etag: '"1"' })) });
    await site.get("/a");
    site.clock.advance(61);
    const seen = await crowd(site, () => unchanged({ etag: '"1"' }));
    expect([site.origin.count, collapsed(seen), texts(seen)]).toEqual([2, 49, new Set(["page"])]);
  });

  it("each get an answer to their own condition", async () => {
    const site = openSite();
    const init = (nth: number) => (nth === 0 ? {} : { headers: { "if-none-match": '"1"' } });
    const seen = await crowd(site, () => page("page", cc("max-age=60", { etag: '"1"' })), {
      count: 3,
      init,
    });
    expect(seen.map(({ status }) => status)).toEqual([200, 304, 304]);
  });

  it.each([
    { id: "network", script: unreachable, asked: 1 + 2 * 2 },
    { id: "503", script: () => page("error", {}, 503), asked: 1 + 2 },
  ])(
    "get the stale answer if a client's request and an anonymous request fail: $id",
    async (row) => {
      const { script, asked } = row;
      const site = openSite({ origin: () => page("page", cc("max-age=60, stale-if-error=600")) });
      await site.get("/a");
      site.clock.advance(61);
      const seen = await crowd(site, script);
      expect([site.origin.count, texts(seen)]).toEqual([asked, new Set(["page"])]);
    },
  );
});

describe("a response that takes longer than its lifetime", () => {
  const slow = (site: Site, cacheControl: string) => (_: Request, nth: number) => {
    site.clock.advance(2);
    return page(`page ${nth}`, cc(cacheControl));
  };

  it.each([
    ["max-age=1", 1, 1],
    ["max-age=1, must-revalidate", 50, 51],
    ["max-age=0, stale-if-error=60", 50, 50],
  ])(
    "gives a crowd, with %s, %i different answers from %i forwards",
    async (cacheControl, count, asked) => {
      const site = openSite();
      const seen = await crowd(site, slow(site, cacheControl));
      expect([site.origin.count, texts(seen).size]).toEqual([asked, count]);
    },
  );

  it("has an Age field in the answers to waiting requests", async () => {
    const site = openSite();
    const seen = await crowd(site, slow(site, "max-age=1"), { count: 2 });
    expect(new Set(seen.map(({ fields }) => fields.get("age")))).toEqual(new Set(["2", null]));
  });

  it("answers no later request", async () => {
    const site = openSite();
    await crowd(site, slow(site, "max-age=1"));
    expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 2", 2]);
  });
});

describe("a request for something else than the leader's", () => {
  it("waits for its own variant if the page's Vary was unknown", async () => {
    const site = openSite();
    const init = (nth: number) => ({ headers: { "accept-language": nth % 2 === 0 ? "de" : "en" } });
    const seen = await crowd(
      site,
      (request) =>
        page(
          `in ${request.headers.get("accept-language")}`,
          cc("max-age=60", { vary: "accept-language" }),
        ),
      { init },
    );
    expect(seen.filter(({ text }) => text === "in de")).toHaveLength(25);
    expect(seen.filter(({ text }) => text === "in en")).toHaveLength(25);
    expect([site.origin.count, collapsed(seen)]).toEqual([2, 48]);
  });

  it.each<AskInit>([
    { method: "HEAD" },
    { method: "POST" },
    { headers: { range: "bytes=0-1" } },
    { headers: { cookie: "session=1" } },
    { headers: { authorization: "Bearer x" } },
  ])("does not wait: %j", async (init) => {
    const site = openSite();
    const gate = closedGate();
    site.origin.script = async (_, nth) => {
      if (nth === 1) await gate.opened;
      return page("page", cc("max-age=60"));
    };
    const leader = site.ask("/a").then(read);
    await until(() => site.origin.count === 1);
    expect((await read(await site.ask("/a", init))).status).toBe(200);
    gate.open();
    await leader;
    await site.settle();
  });
});

describe("a fill that is not yet stored in all tiers", () => {
  it("answers no other request if no tier keeps the response", async () => {
    const routes = [{ name: "all", match: "*", honourRequestDirectives: true }];
    const gate = closedGate();
    const site = openSite({ config: { routes }, turn: () => gate.opened });
    const age = { age: "2000" };
    site.origin.script = (_, nth) => page(`page ${nth}`, cc("max-age=1500", age));
    await read(await site.ask("/a"));
    await idle();
    const second = await read(await site.ask("/a", { headers: { "cache-control": "max-stale" } }));
    expect(second.text).toBe("page 2");
    gate.open();
    await site.settle();
  });

  const config = {
    routes: [{ name: "all", match: "*", tiers: ["edge" as const, "shared" as const] }],
  };

  it("answers other requests of its isolate on a route without the memory tier", async () => {
    const { near: site } = openPair({ config });
    const gate = closedGate();
    site.cache.beforePut = () => gate.opened;
    site.origin.script = (_, nth) => page(`page ${nth}`, cc("max-age=60"));
    await read(await site.ask("/a"));
    await idle();
    const second = await read(await site.ask("/a"));
    expect([second.text, site.origin.count]).toEqual(["page 1", 1]);
    expect(site.cache.addresses).toEqual([]);
    gate.open();
    await site.settle();
    expect((await site.get("/a")).cacheStatus).toContain("detail=edge");
  });

  it("does not answer a request for another variant", async () => {
    const site = openSite({ config });
    const gate = closedGate();
    site.cache.beforePut = () => gate.opened;
    site.origin.script = (request) =>
      page(
        `in ${request.headers.get("accept-language")}`,
        cc("max-age=60", { vary: "accept-language" }),
      );
    const got = [];
    for (const language of ["de", "en"]) {
      const answer = await site.ask("/a", { headers: { "accept-language": language } });
      got.push((await read(answer)).text);
      await idle();
    }
    expect(got).toEqual(["in de", "in en"]);
    gate.open();
    await site.settle();
  });

  it("answers a request for the same variant", async () => {
    const site = openSite({ config });
    const gate = closedGate();
    site.origin.script = () => page("page", cc("max-age=60", { vary: "accept-language" }));
    await site.get("/a", { headers: { "accept-language": "fr" } });
    site.cache.beforePut = () => gate.opened;
    const init = { headers: { "accept-language": "de" } };
    await read(await site.ask("/a", init));
    await idle();
    await read(await site.ask("/a", init));
    expect(site.origin.count).toBe(2);
    gate.open();
    await site.settle();
  });
});

describe("a fill that ends during another request's lookup", () => {
  it.each([
    { id: "a-miss", isStored: false },
    { id: "expired", isStored: true },
  ])("also answers the other request: $id", async ({ isStored }) => {
    const site = openSite({ origin: () => page("page", cc("max-age=2")) });
    if (isStored) await site.get("/a");
    site.clock.advance(3);
    const [before, looked, gate] = [site.origin.count, closedGate(), closedGate()];
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      looked.open();
      await gate.opened;
      return found;
    };
    const late = site.ask("/a");
    await looked.opened;
    site.cache.match = match;
    await site.get("/a");
    gate.open();
    expect((await read(await late)).cacheStatus).toBe("tidemark; fwd=uri-miss; collapsed");
    await site.settle();
    expect(site.origin.count - before).toBe(1);
  });
});

it("validates a stale response in memory once for fifty simultaneous requests", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60", { etag: '"1"' })) });
  await site.get("/a");
  site.clock.advance(61);
  const gate = closedGate();
  const match = site.cache.match.bind(site.cache);
  site.cache.match = async (request) => {
    await gate.opened;
    return match(request);
  };
  site.origin.script = () => unchanged({ etag: '"1"' });
  const asking = Array.from({ length: 50 }, () => site.ask("/a").then(read));
  await idle();
  gate.open();
  expect([texts(await Promise.all(asking)), site.origin.count]).toEqual([new Set(["page"]), 2]);
  await site.settle();
});
