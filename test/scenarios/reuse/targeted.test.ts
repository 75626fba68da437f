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
