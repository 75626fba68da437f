// What a targeted field governs, with everything else that a response says hidden behind it
// (RFC 9213 §2.2).
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  type FieldTexts,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const targeted = (text: string, hidden: FieldTexts = cc("public, max-age=600")): FieldTexts => ({
  ...hidden,
  "cdn-cache-control": text,
});

const expired = { expires: "0" };
const never = { expires: "Fri, 31 Dec 9999 23:59:59 GMT" };
const [hit, missed] = ["tidemark; hit; ttl=1; detail=memory", "tidemark; fwd=uri-miss"];
const stale = "tidemark; fwd=stale";

describe("a second request, the origin still there", () => {
  it.each([
    { id: "max-age", fields: targeted("max-age=60"), afterSeconds: 59, told: hit },
    { id: "max-age-over", fields: targeted("max-age=60"), afterSeconds: 60, told: stale },
    { id: "s-maxage", fields: targeted("max-age=1, s-maxage=60"), afterSeconds: 59, told: hit },
    { id: "no-store", fields: targeted("no-store, max-age=60"), afterSeconds: 59, told: missed },
    { id: "private", fields: targeted("private, max-age=60"), afterSeconds: 59, told: missed },
    { id: "no-cache", fields: targeted("no-cache, max-age=60"), afterSeconds: 59, told: stale },
    {
      id: "stale-while-revalidate",
      fields: targeted("max-age=58, stale-while-revalidate=60"),
      afterSeconds: 59,
      told: "tidemark; hit; ttl=-1; detail=memory",
    },
    {
      id: "over-no-store",
      fields: targeted("max-age=60", cc("no-store")),
      afterSeconds: 59,
      told: hit,
    },
    {
      id: "over-private",
      fields: targeted("max-age=60", cc("private")),
      afterSeconds: 59,
      told: hit,
    },
    {
      id: "over-expired",
      fields: targeted("max-age=60", expired),
      afterSeconds: 59,
      told: hit,
    },
    { id: "silent-hides-expires", fields: targeted("public", never), afterSeconds: 1, told: stale },
    {
      id: "at-other-caches",
      fields: cc("max-age=60", { "other-cdn-cache-control": "no-store" }),
      afterSeconds: 59,
      told: hit,
    },
  ])("$id", async ({ fields, afterSeconds, told }) => {
    const site = openSite({ origin: () => page("page", { ...fields, etag: '"1"' }) });
    await site.get("/a");
    site.clock.advance(afterSeconds);
    expect((await site.get("/a")).cacheStatus).toContain(told);
  });
});

describe("a second request, the origin gone", () => {
  it.each([
    { id: "stale-if-error", text: "max-age=1, stale-if-error=60", status: 200 },
    { id: "must-revalidate", text: "max-age=1, stale-if-error=60, must-revalidate", status: 502 },
    { id: "proxy-revalidate", text: "max-age=1, stale-if-error=60, proxy-revalidate", status: 502 },
  ])("$id", async ({ text, status }) => {
    const site = openSite({ origin: () => page("page", targeted(text)) });
    await site.get("/a");
    site.clock.advance(2);
    site.origin.script = unreachable;
    expect((await site.get("/a")).status).toBe(status);
  });
});
