// Which errors are stored, and for how long they answer: what tells of one request, or of a moment of
// the origin, only where a route names it.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";

/** The origin answers in this order, and with the last of them from then on. */
function openWith(answers: readonly [() => Response, ...(() => Response)[]], route: RouteChanges) {
  const config = { routes: [{ name: "all", match: "*", ...route }] };
  const origin = (_: Request, nth: number) => (answers[nth - 1] ?? answers.at(-1) ?? answers[0])();
  return openSite({ config, origin });
}

const error = (status: number) => () => page(`error ${status}`, cc("public, max-age=60"), status);
const isStored = async (status: number, route: RouteChanges = {}) => {
  const site = openWith([error(status)], route);
  const first = await site.get("/a");
  const second = await site.get("/a");
  return { first: first.cacheStatus, isHit: second.cacheStatus.includes("; hit") };
};

describe("an error with a lifetime of its own", () => {
  it.each([404, 410])("is stored if it tells of the resource: %i", async (status) => {
    expect((await isStored(status)).isHit).toBe(true);
  });

  it.each([
    400, 401, 402, 403, 405, 406, 407, 408, 409, 411, 412, 413, 414, 415, 417, 418, 421, 422, 423,
    424, 425, 426, 451, 499, 500, 501, 502, 503, 504, 505, 599,
  ])("is stored only where the route names it: %i", async (status) => {
    const unnamed = await isStored(status);
    expect(unnamed).toEqual({
      first: `tidemark; fwd=uri-miss; fwd-status=${status}; detail=error-status`,
      isHit: false,
    });
    expect((await isStored(status, { negative: { [status]: "origin" } })).isHit).toBe(true);
    expect((await isStored(status, { negative: { [status]: "5s" } })).isHit).toBe(true);
  });

  it.each([428, 429, 431, 511])("is never stored (RFC 6585): %i", async (status) => {
    expect((await isStored(status)).isHit).toBe(false);
  });

  it("lives for ten seconds at most if it is the server's", async () => {
    const site = openWith([error(503)], { negative: { 503: "origin" } });
    await site.get("/a");
    site.clock.advance(9);
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    site.clock.advance(2);
    expect((await site.get("/a")).cacheStatus).toContain("fwd-status=503");
  });

  it("keeps nobody from asking together, or in Redis, for the page (it is no uncacheable one)", async () => {
    const site = openWith([error(400), () => page("page", cc("max-age=60"))], {});
    await site.get("/a");
    const [one, two] = await Promise.all([site.get("/a"), site.get("/a")]);
    expect([one.text, two.text, site.origin.count]).toEqual(["page", "page", 2]);
  });
});

describe("a stored page", () => {
  const stored = () => page("page", cc("max-age=10"));

  it.each([
    { id: "403 not named", status: 403, route: {} },
    { id: "403 named", status: 403, route: { negative: { 403: "30s" } } },
    { id: "503 not named", status: 503, route: {} },
    { id: "503 named", status: 503, route: { negative: { 503: "30s" } } },
  ])("is not replaced by an error that a refresh brings: $id", async ({ status, route }) => {
    const site = openWith([stored, error(status)], { staleWhileRevalidate: "1h", ...route });
    await site.get("/a");
    site.clock.advance(11);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(2);
    expect((await site.get("/a")).text).toBe("page");
  });

  it.each([
    { id: "in this isolate", isNear: true },
    { id: "in Redis, which is passed over for sessions", isNear: false },
  ])("is not replaced by an error for one session, shared or not: $id", async ({ isNear }) => {
    const clock = new FakeClock();
    const isOdd = ({ headers }: Request) => headers.has("x-odd");
    const [near, far] = openColos(2, {
      clock,
      upstash: new FakeUpstash(clock),
      origin: (request) => (isOdd(request) ? error(404)() : page("page", cc("max-age=60"))),
    }) as [Site, Site];
    const site = isNear ? near : far;
    await near.get("/a");
    await site.get("/a", { headers: { cookie: "session=1" } });
    const odd = await site.get("/a", { headers: { cookie: "session=1", "x-odd": "1" } });
    expect([odd.status, odd.cacheStatus]).toEqual([404, expect.stringContaining("unconfirmed")]);
    expect((await site.get("/a")).text).toBe("page");
    expect(near.origin.count).toBe(3);
  });

  it.each([301, 302, 308])("is not replaced by a redirect for one client: %i", async (status) => {
    const moved = page("", cc("max-age=600", { location: "https://elsewhere.example/" }), status);
    const site = openSite({
      origin: ({ headers }) =>
        headers.has("x-odd") ? moved.clone() : page("page", cc("max-age=5", { etag: '"1"' })),
    });
    await site.get("/a");
    site.clock.advance(6);
    const odd = await site.get("/a", { headers: { "x-odd": "1" } });
    expect([odd.status, odd.cacheStatus]).toEqual([status, expect.stringContaining("unconfirmed")]);
    const next = await site.get("/a");
    expect([next.status, next.text]).toEqual([200, "page"]);
  });

  it("that has expired is not replaced by an error for one client, nor where another isolate stored it", async () => {
    const clock = new FakeClock();
    const [near, far] = openColos(2, {
      clock,
      upstash: new FakeUpstash(clock),
      origin: ({ headers }) =>
        headers.has("x-odd") ? error(404)() : page("page", cc("max-age=5")),
    }) as [Site, Site];
    await near.get("/a");
    await far.get("/a");
    expect(near.origin.count).toBe(1);
    clock.advance(6);
    for (const site of [near, far]) {
      const odd = await site.get("/a", { headers: { "x-odd": "1" } });
      expect([odd.status, odd.cacheStatus]).toEqual([404, expect.stringContaining("unconfirmed")]);
    }
    expect((await far.get("/a")).text).toBe("page");
  });

  it("that has expired is replaced once an anonymous request gets the same", async () => {
    let isGone = false;
    const site = openSite({
      origin: () => (isGone ? error(404)() : page("page", cc("max-age=5"))),
    });
    await site.get("/a");
    isGone = true;
    site.clock.advance(6);
    const told: string[] = [];
    for (let nth = 0; nth < 3; nth += 1) told.push((await site.get("/a")).cacheStatus);
    expect(told[0]).toContain("unconfirmed");
    expect(told[2]).toContain("hit");
    expect(site.origin.count).toBe(3);
  });

  it("is replaced by a 404 that a refresh brings: the page is gone", async () => {
    const site = openWith([stored, error(404)], { staleWhileRevalidate: "1h" });
    await site.get("/a");
    site.clock.advance(11);
    await site.get("/a");
    expect((await site.get("/a")).text).toBe("error 404");
  });
});

describe("an error or a redirect with a lifetime of the route", () => {
  const statuses = [301, 404, 403, 503];
  const route = {
    fresh: "30s",
    negative: { 404: "30s", 403: "30s", 503: "30s" },
  } as const;
  const odd = { headers: { "x-odd": "1" } };
  const oddly = (status: number) => page("odd", {}, status);
  const isOdd = ({ headers }: Request) => headers.has("x-odd");

  it.each(statuses)("is not stored for one client: %i", async (status) => {
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", ...route }] },
      origin: (request) => (isOdd(request) ? oddly(status) : page("page", cc("max-age=60"))),
    });
    const seen = await site.get("/a", odd);
    expect([seen.status, seen.cacheStatus]).toEqual([status, expect.stringContaining("unconfirm")]);
    const next = await site.get("/a");
    expect([next.status, next.text]).toEqual([200, "page"]);
    expect(site.origin.count).toBe(2);
  });

  it.each(statuses)("and is not renewed by one client either: %i", async (status) => {
    let isThere = false;
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", ...route }] },
      origin: (request) => (isThere && !isOdd(request) ? page("page") : oddly(status)),
    });
    for (const _ of ["asked", "confirmed"]) await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    isThere = true;
    site.clock.advance(31);
    await site.get("/a", odd);
    expect((await site.get("/a")).text).toBe("page");
  });

  it("costs one request for each lifetime after that, and goes to Redis with its second", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = openSite({
      clock,
      upstash,
      config: { routes: [{ name: "all", match: "*", ...route }] },
      origin: () => page("none", {}, 404),
    });
    await site.get("/a");
    expect(upstash.keys).toEqual([]);
    clock.advance(59);
    await site.get("/a");
    expect(upstash.keys.length).toBe(1);
    expect(site.origin.count).toBe(2);
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(31);
      for (let ask = 0; ask < 3; ask += 1) await site.get("/a");
    }
    expect(site.origin.count).toBe(5);
  });
});

describe("what the route's stale-while-revalidate does not speak of", () => {
  it.each([
    { id: "404 without a lifetime", answer: () => page("none", {}, 404) },
    { id: "302 with a lifetime", answer: () => page("none", cc("max-age=1"), 302) },
    { id: "200 without one", answer: () => page("none", cc("max-age=0")) },
  ])("is not answered once its time is over: $id", async ({ answer }) => {
    const site = openWith([answer, () => page("published", cc("max-age=60"))], {
      fresh: undefined,
      staleWhileRevalidate: "1h",
    });
    await site.get("/a");
    site.clock.advance(10);
    expect((await site.get("/a")).text).toBe("published");
  });
});

describe("browsers", () => {
  const assets = { fresh: "365d", browser: "365d", immutable: true } as const;

  it.each([
    { status: 404, control: null },
    { status: 503, control: null },
    { status: 302, control: null },
    { status: 200, control: "max-age=31536000, immutable" },
    { status: 301, control: "max-age=31536000, immutable" },
  ])("keep nothing that `fresh` does not speak of: $status", async ({ status, control }) => {
    const negative = { 302: "60s", 404: "60s", 503: "60s" };
    const site = openWith([() => page("x", {}, status)], { ...assets, negative });
    if (status >= 300) await site.get("/assets/x");
    for (const _ of ["filled", "hit"]) {
      expect((await site.get("/assets/x")).fields.get("cache-control")).toBe(control);
    }
  });
});

describe("what could never be used", () => {
  it.each([
    { id: "older than its lifetime", fields: cc("max-age=300", { age: "400" }) },
    { id: "no-cache without a validator", fields: cc("no-cache, max-age=300") },
  ])("is not stored: $id", async ({ fields }) => {
    const site = openWith([() => page("page", fields)], {});
    expect((await site.get("/a")).cacheStatus).toContain("detail=no-use");
  });
});
