// Tests targeted fields such as CDN-Cache-Control, which replace Cache-Control and Expires (RFC
// 9213 §2.2). test/rules/governing-directives.test.ts tests the rules of these fields.
import { expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";

const hit = "tidemark; hit; ttl=1; detail=memory";
const targeted = (text: string, hidden = cc("public, max-age=600")) => ({
  ...hidden,
  "cdn-cache-control": text,
});

it.each([
  { id: "max-age", fields: targeted("max-age=60"), told: hit },
  { id: "s-maxage", fields: targeted("max-age=1, s-maxage=60"), told: hit },
  { id: "no-store", fields: targeted("no-store, max-age=60"), told: "fwd=uri-miss" },
  { id: "private", fields: targeted("private, max-age=60"), told: "fwd=uri-miss" },
  { id: "no-cache", fields: targeted("no-cache, max-age=60"), told: "fwd=stale" },
  { id: "over-no-store", fields: targeted("max-age=60", cc("no-store")), told: hit },
  {
    id: "without-lifetime-hides-expires",
    fields: targeted("public", { expires: "Fri, 31 Dec 9999 23:59:59 GMT" }),
    told: "fwd=stale",
  },
  {
    id: "for-other-caches",
    fields: cc("max-age=60", { "other-cdn-cache-control": "no-store" }),
    told: hit,
  },
])("a targeted field governs a second request after 59 seconds: $id", async ({ fields, told }) => {
  const site = openSite({ origin: () => page("page", { ...fields, etag: '"1"' }) });
  await site.get("/a");
  site.clock.advance(59);
  expect((await site.get("/a")).cacheStatus).toContain(told);
});

it.each([
  { id: "stale-if-error", text: "max-age=1, stale-if-error=60", status: 200 },
  { id: "must-revalidate", text: "max-age=1, stale-if-error=60, must-revalidate", status: 502 },
])("a targeted field governs a stale response during an outage: $id", async ({ text, status }) => {
  const site = openSite({ origin: () => page("page", targeted(text)) });
  await site.get("/a");
  site.clock.advance(2);
  site.origin.script = unreachable;
  expect((await site.get("/a")).status).toBe(status);
});

const targets = ["Vercel-CDN-Cache-Control", "Netlify-CDN-Cache-Control"];
const ordered = { "vercel-cdn-cache-control": "max-age=60", "cdn-cache-control": "no-store" };

it.each([
  { id: "first-of-the-list", fields: ordered, told: hit },
  {
    id: "second-of-the-list",
    fields: { "netlify-cdn-cache-control": "max-age=60", "cdn-cache-control": "no-store" },
    told: hit,
  },
  {
    id: "instead-of-an-invalid-one",
    fields: {
      ...ordered,
      "netlify-cdn-cache-control": "no-store",
      "vercel-cdn-cache-control": "&",
    },
    told: "fwd=uri-miss",
  },
  { id: "cdn-last", fields: { "cdn-cache-control": "max-age=60" }, told: hit },
  { id: "not-listed", fields: { "akamai-cache-control": "max-age=60" }, told: "fwd=uri-miss" },
  {
    id: "which-a-connection-nominates",
    fields: { ...ordered, connection: "vercel-cdn-cache-control" },
    told: hit,
  },
  {
    id: "named-last-by-the-list",
    config: { targets: ["cdn-cache-control", ...targets] },
    fields: ordered,
    told: "fwd=uri-miss",
  },
])("the first field of the target list governs: $id", async ({ fields, told, config }) => {
  const origin = () => page("page", { "cache-control": "no-store", ...fields });
  const site = openSite({ origin, config: config ?? { targets } });
  const { head } = await site.get("/a");
  expect(Object.keys(ordered).filter((name) => head.includes(`${name}:`))).toEqual([]);
  site.clock.advance(59);
  expect((await site.get("/a")).cacheStatus).toContain(told);
});

it("a targeted lifetime shares a response explicitly, and a 304 may renew it", async () => {
  const fields = { "cache-control": "no-store", "vercel-cdn-cache-control": "max-age=60" };
  const site = openSite({
    config: { targets },
    origin: ({ headers }) =>
      headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: { "vercel-cdn-cache-control": "max-age=9" } })
        : page("page", { ...fields, etag: '"1"' }),
  });
  const headers = { cookie: "session=ann" };
  await site.get("/a", { headers });
  expect((await site.get("/a")).cacheStatus).toContain("hit; ttl=60");
  site.clock.advance(60);
  expect((await site.get("/a", { headers })).cacheStatus).toContain("fwd-status=304; stored");
  expect((await site.get("/a")).cacheStatus).toContain("hit; ttl=9");
});

it("with a cache in front, listed fields stay in answers", async () => {
  const origin = () => page("page", ordered);
  const site = openSite({ origin, config: { targets, cacheInFront: true } });
  expect((await site.get("/a")).head).toContain("vercel-cdn-cache-control: max-age=60");
});

it("a field that a targeted field makes private reaches one client, whose answer is private", async () => {
  const value = 'max-age=60, private="x-user"';
  const fields = { "vercel-cdn-cache-control": value, "x-user": "ann", ...cc("max-age=60") };
  const site = openSite({ config: { targets }, origin: () => page("page", fields) });
  const first = await site.get("/a");
  expect([first.fields.get("x-user"), first.fields.get("cache-control")]).toEqual([
    "ann",
    "max-age=60, private",
  ]);
  const second = await site.get("/a");
  expect(second.cacheStatus).toContain(hit.replace("ttl=1", "ttl=60"));
  expect(second.fields.get("x-user")).toBeNull();
});
