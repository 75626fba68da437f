// Tests which errors and redirects are stored, and which stored pages they replace. An error about
// one request is stored only if a route names its status, and a server error only if the route names
// it, or an anonymous request gets it.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";

const openRoute = (route: RouteChanges, origin: Script) =>
  openSite({ config: { routes: [{ name: "all", match: "*", ...route }] }, origin });

const error = (status: number) => page(`error ${status}`, cc("public, max-age=60"), status);
const unconfirmed = expect.stringContaining("unconfirmed") as string;

/** A client's request that the origin answers differently. */
const odd = { headers: { "x-odd": "1" } };
const oddly =
  (answer: () => Response, others: () => Response): Script =>
  ({ headers }) =>
    headers.has("x-odd") ? answer() : others();

describe("an error with its own lifetime", () => {
  const isStored = async (status: number, route: RouteChanges = {}) => {
    const site = openRoute(route, () => error(status));
    const first = await site.get("/a");
    const second = await site.get("/a");
    return { first: first.cacheStatus, isHit: second.cacheStatus.includes("; hit") };
  };

  it.each([404, 410])("is stored if it is about the resource: %i", async (status) => {
    expect((await isStored(status)).isHit).toBe(true);
  });

  it.each([
    400, 401, 402, 403, 405, 406, 407, 408, 409, 411, 412, 413, 414, 415, 417, 418, 421, 422, 423,
    424, 425, 426, 451, 499, 501,
  ])("is stored only if the route names the status: %i", async (status) => {
    expect(await isStored(status)).toEqual({
      first: `tidemark; fwd=uri-miss; fwd-status=${status}; detail=error-status`,
      isHit: false,
    });
    expect((await isStored(status, { negative: { [status]: "origin" } })).isHit).toBe(true);
  });

  it("is never stored if it is 511 (RFC 6585), although an anonymous request gets it", async () => {
    const site = openRoute({}, () => error(511));
    // With 500, the third request is a hit.
    for (let nth = 0; nth < 4; nth += 1) {
      expect((await site.get("/a")).cacheStatus).toContain("fwd-status=511; detail=error-status");
    }
  });

  it("does not prevent the collapsing of later requests for the page", async () => {
    const site = openSite({
      origin: (_, nth) => (nth === 1 ? error(400) : page("page", cc("max-age=60"))),
    });
    await site.get("/a");
    const [one, two] = await Promise.all([site.get("/a"), site.get("/a")]);
    expect([one.text, two.text, site.origin.count]).toEqual(["page", "page", 2]);
  });
});

describe("a stored page", () => {
  const refreshed = async (status: number, route: RouteChanges = {}) => {
    const site = openRoute({ staleWhileRevalidate: "1h", ...route }, (_, nth) =>
      nth === 1 ? page("page", cc("max-age=10")) : error(status),
    );
    await site.get("/a");
    site.clock.advance(11);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(2);
    return (await site.get("/a")).text;
  };

  it.each([
    { id: "403 not named", status: 403, route: {} },
    { id: "403 named", status: 403, route: { negative: { 403: "30s" } } },
    { id: "503 not named", status: 503, route: {} },
    { id: "503 named", status: 503, route: { negative: { 503: "30s" } } },
  ])("is not replaced by an error from a refresh: $id", async ({ status, route }) => {
    expect(await refreshed(status, route)).toBe("page");
  });

  it("is replaced by a 404 from a refresh, because the page is gone", async () => {
    expect(await refreshed(404)).toBe("error 404");
  });

  it.each([
    { id: "in this isolate", isNear: true },
    { id: "in Redis, which sessions bypass", isNear: false },
  ])("is not replaced by an error for one session: $id", async ({ isNear }) => {
    const opened = openCounted(
      oddly(
        () => error(404),
        () => page("page", cc("max-age=60")),
      ),
    );
    const site = isNear ? opened.near : opened.far;
    await opened.near.get("/a");
    await site.get("/a", { headers: { cookie: "session=1" } });
    const seen = await site.get("/a", { headers: { cookie: "session=1", ...odd.headers } });
    expect([seen.status, seen.cacheStatus]).toEqual([404, unconfirmed]);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(3);
  });

  it.each([301, 302, 308])("is not replaced by a redirect for one client: %i", async (status) => {
    const moved = cc("max-age=600", { location: "https://elsewhere.example/" });
    const site = openSite({
      origin: oddly(
        () => page("", moved, status),
        () => page("page", cc("max-age=5", { etag: '"1"' })),
      ),
    });
    await site.get("/a");
    site.clock.advance(6);
    const seen = await site.get("/a", odd);
    expect([seen.status, seen.cacheStatus]).toEqual([status, unconfirmed]);
    expect((await site.get("/a")).text).toBe("page");
  });

  it("is not replaced in any isolate by one client's error after it has expired", async () => {
    const { clock, near, far } = openCounted(
      oddly(
        () => error(404),
        () => page("page", cc("max-age=5")),
      ),
    );
    await near.get("/a");
    await far.get("/a");
    expect(near.origin.count).toBe(1);
    clock.advance(6);
    for (const site of [near, far]) {
      const seen = await site.get("/a", odd);
      expect([seen.status, seen.cacheStatus]).toEqual([404, unconfirmed]);
    }
    expect((await far.get("/a")).text).toBe("page");
  });

  it("is replaced after it has expired and an anonymous request gets the same error", async () => {
    const site = openSite({
      origin: (_, nth) => (nth === 1 ? page("page", cc("max-age=5")) : error(404)),
    });
    await site.get("/a");
    site.clock.advance(6);
    const told: string[] = [];
    for (let nth = 0; nth < 3; nth += 1) told.push((await site.get("/a")).cacheStatus);
    expect([told[0], told[2]]).toEqual([unconfirmed, expect.stringContaining("hit")]);
    expect(site.origin.count).toBe(3);
  });
});

describe("a server error with its own lifetime", () => {
  const statuses = [500, 502, 503, 504, 505, 599];
  const shared = () => page("page", cc("max-age=60"));

  it.each(statuses)("is stored from an anonymous request, for ten seconds: %i", async (status) => {
    const site = openSite({ origin: () => error(status) });
    const seen = await site.get("/a");
    expect([seen.status, seen.cacheStatus]).toEqual([status, unconfirmed]);
    for (let turn = 0; turn < 3; turn += 1) {
      await site.get("/a");
      expect((await site.get("/a")).cacheStatus).toContain("; hit; ttl=10");
      site.clock.advance(11);
    }
    expect(site.origin.count).toBe(1 + 3);
  });

  it.each([
    ["x-odd", "1"],
    ["accept", "text/html;q=%"],
    ["accept-language", "%"],
    ["user-agent", "Odd"],
    ["referer", "https://evil.example/"],
    ["next-router-state-tree", "%"],
  ])("is not stored for the client whose field caused it: %s", async (name, value) => {
    const site = openSite({
      origin: ({ headers }) => (headers.get(name) === value ? error(500) : shared()),
    });
    const asked = { headers: { [name]: value } };
    const seen = await site.get("/a", asked);
    expect([seen.status, seen.cacheStatus]).toEqual([500, unconfirmed]);
    // The second request waits for the anonymous one.
    for (const ask of [asked, {}]) expect((await site.get("/a", ask)).text).toBe("page");
  });

  it("does not replace a page, not even one that has expired", async () => {
    const site = openSite({
      origin: (_, nth) => (nth === 1 ? page("page", cc("max-age=5", { etag: '"1"' })) : error(503)),
    });
    await site.get("/a");
    site.clock.advance(6);
    for (let nth = 0; nth < 3; nth += 1) expect((await site.get("/a")).status).toBe(503);
    site.origin.script = () => new Response(null, { status: 304, headers: { etag: '"1"' } });
    site.clock.advance(60);
    expect((await site.get("/a")).text).toBe("page");
  });

  it("answers those who wait for it, with one request of theirs and one of nobody's", async () => {
    const site = openSite({ origin: () => error(503) });
    const seen = await Promise.all(Array.from({ length: 5 }, () => site.get("/a")));
    expect(seen.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect(site.origin.count).toBe(2);
  });
});

describe("an error whose status has a duration, with a lifetime from the origin", () => {
  const statuses = [400, 403, 405, 414, 500, 501, 503];
  const stated: readonly FieldTexts[] = [
    cc("public, max-age=600, stale-while-revalidate=600, stale-if-error=600"),
    cc("max-age=0", { etag: '"e"' }),
    { expires: "Fri, 01 Jan 2100 00:00:00 GMT" },
    cc("private", { "cdn-cache-control": "max-age=600" }),
  ];
  const routes = (status: number): readonly RouteChanges[] => [
    { negative: { [status]: "5s" } },
    { fresh: { 200: "60s", [status]: "5s" } },
    { fresh: "60s", answer: [{ when: { status: [status] }, fresh: "5s" }] },
  ];

  it.each(statuses)("is not stored for the client that caused it: %i", async (status) => {
    for (const route of routes(status)) {
      for (const fields of stated) {
        const site = openRoute(
          route,
          oddly(
            () => page("odd", fields, status),
            () => page("page", cc("max-age=60")),
          ),
        );
        const seen = await site.get("/a", odd);
        expect([seen.status, seen.cacheStatus]).toEqual([status, unconfirmed]);
        for (const ask of [{}, odd]) expect((await site.get("/a", ask)).text).toBe("page");
      }
    }
  });

  it.each(statuses)("is stored once confirmed, for its route's duration: %i", async (status) => {
    for (const route of routes(status)) {
      const site = openRoute(route, () => page("error", stated[0], status));
      for (const _ of ["first", "confirming"]) await site.get("/a");
      for (let turn = 0; turn < 3; turn += 1) {
        expect((await site.get("/a")).cacheStatus).toContain("; hit; ttl=5");
        site.clock.advance(6);
        expect((await site.get("/a")).cacheStatus).not.toContain("hit");
      }
    }
  });

  it("is not renewed by a 304 for the client that caused it", async () => {
    let isThere = false;
    const site = openRoute({ negative: { 400: "5s" } }, (request) => {
      const isOdd = request.headers.has("x-odd");
      if (isThere && !isOdd) return page("page", cc("max-age=60"));
      const fields = cc("max-age=600", { etag: '"e"' });
      return request.headers.has("if-none-match") ? unchanged(fields) : page("odd", fields, 400);
    });
    for (const _ of ["first", "confirming"]) await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    isThere = true;
    site.clock.advance(900);
    await site.get("/a", odd);
    expect((await site.get("/a")).text).toBe("page");
  });
});

describe("an error or a redirect with a lifetime from the route", () => {
  const statuses = [301, 404, 403, 503];
  const negative = { 404: "30s", 403: "30s", 503: "30s" } as const;
  const route = { fresh: "30s", negative } as const;

  it.each(statuses)("is not stored for one client: %i", async (status) => {
    const shared = () => page("page", cc("max-age=60"));
    const site = openRoute(
      route,
      oddly(() => page("odd", {}, status), shared),
    );
    const seen = await site.get("/a", odd);
    expect([seen.status, seen.cacheStatus]).toEqual([status, unconfirmed]);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(2);
  });

  it.each(statuses)("is not renewed by one client: %i", async (status) => {
    let isThere = false;
    const answer = () => page("odd", {}, status);
    const site = openRoute(
      route,
      oddly(answer, () => (isThere ? page("page") : answer())),
    );
    for (const _ of ["first", "confirming"]) await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
    isThere = true;
    site.clock.advance(31);
    await site.get("/a", odd);
    expect((await site.get("/a")).text).toBe("page");
  });

  it("is stored in Redis at its second request, and fetched once in each lifetime", async () => {
    const routes = [{ name: "all", match: "*", ...route }];
    const { clock, upstash, near: site } = openCounted(() => page("none", {}, 404), { routes });
    await site.get("/a");
    expect(upstash.keys).toEqual([]);
    clock.advance(59);
    await site.get("/a");
    expect([upstash.keys.length, site.origin.count]).toEqual([1, 2]);
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(31);
      for (let ask = 0; ask < 3; ask += 1) await site.get("/a");
    }
    expect(site.origin.count).toBe(5);
  });

  it.each([
    { status: 404, control: "max-age=0, must-revalidate" },
    { status: 302, control: null },
    { status: 200, control: "max-age=31536000, immutable" },
    { status: 301, control: "max-age=31536000, immutable" },
  ])("gets a browser lifetime only for 200 and 301: $status", async ({ status, control }) => {
    const assets = { fresh: "365d", browser: "immutable" } as const;
    const site = openRoute({ ...assets, negative: { 302: "60s", 404: "60s" } }, () =>
      page("x", {}, status),
    );
    if (status >= 300) await site.get("/assets/x");
    for (const _ of ["filled", "hit"]) {
      expect((await site.get("/assets/x")).fields.get("cache-control")).toBe(control);
    }
  });
});

it.each([
  { id: "age above its lifetime", fields: cc("max-age=300", { age: "400" }) },
  { id: "no-cache without a validator", fields: cc("no-cache, max-age=300") },
])("a response that could never be used is not stored: $id", async ({ fields }) => {
  const site = openSite({ origin: () => page("page", fields) });
  expect((await site.get("/a")).cacheStatus).toContain("detail=no-use");
});
