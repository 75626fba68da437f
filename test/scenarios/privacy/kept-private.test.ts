// Tests that a response for one client gets `private`, so that no cache between Tidemark and the
// client shares the response (RFC 9111 §3.5, §7.3). `downstream.test.ts` tests the field itself.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const alice = { headers: { cookie: "session=alice" } };
const basic = { headers: { authorization: "Basic YQ==" } };
const cookie: FieldTexts = { "set-cookie": "s=1" };

describe("the Cache-Control that caches beyond Tidemark get", () => {
  const lasting = cc("max-age=600");
  const range = { headers: { ...alice.headers, range: "bytes=0-3" } };
  const part = { ...lasting, "content-range": "bytes 0-3/9" };
  const named = 'private="x-a"';
  const xa = { "x-a": "1" };
  const own = "max-age=600, private";
  const checked = "max-age=0, must-revalidate";

  it.each<[id: string, fields: FieldTexts, told: string, init?: AskInit, status?: number]>([
    ["unknown cookie", lasting, own, alice],
    ["unknown cookie, HEAD", lasting, own, { ...alice, method: "HEAD" }],
    ["unknown cookie, a part", part, own, range, 206],
    ["unknown cookie, an error", lasting, own, alice, 404],
    ["Set-Cookie", { ...lasting, ...cookie }, own],
    ["Set-Cookie, public", cc("public, max-age=600", cookie), own],
    ["Set-Cookie, passed by", cc("public, max-age=600", cookie), own, { method: "POST" }],
    ["no-store", cc("max-age=600, no-store"), "max-age=600, no-store"],
    ["public", cc("public, max-age=600"), "public, max-age=600", alice],
    ["private field", cc(`public, max-age=600, ${named}`, xa), `max-age=600, ${named}, private`],
    ["private field, absent", cc(`public, ${named}`), `public, ${named}, ${checked}`],
    ["private field, passed by", cc(named, xa), `${named}, private`, basic],
    [
      "private field, HEAD",
      cc(`public, ${named}`, xa),
      `${named}, private, ${checked}`,
      { method: "HEAD" },
    ],
    ["no-cache field", cc('public, no-cache="x-a"', xa), `public, no-cache="x-a", ${checked}`],
  ])("has `private` only for one client: %s", async (_, fields, told, init = {}, status = 200) => {
    const site = openSite({ origin: () => page("page", fields, status) });
    expect((await site.get("/a", init)).fields.get("cache-control")).toBe(told);
  });

  it.each<[id: string, fields: FieldTexts, init?: AskInit]>([
    ["Set-Cookie", cookie],
    ["unknown cookie", { "cdn-cache-control": "no-cache" }, alice],
    ["passed by", { "cdn-cache-control": "max-age=60" }, basic],
  ])("replaces targeted fields of a response to one client: %s", async (_, fields, init = {}) => {
    const names = "cdn-cache-control surrogate-control vercel-cdn-cache-control edge-control";
    const targeted = [...names.split(" "), "x-accel-expires"];
    const all = Object.fromEntries(targeted.map((name) => [name, "max-age=60"]));
    const site = openSite({
      config: { cacheInFront: true },
      origin: () => page("page", { ...cc("max-age=60"), ...all, ...fields }),
    });
    const seen = await site.get("/a", init);
    expect(seen.fields.get("cache-control")).toContain("private");
    expect(targeted.filter((name) => seen.fields.has(name))).toEqual([]);
  });

  it("contains `private` in a 304 to a client with an unknown cookie", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=600", { etag: '"1"' })) });
    const headers = { ...alice.headers, "if-none-match": '"1"' };
    const seen = await site.get("/a", { headers });
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([304, own]);
  });

  it.each<[id: string, fields: FieldTexts, init?: AskInit]>([
    ["Set-Cookie", cookie],
    ["unknown cookie", { "x-user": "alice" }, alice],
    ["private field", xa],
  ])("contains `private` after one client's validation: %s", async (_, fields, init = {}) => {
    const site = openSite({
      origin: (_request, nth) =>
        nth === 1
          ? page("page", cc('public, max-age=60, private="x-a"', { etag: '"1"' }))
          : unchanged({ etag: '"1"', ...fields }),
    });
    await site.get("/a");
    site.clock.advance(61);
    const seen = await site.get("/a", init);
    const told = 'max-age=60, private="x-a", private';
    expect([seen.status, seen.text, seen.fields.get("cache-control")]).toEqual([200, "page", told]);
  });
});
