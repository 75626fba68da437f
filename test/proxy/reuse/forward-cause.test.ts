// Cache-Status tells a purged or unverified copy from an old one, and a copy is judged when it was found.
import { describe, expect, it } from "vitest";
import type { TierName } from "../../../src/config/config.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=60", { "cache-tag": "red", etag: '"1"' });

async function filled(tiers?: TierName[]) {
  const config = { routes: [{ name: "all", match: "*", ...(tiers && { tiers }) }] };
  const origin = () => page("a", fields);
  const { site, upstash } = openJournalled({ config, env: { COLO: "" }, origin });
  await (await site.ask("/a")).text();
  await site.settle();
  const told = async () => {
    const response = await site.ask("/a");
    await response.text();
    return response.headers.get("cache-status");
  };
  return { site, upstash, told };
}

const stored = "tidemark; fwd=stale; fwd-status=200; stored";

describe("a copy that was found and did not answer", () => {
  it("was purged", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"] });
    expect(await told()).toBe(`${stored}; detail=purged`);
  });

  it("was purged softly, and is validated", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"], mode: "soft" });
    site.clock.advance(2);
    site.origin.script = () => unchanged(fields);
    expect(await told()).toContain("; detail=purged");
  });

  it("was purged, and what came is refused: the cause goes first", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"] });
    site.origin.script = () => page("b", cc("private"));
    expect(await told()).toBe('tidemark; fwd=stale; fwd-status=200; detail="purged, private"');
  });

  it("could not be verified", async () => {
    const { site, upstash, told } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(10);
    expect(await told()).toContain("fwd=stale; fwd-status=200; stored; detail=unverified");
  });

  it("was too old, whatever the view could tell", async () => {
    const { site, upstash, told } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(61);
    expect(await told()).toBe(stored);
  });
});

describe("what is judged for one request", () => {
  it("is judged anew once the view was renewed (rules 7 and 10)", async () => {
    // No lower tier is waited for.
    const { site, told } = await filled(["memory"]);
    site.clock.advance(10);
    expect(await told()).toBe("tidemark; hit; ttl=50; detail=memory");
  });

  it("is judged for the instant at which it was found (rule 10)", async () => {
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
