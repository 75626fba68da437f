// What was made for one client goes on as private, so that no cache beyond us shares it
// (RFC 9111 §3.5, §7.3).
import { describe, expect, it } from "vitest";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";

const alice = { headers: { cookie: "session=alice" } };

describe("caches beyond us may not share what was made for one client", () => {
  const cookie: FieldTexts = { "set-cookie": "s=1" };

  it.each<{ id: string; fields: FieldTexts; init?: AskInit; status?: number; told: string }>([
    { id: "unknown-cookie", fields: cc("max-age=600"), init: alice, told: "max-age=600, private" },
    { id: "unknown-cookie-silent", fields: {}, init: alice, told: "private" },
    {
      id: "unknown-cookie-of-head",
      fields: cc("max-age=600"),
      init: { ...alice, method: "HEAD" },
      told: "max-age=600, private",
    },
    {
      id: "unknown-cookie-of-a-part",
      fields: cc("max-age=600", { "content-range": "bytes 0-3/9" }),
      init: { headers: { ...alice.headers, range: "bytes=0-3" } },
      status: 206,
      told: "max-age=600, private",
    },
    {
      id: "unknown-cookie-of-an-error",
      fields: cc("max-age=600"),
      init: alice,
      status: 404,
      told: "max-age=600, private",
    },
    { id: "set-cookie", fields: cc("max-age=600", cookie), told: "max-age=600, private" },
    {
      id: "set-cookie-in-public",
      fields: cc("public, max-age=600", cookie),
      told: "max-age=600, private",
    },
    { id: "set-cookie-without-a-use", fields: cookie, told: "private" },
    {
      id: "set-cookie-passed-by",
      fields: cc("public, max-age=600", cookie),
      init: { method: "POST" },
      told: "max-age=600, private",
    },
    { id: "for-all", fields: cc("max-age=600, no-store"), told: "max-age=600, no-store" },
    {
      id: "shared-explicitly",
      fields: cc("public, max-age=600"),
      init: alice,
      told: "public, max-age=600",
    },
    {
      id: "a-cookie-named-as-private",
      fields: cc('max-age=600, private="set-cookie"', cookie),
      told: 'max-age=600, private="set-cookie", private',
    },
    {
      id: "fields-named-as-private",
      fields: cc('public, max-age=600, private="x-a"', { "x-a": "1" }),
      told: 'max-age=600, private="x-a", private',
    },
    {
      id: "fields-to-be-validated",
      fields: cc('public, max-age=600, no-cache="x-a"', { "x-a": "1" }),
      told: 'public, max-age=600, no-cache="x-a"',
    },
    {
      id: "fields-named-as-private-and-not-sent",
      fields: cc('public, max-age=600, private="x-a"'),
      told: 'public, max-age=600, private="x-a"',
    },
    {
      id: "fields-named-as-private-passed-by",
      fields: cc('max-age=600, private="x-a"', { "x-a": "1" }),
      init: { headers: { authorization: "Basic YQ==" } },
      told: 'max-age=600, private="x-a", private',
    },
    {
      id: "fields-named-as-private-of-head",
      fields: cc('public, max-age=600, private="x-a"', { "x-a": "1" }),
      init: { method: "HEAD" },
      told: 'max-age=600, private="x-a", private',
    },
  ])("$id", async ({ fields, init = {}, status = 200, told }) => {
    const site = openSite({ origin: () => page("page", fields, status) });
    expect((await site.get("/a", init)).fields.get("cache-control")).toBe(told);
  });

  it.each<{ id: string; fields: FieldTexts; init?: AskInit }>([
    { id: "set-cookie", fields: cookie },
    { id: "unknown-cookie", fields: { "cdn-cache-control": "no-cache" }, init: alice },
    {
      id: "passed-by",
      fields: { "cdn-cache-control": "max-age=60" },
      init: { headers: { authorization: "Basic YQ==" } },
    },
  ])("nor by a field of their own: $id", async ({ fields, init = {} }) => {
    const targeted = ["cdn-cache-control", "surrogate-control", "vercel-cdn-cache-control"];
    const all = Object.fromEntries(targeted.map((name) => [name, "max-age=60"]));
    const site = openSite({
      config: { cacheInFront: true },
      origin: () => page("page", { ...cc("max-age=60"), ...all, ...fields }),
    });
    const seen = await site.get("/a", init);
    const isTold = seen.fields.get("cache-control")?.includes("private") === true;
    const names = targeted.filter((name) => seen.fields.has(name));
    expect([isTold, names]).toEqual([true, []]);
  });

  it("not a 304 for the client that sent the condition either", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=600", { etag: '"1"' })) });
    const headers = { ...alice.headers, "if-none-match": '"1"' };
    const seen = await site.get("/a", { headers });
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([304, "max-age=600, private"]);
  });

  it.each<{ id: string; init?: AskInit; fields: FieldTexts }>([
    { id: "set-cookie", fields: cookie },
    { id: "unknown-cookie", init: alice, fields: { "x-user": "alice" } },
    { id: "fields-named-as-private", fields: { "x-a": "1" } },
  ])("nor what a 304 has validated for one client: $id", async ({ init = {}, fields }) => {
    const site = openSite({
      origin: (_, nth) =>
        nth === 1
          ? page("page", cc('public, max-age=60, private="x-a"', { etag: '"1"' }))
          : new Response(null, { status: 304, headers: { etag: '"1"', ...fields } }),
    });
    await site.get("/a");
    site.clock.advance(61);
    const seen = await site.get("/a", init);
    expect([seen.status, seen.text, seen.fields.get("cache-control")]).toEqual([
      200,
      "page",
      'max-age=60, private="x-a", private',
    ]);
  });
});
