// Tests refreshes before a stored response expires: by a random draw (XFetch), and while Redis is down,
// before a page becomes unverified.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { isExpiryNear } from "../../../src/pages/reuse/early-refresh.ts";
import { routeWith, storedWith } from "../../../testing/examples/requests.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  chunked,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const due = (changes: {
  ttlSeconds: number;
  lifetimeSeconds?: number;
  fillCostMs?: number;
  draw?: number;
  earlyRefresh?: boolean;
  staleWhileRevalidateSeconds?: number;
}) => {
  const { ttlSeconds, lifetimeSeconds = 60, fillCostMs = 1_000, draw = Math.exp(-1) } = changes;
  const { earlyRefresh = true, staleWhileRevalidateSeconds = 0 } = changes;
  const control = `max-age=60, stale-while-revalidate=${staleWhileRevalidateSeconds}`;
  const stored = storedWith({ "cache-control": control }, { fillCostMs });
  const fresh = { ttlSeconds, ageSeconds: lifetimeSeconds - ttlSeconds };
  const request = { route: { ...routeWith(), earlyRefresh } };
  const hit = { request, exchange: { site: { random: () => draw } } };
  return isExpiryNear(
    { candidate: { stored, tier: "memory" }, ...fresh },
    hit as unknown as Parameters<typeof isExpiryNear>[1],
  );
};

describe("an early refresh by XFetch", () => {
  it.each([
    ["within-reach", { ttlSeconds: 0.999 }, true],
    ["out-of-reach", { ttlSeconds: 1.001 }, false],
    ["costlier", { ttlSeconds: 1.999, fillCostMs: 2_000 }, true],
    ["costlier-out-of-reach", { ttlSeconds: 2.001, fillCostMs: 2_000 }, false],
    ["smaller-draw", { ttlSeconds: 1.999, draw: Math.exp(-2) }, true],
    ["off", { ttlSeconds: 0.001, earlyRefresh: false }, false],
    ["cost-of-zero", { ttlSeconds: 0.001, fillCostMs: 0 }, false],
    ["draw-of-zero", { ttlSeconds: 29, draw: 0 }, true],
    ["beyond-any-draw", { ttlSeconds: 37, lifetimeSeconds: 600, draw: 0 }, false],
    ["half-of-a-lifetime", { ttlSeconds: 30, draw: 0 }, true],
    ["in-its-first-half", { ttlSeconds: 30.001, draw: 0 }, false],
    [
      "not-with-stale-while-revalidate",
      { ttlSeconds: 0.999, staleWhileRevalidateSeconds: 1 },
      false,
    ],
  ])("is due if cost · −ln(draw) reaches the expiry: %s", (_id, given, isDue) => {
    expect(due(given)).toBe(isDue);
  });
});

describe("a page that is about to expire", () => {
  /** Opens a site whose first fill takes a second, and whose draws refresh as early as possible. */
  function open(coloCount = 1) {
    const clock = new FakeClock();
    const origin: Script = async (request, nth) => {
      if (nth === 1) clock.advance(1);
      return numbered(request, nth);
    };
    const upstash = new FakeUpstash(clock);
    return openColos(coloCount, { clock, upstash, origin, random: 0 }) as [Site, ...Site[]];
  }
  const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=60"));

  it("answers as a hit, and is refreshed in the background", async () => {
    const [site] = open();
    await site.get("/a");
    site.clock.advance(50);
    const seen = await site.get("/a");
    expect([seen.text, seen.cacheStatus]).toEqual([
      "page 1",
      "tidemark; hit; ttl=9; detail=memory",
    ]);
    expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 2", 2]);
  });

  it("is refreshed by XFetch with the duration of its fill as the cost", async () => {
    const clock = new FakeClock();
    const slow = async (_: Request, nth: number) => {
      clock.advance(4);
      return page(`page ${nth}`, cc("max-age=60"));
    };
    // −ln(0.5) · 4 s is 2.77 s.
    const site = openSite({ clock, origin: slow, random: 0.5 });
    await site.get("/a");
    const { text } = await site.get("/a");
    clock.advance(53);
    await site.get("/a");
    expect([text, site.origin.count]).toEqual(["page 1", 1]);
    clock.advance(0.3);
    expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 1", 2]);
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("is refreshed by a conditional request if a refresh has fetched its validator", async () => {
    const clock = new FakeClock();
    const slow = (response: Response) => (clock.advance(1), response);
    const origin = () => slow(page("page", cc("max-age=60", { etag: '"1"' })));
    const site = openSite({ clock, origin, random: 0 });
    await site.get("/a");
    site.clock.advance(50);
    await site.get("/a");
    expect(site.origin.last.fields.has("if-none-match")).toBe(false);
    site.clock.advance(50);
    site.origin.script = () => slow(unchanged({ etag: '"1"' }));
    await site.get("/a");
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect((await site.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=59; detail=memory");
  });

  it("is read from the shared tier if another colo has already refreshed it", async () => {
    const [near, far] = open(2) as [Site, Site];
    await near.get("/a");
    await far.get("/a");
    near.clock.advance(50);
    await near.get("/a");
    // Renews the view. With a current view, a record in memory answers at once.
    await far.get("/another");
    const before = near.origin.count;
    expect((await far.get("/a")).text).toBe("page 1");
    expect([(await far.get("/a")).text, near.origin.count]).toEqual(["page 2", before]);
  });

  it.each([
    { id: "too-many-requests", script: () => page("later", cc("no-store"), 429) },
    { id: "forbidden", script: () => page("no", {}, 403) },
    { id: "as-old-again", script: () => page("old", cc("max-age=60", { age: "52" })) },
    {
      id: "cut-short",
      script: () => new Response(chunked(["a"], "breaks"), { headers: cc("max-age=60") }),
    },
  ])(
    "is refreshed at most once a second if the refresh brings no fresh page: $id",
    async ({ script }) => {
      const [site] = open();
      await site.get("/a");
      site.clock.advance(50);
      site.origin.script = () => (site.clock.advance(0.25), script());
      for (let nth = 0; nth < 20; nth += 1) await site.get("/a");
      expect(site.origin.count).toBe(2);
      site.clock.advance(1);
      await site.get("/a");
      expect(site.origin.count).toBe(3);
    },
  );

  it("keeps answering after a failed refresh, and is refreshed again after a second", async () => {
    const [site] = open();
    await site.get("/a");
    site.clock.advance(50);
    site.origin.script = unreachable;
    await site.get("/a");
    const failed = site.origin.count;
    expect([(await site.get("/a")).text, site.origin.count]).toEqual(["page 1", failed]);
    site.clock.advance(1);
    site.origin.script = numbered;
    await site.get("/a");
    expect((await site.get("/a")).text).toBe(`page ${failed + 1}`);
  });
});

describe("while Redis is down", () => {
  /** Stores a page and stops Redis at once. N is 10 s, and A is 1 s. */
  async function away(config: ConfigInput = {}) {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({
      clock,
      upstash,
      config,
      origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { etag: `"${nth}"` })),
    });
    await site.get("/a");
    upstash.mode = "down";
    // This request tries to renew the view, and notices that Redis is down.
    clock.advance(5.4);
    await site.get("/other");
    return site;
  }

  it.each([
    { id: "in-the-first-three-fifths", atSeconds: 5.399, isRefreshed: false },
    { id: "in-the-last-two-fifths", atSeconds: 5.401, isRefreshed: true },
    { id: "at-the-end", atSeconds: 9, isRefreshed: true },
  ])("refreshes a page in the last two fifths before it becomes unverified: $id", async (row) => {
    const site = await away();
    site.clock.advance(row.atSeconds - 5.4);
    const before = site.origin.count;
    const seen = await site.get("/a");
    expect([seen.text, site.origin.count - before]).toEqual(["page 1", Number(row.isRefreshed)]);
  });

  it("answers a request for a page each second from memory, without waiting", async () => {
    const site = await away();
    const statuses = new Set<string>();
    for (let seconds = 0; seconds < 60; seconds += 1) {
      site.clock.advance(1);
      statuses.add((await site.get("/a")).cacheStatus.replace(/ttl=\d+/, "ttl"));
    }
    expect(statuses).toEqual(new Set(["tidemark; hit; ttl; detail=memory"]));
    expect(site.origin.count).toBeLessThan(2 + 60 / 5);
  });

  it("does not refresh a page whose route answers unverified", async () => {
    const site = await away({ routes: [{ name: "all", match: "*", whenUnreachable: "serve" }] });
    site.clock.advance(3);
    const before = site.origin.count;
    await site.get("/a");
    expect(site.origin.count).toBe(before);
  });
});
