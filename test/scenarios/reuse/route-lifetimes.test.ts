// What a route's own lifetimes do in the pipeline.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";

function openRoute(route: RouteChanges, answer: { fields?: FieldTexts; status?: number } = {}) {
  return openSite({
    config: { routes: [{ name: "all", match: "*", ...route }] },
    origin: (_, nth) => page(`page ${nth}`, answer.fields, answer.status),
  });
}

describe("stored for as long as", () => {
  it.each<{
    id: string;
    route: RouteChanges;
    fields?: FieldTexts;
    status?: number;
    seconds: number;
    /** Which answer is stored: of errors with a lifetime of the route, that to the anonymous request. */
    nth?: number;
  }>([
    { id: "the-route-says", route: { fresh: "5m" }, seconds: 300 },
    { id: "the-origin-says", route: { fresh: "5m" }, fields: cc("max-age=10"), seconds: 10 },
    {
      id: "override-says",
      route: { fresh: "5m", mode: "override" },
      fields: cc("max-age=10"),
      seconds: 300,
    },
    {
      id: "override-says-over-no-cache",
      route: { fresh: "5m", mode: "override" },
      fields: cc("no-cache"),
      seconds: 300,
    },
    {
      id: "the-status-has",
      route: { negative: { 404: "30s", 410: "5m" } },
      status: 404,
      seconds: 30,
      nth: 2,
    },
    {
      id: "another-status-has",
      route: { negative: { 404: "30s", 410: "5m" } },
      status: 410,
      seconds: 300,
      nth: 2,
    },
    {
      id: "an-unusual-status-has",
      route: { negative: { 503: "5s" } },
      status: 503,
      seconds: 5,
      nth: 2,
    },
    ...[302, 403, 405, 500, 502, 504, 599].map((status) => ({
      id: `any-status-has: ${status}`,
      route: { negative: { [status]: "5s" } },
      status,
      seconds: 5,
      nth: 2,
    })),
    ...["max-age=10", "s-maxage=10, max-age=99", "public, max-age=10"].map((own) => ({
      id: `the-origin-says-of-an-error: ${own}`,
      route: { negative: { 404: "30s" } },
      fields: cc(own),
      status: 404,
      seconds: 10,
    })),
    {
      id: "the-origin-says-of-an-error-to-caches",
      route: { negative: { 404: "30s" } },
      fields: cc("max-age=99", { "cdn-cache-control": "max-age=10" }),
      status: 404,
      seconds: 10,
    },
    {
      id: "override-says-of-an-error",
      route: { fresh: "5m", negative: { 404: "30s" }, mode: "override" },
      fields: cc("max-age=10"),
      status: 404,
      seconds: 30,
      nth: 2,
    },
    {
      id: "the-status-has-without-its-cookie",
      route: { negative: { 404: "30s" }, setCookie: "strip" },
      fields: { "set-cookie": "a=1" },
      status: 404,
      seconds: 30,
      nth: 2,
    },
    { id: "jitter-leaves", route: { fresh: "100s", jitter: 0.2 }, seconds: 90 },
  ])("$id", async ({ route, seconds, nth = 1, ...answer }) => {
    const site = openRoute(route, answer);
    for (let ask = 0; ask < nth; ask += 1) await site.get("/a");
    site.clock.advance(seconds - 0.5);
    expect((await site.get("/a")).text).toBe(`page ${nth}`);
    site.clock.advance(0.5);
    expect((await site.get("/a")).text).toBe(`page ${nth + 1}`);
  });
});

describe("not stored", () => {
  it.each<{ id: string; route: RouteChanges; status?: number; fields?: FieldTexts }>([
    { id: "nobody-gave-a-lifetime", route: {} },
    { id: "an-error-has-no-lifetime-of-its-own", route: { fresh: "5m" }, status: 404 },
    { id: "a-server-error", route: { fresh: "5m" }, status: 500 },
    { id: "zero", route: { fresh: "0s" } },
    { id: "an-error-of-another-status", route: { negative: { 404: "30s" } }, status: 403 },
    ...["no-store", "private", "max-age=0", "s-maxage=0, max-age=60"].map((own) => ({
      id: `the-origin-keeps-an-error: ${own}`,
      route: { negative: { 404: "30s", 503: "30s" } },
      fields: cc(own),
      status: own === "private" ? 503 : 404,
    })),
    {
      id: "the-origin-keeps-an-error-also-behind-a-targeted-field",
      route: { negative: { 404: "30s" } },
      fields: cc("no-store", { "cdn-cache-control": "no-store" }),
      status: 404,
    },
    {
      id: "override-over-an-error-without-store",
      route: { fresh: "5m", negative: { 404: "30s" }, mode: "override" },
      fields: cc("no-store"),
      status: 404,
    },
    {
      id: "an-error-with-a-cookie",
      route: { negative: { 404: "30s" } },
      fields: { "set-cookie": "a=1" },
      status: 404,
    },
    { id: "a-part", route: { fresh: "30s" }, status: 416 },
    {
      id: "override-over-private",
      route: { fresh: "5m", mode: "override" },
      fields: cc("private"),
    },
    {
      id: "override-over-no-store",
      route: { fresh: "5m", mode: "override" },
      fields: cc("no-store"),
    },
    {
      id: "override-over-a-cookie",
      route: { fresh: "5m", mode: "override" },
      fields: { "set-cookie": "a=1" },
    },
  ])("$id", async ({ route, ...answer }) => {
    const site = openRoute(route, answer);
    await site.get("/a");
    expect((await site.get("/a")).text).toBe("page 2");
    expect(site.cache.puts).toBe(0);
  });
});

describe("an error of the origin's that has a lifetime", () => {
  /** A page that stands already or not, then the error for so many asks once that is stale, then a page again. */
  async function textsOver(staleIfError: string, stands: boolean, asks: number): Promise<string[]> {
    const site = openRoute({ fresh: "60s", negative: { 503: "5s" }, staleIfError });
    if (stands) await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("away", {}, 503);
    for (let ask = 1; ask < asks; ask += 1) await site.get("/a");
    const failing = await site.get("/a");
    site.origin.script = () => page("back");
    const soon = await site.get("/a");
    site.clock.advance(5);
    const later = [await site.get("/a"), await site.get("/a")];
    return [failing, soon, ...later].map(({ text }) => text);
  }

  it.each([
    {
      id: "answers for that long once an anonymous request gets it, too",
      stands: false,
      asks: 2,
      staleIfError: "0s",
      texts: ["away", "away", "back", "back"],
    },
    {
      id: "not before that",
      stands: false,
      asks: 1,
      staleIfError: "0s",
      texts: ["away", "back", "back", "back"],
    },
    {
      id: "not over a page that one client may have lost by its own request",
      stands: true,
      asks: 1,
      staleIfError: "0s",
      texts: ["away", "back", "back", "back"],
    },
    {
      id: "not where a page may",
      stands: true,
      asks: 1,
      staleIfError: "1h",
      texts: ["page 1", "page 1", "page 1", "back"],
    },
  ])("$id", async ({ staleIfError, stands, asks, texts }) => {
    expect(await textsOver(staleIfError, stands, asks)).toEqual(texts);
  });

  it("is not stored where a client's own cookie may have made it", async () => {
    const site = openRoute({ negative: { 404: "30s" } }, { status: 404 });
    await site.get("/a", { headers: { cookie: "session=ada" } });
    expect((await site.get("/a")).text).toBe("page 2");
  });
});

describe("requests that may ask for fresher (RFC 9111 §5.2.1)", () => {
  const reload = { headers: { "cache-control": "no-cache" } };

  it("reach the origin where the route honours them", async () => {
    const site = openRoute({ fresh: "5m", honourRequestDirectives: true });
    await site.get("/a");
    expect((await site.get("/a", reload)).text).toBe("page 2");
    expect(site.origin.last.fields.get("cache-control")).toBe("no-cache");
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("are answered from what is stored elsewhere", async () => {
    const site = openRoute({ fresh: "5m" });
    await site.get("/a");
    expect((await site.get("/a", reload)).text).toBe("page 1");
  });

  it("may ask that nothing be stored, where the route honours it", async () => {
    const site = openRoute({ fresh: "5m", honourRequestDirectives: true });
    await site.get("/a", { headers: { "cache-control": "no-store" } });
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("may ask for what is stored alone, everywhere", async () => {
    const site = openRoute({ fresh: "5m" });
    const only = { headers: { "cache-control": "only-if-cached" } };
    expect([(await site.get("/a", only)).status, site.origin.count]).toEqual([504, 0]);
    await site.get("/a");
    expect((await site.get("/a", only)).text).toBe("page 1");
  });

  it.each([
    { id: "authorization", headers: { authorization: "Bearer x" } },
    { id: "if-match", headers: { "if-match": '"1"' } },
  ])("also of what is passed by: $id (§5.2.1.7)", async (row) => {
    const site = openRoute({ fresh: "5m" });
    const headers = { ...row.headers, "cache-control": "only-if-cached" };
    const seen = await site.get("/a", { headers });
    expect([seen.status, site.origin.count]).toEqual([504, 0]);
  });
});

it("browsers are told Age and the route's own time", async () => {
  const site = openRoute({ fresh: "5m", browser: "60s" });
  expect((await site.get("/a")).fields.get("cache-control")).toBe("max-age=60");
  site.clock.advance(40);
  expect((await site.get("/a")).fields.get("cache-control")).toBe("max-age=100");
});
