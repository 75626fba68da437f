// Tests conditional requests of clients, which the cache answers itself if it can (RFC 9110 §13;
// RFC 9111 §4.3.2). test/rules/not-modified.test.ts tests the rules of each condition.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const modifiedOn = "Mon, 31 Dec 2029 12:00:00 GMT";
const fields = cc("max-age=600", { etag: '"1"', "last-modified": modifiedOn });
const onlyIfChanged = { "if-none-match": '"1"' };
const openHello = () => openSite({ origin: () => page("hello", fields) });

/** Opens a site whose stored response has just expired. */
async function openExpired() {
  const site = openHello();
  await site.get("/a");
  site.clock.advance(601);
  return site;
}

describe("a conditional request", () => {
  it.each([
    { id: "same tag", headers: onlyIfChanged, status: 304 },
    { id: "another tag", headers: { "if-none-match": '"2"' }, status: 200 },
    { id: "same date", headers: { "if-modified-since": modifiedOn }, status: 304 },
  ])("is answered by the cache on a miss and on a hit: $id", async ({ headers, status }) => {
    const site = openHello();
    for (const _ of ["miss", "hit"]) {
      const seen = await site.get("/a", { headers });
      expect([seen.status, seen.text]).toEqual([status, status === 304 ? "" : "hello"]);
    }
    expect((await site.get("/a")).text).toBe("hello");
    expect(site.origin.count).toBe(1);
    const { fields: sent } = site.origin.last;
    expect([sent.has("if-none-match"), sent.has("if-modified-since")]).toEqual([false, false]);
  });

  it("gets a 304 with validators, without body fields (RFC 9110 §15.4.5)", async () => {
    const { fields: told } = await openHello().get("/a", { headers: onlyIfChanged });
    expect([told.get("etag"), told.get("cache-control")]).toEqual(['"1"', "max-age=600"]);
    expect([told.has("content-type"), told.has("content-length")]).toEqual([false, false]);
  });

  it("is forwarded with the stored validators in a validation", async () => {
    const site = await openExpired();
    await site.get("/a", { headers: { "if-none-match": '"client"' } });
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
  });

  it("gets the whole freshened response if its own validator does not match", async () => {
    const site = await openExpired();
    site.origin.script = () => unchanged({ etag: '"1"', "x-app": "new" });
    const seen = await site.get("/a", { headers: { "if-none-match": '"client"' } });
    expect([seen.status, seen.text, seen.fields.get("x-app")]).toEqual([200, "hello", "new"]);
  });
});

describe("a condition on a response that may not be stored (RFC 9110 §13.2.1)", () => {
  it.each([
    { id: "private", stored: cc("private"), init: {} },
    { id: "unknown-cookie", stored: cc("max-age=60"), init: { headers: { cookie: "s=1" } } },
    { id: "set-cookie", stored: cc("max-age=60", { "set-cookie": "s=1" }), init: {} },
    { id: "head", stored: cc("max-age=60"), init: { method: "HEAD" } },
  ])("is evaluated by the cache: $id", async ({ stored, init }) => {
    const site = openSite({ origin: () => page("hello", { ...stored, etag: '"1"' }) });
    const seen = await site.get("/a", { ...init, headers: { ...init.headers, ...onlyIfChanged } });
    expect([seen.status, seen.text, seen.fields.get("etag")]).toEqual([304, "", '"1"']);
    expect(seen.cacheStatus).toContain("fwd-status=200");
    expect((await site.get("/a")).status).toBe(200);
  });

  const laterModified = { "last-modified": "Thu, 02 Jan 2031 12:00:00 GMT" };
  it.each([
    { id: "without a modification date", stored: cc("no-store") },
    {
      id: "with a later date that is not stored",
      stored: cc('no-store, no-cache="last-modified"', laterModified),
    },
  ])("causes a 200 if it is If-Modified-Since: $id (RFC 9110 §13.1.3)", async ({ stored }) => {
    const site = openSite({ origin: () => page("hello", stored) });
    const headers = { "if-modified-since": "Wed, 01 Jan 2031 12:00:00 GMT" };
    expect((await site.get("/a", { headers })).status).toBe(200);
  });
});

describe("conditions of a request that bypasses the cache (RFC 9110 §13.1.4, §13.2.1)", () => {
  const config = { routes: [{ name: "account", match: "/me", bypass: true }] };

  it.each<{ id: string; path?: string; init: AskInit }>([
    { id: "route", path: "/me", init: {} },
    { id: "authorization", init: { headers: { authorization: "Bearer x" } } },
    { id: "post", init: { method: "POST" } },
    { id: "options", init: { method: "OPTIONS" } },
    { id: "if-match", init: { headers: { "if-match": '"2"' } } },
    {
      id: "date-with-if-match",
      init: { headers: { "if-match": '"1"', "if-unmodified-since": modifiedOn } },
    },
    { id: "unreadable-date", init: { headers: { "if-unmodified-since": "yesterday" } } },
  ])("are evaluated by the origin: $id", async ({ path = "/a", init }) => {
    const site = openSite({
      config,
      origin: (_, nth) => page(`answer ${nth}`, fields, nth === 1 ? 200 : 412),
    });
    await site.get(path);
    const headers = { ...init.headers, "if-none-match": "*", "if-modified-since": modifiedOn };
    const seen = await site.get(path, { ...init, headers });
    expect([seen.status, seen.text]).toEqual([412, "answer 2"]);
    for (const [name, value] of Object.entries(headers)) {
      expect(site.origin.last.fields.get(name)).toBe(value);
    }
  });

  it("get the origin's own 304", async () => {
    const site = openSite({ config, origin: () => unchanged({ etag: '"1"' }) });
    const seen = await site.get("/me", { headers: onlyIfChanged });
    expect([seen.status, seen.fields.get("etag")]).toEqual([304, '"1"']);
  });
});
