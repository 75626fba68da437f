// A soft purge, from its order to the answers after it: stale from then on, never beyond what the
// response allows, and never in the way of a hard one.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, type Site } from "../../../testing/site/harness.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";

const stored = "max-age=600, stale-while-revalidate=60, stale-if-error=120";
const soft = { tags: ["red"], mode: "soft" };
const hard = { tags: ["red"] };

async function filled(cacheControl = stored): Promise<Site> {
  const { site } = openJournalled({
    origin: (_, nth) => page(`page ${nth}`, cc(cacheControl, { "cache-tag": "red" })),
  });
  await asked(site);
  await site.settle();
  return site;
}

/** What goes on behind the answer takes as long as an acceptance is read back: not waited for. */
async function asked(site: Site): Promise<string> {
  const response = await site.ask("/a");
  return `${await response.text()} ${response.headers.get("cache-status")}`;
}

describe("what a soft purge covers", () => {
  it("answers stale while it is refreshed, and is fresh again after that", async () => {
    const site = await filled();
    await send(site, soft);
    site.clock.advance(10);
    expect(await asked(site)).toBe("page 1 tidemark; hit; ttl=-10; detail=memory");
    await idle();
    expect(await asked(site)).toBe("page 2 tidemark; hit; ttl=600; detail=memory");
  });

  it("waits for its origin where nothing allows it to be stale", async () => {
    const site = await filled("max-age=600");
    await send(site, soft);
    expect(await asked(site)).toContain("page 2 tidemark; fwd=stale");
  });

  it("answers in place of an error, for as long as is allowed since the purge", async () => {
    const site = await filled();
    await send(site, soft);
    site.origin.script = unreachable;
    site.clock.advance(119);
    expect(await asked(site)).toContain(
      'page 1 tidemark; fwd=stale; detail="purged, stale-if-error"',
    );
    site.clock.advance(1);
    expect(await asked(site)).toContain("502");
  });

  it("has a window that a second soft purge does not open anew", async () => {
    const site = await filled();
    await send(site, soft);
    site.origin.script = unreachable;
    site.clock.advance(100);
    await send(site, soft);
    site.clock.advance(20);
    expect(await asked(site)).toContain("502");
  });
});

describe("a hard purge counts", () => {
  it.each([
    { id: "before", orders: [hard, soft] },
    { id: "after", orders: [soft, hard] },
  ])("a soft one: $id", async ({ orders }) => {
    const site = await filled();
    for (const order of orders) await send(site, order);
    site.origin.script = unreachable;
    expect(await asked(site)).toContain("502");
  });
});
