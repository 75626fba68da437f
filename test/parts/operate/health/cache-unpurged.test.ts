// Tests the findings about answers that a cache between Tidemark and the origin has had since before a
// purge: when they appear, and that they name the cache and its outward target.
import { describe, expect, it } from "vitest";
import { cc, page } from "../../../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../../../testing/site/purge-sender.ts";
import { found } from "./health-world.ts";

describe("the finding cache-unpurged", () => {
  const varnish = { via: "1.1 varnish (Varnish/7.1)" };
  const akamai = { "x-cache": "TCP_HIT from a.akamaitechnologies.com" };
  it.each([
    ["Cloudflare", { "cf-cache-status": "HIT" }, "cloudflareZone()"],
    ["CloudFront", { "x-cache": "Hit from cloudfront" }, ""],
    ["Fastly", { "x-served-by": "cache-fra-1", via: "1.1 varnish" }, "fastly()"],
    ["Akamai", akamai, ""],
    ["bunny.net", { server: "BunnyCDN-DE1-1" }, ""],
    ["Varnish", varnish, "purgeRequests()"],
    ["another Tidemark", { "cache-status": "tidemark; hit" }, "tidemarkSite()"],
    ["", { "cf-cache-status": "DYNAMIC" }, ""],
  ])("names the cache, and how to purge it: %s", async (id, named, target) => {
    const origin = () => page("old", cc("s-maxage=7200", { age: "3600", ...named }));
    const { site } = openJournalled({ origin });
    await send(site, { everything: true });
    await site.get("/a");
    // An outward purge is sent up to a minute after it is due, and takes up to two.
    expect(await found(site, "cache-unpurged")).toBeUndefined();
    site.clock.advance(200);
    await site.get("/a");
    const finding = await found(site, "cache-unpurged");
    const values = { caches: id === "" ? [] : [id], targets: target === "" ? [] : [target] };
    expect(finding).toMatchObject({ level: "warning", about: "no route", values });
    site.clock.advance(901);
    expect(await found(site, "cache-unpurged")).toBeUndefined();
  });

  it("does not blame the cache for an answer that is not stored for another reason", async () => {
    const fields = { "cache-control": "private", age: "3600", ...varnish };
    const { site } = openJournalled({ origin: () => page("own", fields) });
    await send(site, { everything: true });
    site.clock.advance(200);
    await site.get("/a");
    expect(await found(site, "cache-unpurged")).toBeUndefined();
  });

  it("does not blame the cache for a HEAD about a response from before a loss of the journal", async () => {
    const config = { routes: [{ name: "all", match: "*", honourRequestDirectives: true }] };
    const fields = cc("s-maxage=7200", { etag: '"same"', age: "60" });
    const { site, upstash } = openJournalled({ config, origin: () => page("page", fields) });
    await site.get("/other");
    const before = upstash.kept;
    await send(site, { tags: ["blue"] });
    await site.get("/a");
    upstash.lay(before);
    site.clock.advance(20);
    await site.get("/other");
    site.clock.advance(300);
    const headers = { "cache-control": "no-cache" };
    await site.get("/a", { method: "HEAD", headers });
    expect(await found(site, "cache-unpurged")).toBeUndefined();
  });
});

describe("the finding age-too-low", () => {
  it.each([
    ["an Age that denies it", 2.1, "0", "Cloudflare"],
    ["a Date within the allowance of clocks", 1.5, "0", undefined],
    ["no Age", 60, undefined, undefined],
  ])("of answers dated before a purge appears: %s", async (_, purgedAfterSeconds, age, name) => {
    let date = "";
    const fields = () => ({ date, "cf-cache-status": "HIT", ...(age !== undefined && { age }) });
    const { site } = openJournalled({ origin: () => page("old", cc("max-age=60", fields())) });
    date = new Date(site.clock.nowAtMs()).toUTCString();
    await site.get("/a");
    site.clock.advance(purgedAfterSeconds);
    await send(site, { everything: true });
    site.clock.advance(3);
    await site.get("/a");
    const finding = await found(site, "age-too-low");
    expect(finding?.values?.["caches"]?.toString()).toBe(name);
  });
});
