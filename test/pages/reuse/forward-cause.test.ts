// Tests why a stored response did not answer: `detail` in Cache-Status is "purged", "unverified" or
// absent. Also tests the moment at which Tidemark judges a stored response.
import { describe, expect, it } from "vitest";
import type { TierName } from "../../../src/config/config.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=60", { "cache-tag": "red", etag: '"1"' });

async function filled(tiers?: TierName[]) {
  const config = { routes: [{ name: "all", match: "*", ...(tiers && { tiers }) }] };
  const origin = () => page("a", fields);
  const { site, upstash } = openJournalled({ config, env: { COLO: "" }, origin });
  await (await site.ask("/a")).text();
  await site.settle();
  const cacheStatus = async () => {
    const response = await site.ask("/a");
    await response.text();
    return response.headers.get("cache-status");
  };
  return { site, upstash, cacheStatus };
}

const stored = "tidemark; fwd=stale; fwd-status=200; stored";

describe("Cache-Status for a stored response that did not answer", () => {
  it("states that the response was purged", async () => {
    const { site, cacheStatus } = await filled();
    await send(site, { tags: ["red"] });
    expect(await cacheStatus()).toBe(`${stored}; detail=purged`);
  });

  it("states purged first, then why the new response is not stored", async () => {
    const { site, cacheStatus } = await filled();
    await send(site, { tags: ["red"] });
    site.origin.script = () => page("b", cc("private"));
    expect(await cacheStatus()).toBe(
      'tidemark; fwd=stale; fwd-status=200; detail="purged, private"',
    );
  });

  it("states that the response was unverified", async () => {
    const { site, upstash, cacheStatus } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(10);
    expect(await cacheStatus()).toContain("fwd=stale; fwd-status=200; stored; detail=unverified");
  });

  it("has no detail if the response had expired, even while Redis is down", async () => {
    const { site, upstash, cacheStatus } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(61);
    expect(await cacheStatus()).toBe(stored);
  });
});

describe("a stored response that a lookup finds", () => {
  it("is judged at the time at which the lookup returns it (rule 10)", async () => {
    const config = { routes: [{ name: "all", match: "*", tiers: ["edge" as const] }] };
    const site = openSite({ config, origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
    await site.get("/a");
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (...asked) => {
      const found = await match(...asked);
      site.clock.advance(61);
      return found;
    };
    expect((await site.get("/a")).text).toBe("page 2");
  });
});
