// Tests options of a route: lifetimes and directives of requests.
// test/pages/stored/lifetime.test.ts tests the order of precedence.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";

interface Row {
  readonly id: string;
  readonly route: RouteChanges;
  readonly fields?: FieldTexts;
  readonly status?: number;
}

function openRoute(route: RouteChanges, answer: { fields?: FieldTexts; status?: number } = {}) {
  return openSite({
    config: { routes: [{ name: "all", match: "*", ...route }] },
    origin: (_, nth) => page(`page ${nth}`, answer.fields, answer.status),
  });
}

const overriding = { fresh: "5m", mode: "override" } as const;
const negative = { 404: "30s", 503: "5s" } as const;

describe("the lifetime of a stored response", () => {
  it.each<Row & { seconds: number }>([
    { id: "the route", route: { fresh: "5m" }, seconds: 300 },
    { id: "the origin", route: { fresh: "5m" }, fields: cc("max-age=10"), seconds: 10 },
    {
      id: "the route in mode override",
      route: overriding,
      fields: cc("no-cache, max-age=10"),
      seconds: 300,
    },
    {
      id: "the origin for an error",
      route: { negative },
      fields: cc("max-age=99", { "cdn-cache-control": "max-age=10" }),
      status: 404,
      seconds: 10,
    },
  ])("is set by $id", async ({ route, seconds, ...answer }) => {
    const site = openRoute(route, answer);
    await site.get("/a");
    site.clock.advance(seconds - 0.5);
    expect((await site.get("/a")).text).toBe("page 1");
    site.clock.advance(0.5);
    expect((await site.get("/a")).text).toBe("page 2");
  });

  // An anonymous second request confirms an error whose lifetime comes from the route.
  it.each<Row & { status: number; seconds: number }>([
    { id: "the route for 404", route: { negative }, status: 404, seconds: 30 },
    { id: "the route for 503", route: { negative }, status: 503, seconds: 5 },
    {
      id: "the route for 404 in mode override",
      route: { ...overriding, negative },
      fields: cc("max-age=10"),
      status: 404,
      seconds: 30,
    },
    {
      id: "the route for 404, without the cookie",
      route: { negative, setCookie: "strip" },
      fields: { "set-cookie": "a=1" },
      status: 404,
      seconds: 30,
    },
  ])("is set by $id after a confirmation", async ({ route, seconds, ...answer }) => {
    const site = openRoute(route, answer);
    for (const text of ["page 1", "page 2"]) expect((await site.get("/a")).text).toBe(text);
    site.clock.advance(seconds - 0.5);
    expect((await site.get("/a")).text).toBe("page 2");
    site.clock.advance(0.5);
    expect((await site.get("/a")).text).toBe("page 3");
  });
});

describe("a response that may not be stored", () => {
  const cookie = { "set-cookie": "a=1" };
  const hidden = cc("no-store", { "cdn-cache-control": "no-store" });
  const errors = { negative };

  it.each<Row>([
    { id: "without a lifetime", route: {} },
    { id: "with a lifetime of zero", route: { fresh: "0s" } },
    { id: "private under override", route: overriding, fields: cc("private") },
    { id: "no-store under override", route: overriding, fields: cc("no-store") },
    { id: "a cookie under override", route: overriding, fields: cookie },
    { id: "416", route: { fresh: "30s" }, status: 416 },
    { id: "an unnamed error", route: { fresh: "5m", negative }, status: 403 },
    { id: "an error with no-store", route: errors, fields: cc("no-store"), status: 404 },
    { id: "an error with private", route: errors, fields: cc("private"), status: 503 },
    { id: "an error with max-age=0", route: errors, fields: cc("max-age=0"), status: 404 },
    { id: "an error with a targeted no-store", route: errors, fields: hidden, status: 404 },
    { id: "an error with a cookie", route: errors, fields: cookie, status: 404 },
    {
      id: "an error with no-store under override",
      route: { ...overriding, negative },
      fields: cc("no-store"),
      status: 404,
    },
  ])("is fetched by each request: $id", async ({ route, ...answer }) => {
    const site = openRoute(route, answer);
    await site.get("/a");
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.cache.puts).toBe(0);
  });
});

describe("an error with a lifetime from the route", () => {
  it.each([
    { id: "answers after a second request", stands: false, asks: 2, stored: "away" },
    { id: "does not answer after one request", stands: false, asks: 1, stored: "back" },
    {
      id: "does not replace a page at one request",
      stands: true,
      asks: 1,
      stored: "back",
    },
  ])("$id", async ({ stands, asks, stored }) => {
    const site = openRoute({ fresh: "60s", negative });
    if (stands) await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("away", {}, 503);
    for (let ask = 0; ask < asks; ask += 1) expect((await site.get("/a")).text).toBe("away");
    site.origin.script = () => page("back");
    expect((await site.get("/a")).text).toBe(stored);
    site.clock.advance(5);
    expect((await site.get("/a")).text).toBe("back");
  });

  it("is replaced by a page that stale-if-error allows", async () => {
    const site = openRoute({ fresh: "60s", negative, staleIfError: "1h" });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("away", {}, 503);
    expect((await site.get("/a")).text).toBe("page 1");
  });

  it("is not stored for a request with an unknown cookie", async () => {
    const site = openRoute({ negative }, { status: 404 });
    await site.get("/a", { headers: { cookie: "session=ada" } });
    expect((await site.get("/a")).text).toBe("page 2");
  });
});

describe("a directive of a request (RFC 9111 §5.2.1)", () => {
  const asking = (directive: string) => ({ headers: { "cache-control": directive } });

  it.each([
    { isHonoured: true, text: "page 2", sent: "no-cache" },
    { isHonoured: false, text: "page 1", sent: "max-age=0" },
  ])("forwards if it is no-cache and honoured: $isHonoured", async ({ isHonoured, text, sent }) => {
    const site = openRoute({ fresh: "5m", honourRequestDirectives: isHonoured });
    await site.get("/a");
    expect((await site.get("/a", asking("no-cache"))).text).toBe(text);
    expect(site.origin.last.fields.get("cache-control")).toBe(sent);
    expect((await site.get("/a")).text).toBe(text);
  });

  it("prevents storing if it is no-store and the route honours it", async () => {
    const site = openRoute({ fresh: "5m", honourRequestDirectives: true });
    await site.get("/a", asking("no-store"));
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("gets a stored response or a 504 if it is only-if-cached", async () => {
    const site = openRoute({ fresh: "5m" });
    expect((await site.get("/a", asking("only-if-cached"))).status).toBe(504);
    expect(site.origin.count).toBe(0);
    await site.get("/a");
    expect((await site.get("/a", asking("only-if-cached"))).text).toBe("page 1");
  });

  it.each([
    { id: "authorization", headers: { authorization: "Bearer x" } },
    { id: "if-match", headers: { "if-match": '"1"' } },
  ])(
    "gets a 504 if it is only-if-cached and the request bypasses the cache: $id (§5.2.1.7)",
    async (row) => {
      const site = openRoute({ fresh: "5m" });
      const headers = { ...row.headers, "cache-control": "only-if-cached" };
      const seen = await site.get("/a", { headers });
      expect([seen.status, site.origin.count]).toEqual([504, 0]);
    },
  );
});
