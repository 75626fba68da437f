// Tests POST /_cache/warm with pages that are never stored, and with invalid orders.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { callWarm, openWarmSite, warmed } from "../../../../testing/site/warm-site.ts";

const passedBy = [
  { id: "operators", page: "/_cache/stats", why: "reserved" },
  { id: "other-host", page: "https://www.example.net/a", why: "host" },
  { id: "route", page: "/own/a", why: "route" },
  { id: "bearer", headers: { authorization: "Bearer x" }, why: "authorization" },
  { id: "session", headers: { cookie: "sid=s3cret" }, why: "unknown-cookie" },
  { id: "part", headers: { range: "bytes=0-9" }, why: "field range" },
  { id: "condition", headers: { "if-none-match": '"1"' }, why: "field if-none-match" },
  {
    id: "address",
    headers: { "x-forwarded-for": "10.0.0.1" },
    why: "field x-forwarded-for",
  },
  { id: "token", headers: { "tidemark-debug": "s3cret" }, why: "field tidemark-debug" },
  { id: "platform", headers: { "cf-ipcountry": "DE" }, why: "field cf-ipcountry" },
  { id: "stream", headers: { accept: "text/event-stream" }, why: "event-stream" },
  { id: "two-readings", page: "/a%2fb", why: "ambiguous-path" },
];

describe("a page that may not be stored", () => {
  it.each(passedBy)(
    "has the result passed-by, without a request to the origin: $id",
    async (row) => {
      const config: ConfigInput = { routes: [{ name: "own", match: "/own/*", bypass: true }] };
      const { near } = openWarmSite({ config });
      const [one] = await warmed(near, { url: row.page ?? "/a", headers: row.headers ?? {} });
      expect(one).toMatchObject({ result: "passed-by" });
      expect(one?.why).toBe(row.why);
      expect(one?.why).not.toContain("s3cret");
      expect(near.origin.count).toBe(0);
    },
  );

  it("has the result passed-by while the switch is on", async () => {
    const { near } = openWarmSite({ env: { BYPASS: "all" } });
    const [one] = await warmed(near, "/a");
    expect(one).toMatchObject({ result: "passed-by", why: "switch" });
    expect(near.origin.count).toBe(0);
  });

  it("may be stored if its cookie is part of its route's key", async () => {
    const config: ConfigInput = {
      routes: [{ name: "all", match: "*", key: { cookies: ["lang"] } }],
    };
    const { near, far } = openWarmSite({ config });
    const cookie = { cookie: "lang=de" };
    expect(await warmed(near, { url: "/a", headers: cookie })).toMatchObject([
      { result: "warmed" },
    ]);
    expect((await far.get("/a", { headers: cookie })).cacheStatus).toContain("; hit");
  });
});

const list = (count: number) => Array.from({ length: count }, () => "/a");

const refusals: readonly [id: string, order: unknown, why: string][] = [
  ["no-json", "pages", "The body is not JSON."],
  ["no-object", [], "The body must be an object."],
  ["nothing", {}, "The order has neither pages nor data."],
  ["field", { page: ["/a"] }, 'The body has "page", which is not a field of it.'],
  ["no-list", { pages: "/a" }, "pages must be an array of URLs."],
  ["no-page", { pages: ["/a", 7] }, "pages[1] must be a URL, a path, or"],
  ["no-url", { pages: ["/a", "b"] }, 'pages[1]: "b" is neither an http'],
  ["scheme", { pages: ["ftp://x/a"] }, "pages[0]: "],
  [
    "user",
    { pages: ["https://u:s3cret@www.example.com/"] },
    "pages[0]: The URL contains a user name or a password.",
  ],
  [
    "header",
    { pages: [{ url: "/a", headers: { "a b": "c" } }] },
    'pages[0]: The headers of "/a" have an invalid name or value.',
  ],
  ["pages", { pages: list(1_001) }, "pages names more than 1000 pages."],
  ["limit", { pages: ["/a"], limit: 101 }, "limit is over 100."],
  ["no-limit", { pages: ["/a"], limit: 0 }, "limit is below 1."],
  ["cursor", { pages: ["/a"], cursor: 2 }, "cursor is 2, but the length of the list is only 1"],
  ["no-cursor", { pages: ["/a"], cursor: -1 }, "cursor is below 0."],
  ["no-data", { data: { rates: ["eur"] } }, "has no cache for data"],
];

describe("an invalid order to warm", () => {
  it.each(refusals)("warms nothing, and is answered with a reason: %s", async (_id, order, why) => {
    const { near } = openWarmSite();
    const seen = await callWarm(near, order);
    const { error } = JSON.parse(seen.text) as { error: { what: string; why: string } };
    expect([seen.status, error.what]).toEqual([400, "Nothing was warmed."]);
    expect(error.why).toContain(why);
    expect(seen.text).not.toContain("s3cret");
    expect(near.origin.count).toBe(0);
  });

  it("is refused if its body has over 256 KiB", async () => {
    const { near } = openWarmSite();
    const over = (bytes: number) => `{"pages":["/a"]}`.padEnd(bytes, " ");
    expect((await callWarm(near, over(262_144))).status).toBe(200);
    expect((await callWarm(near, over(262_145))).status).toBe(413);
  });
});
