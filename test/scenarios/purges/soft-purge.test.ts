// Tests soft purges, which make responses stale. test/pages/reuse/verdict.test.ts tests the limits
// of each allowance.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import type { Site } from "../../../testing/site/harness.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";

const allowing = "max-age=600, stale-while-revalidate=60, stale-if-error=120";
const soft = { tags: ["red"], mode: "soft" };

/** Opens a site with a stored page that a soft purge covers. */
async function openPurged(): Promise<Site> {
  const { site } = openJournalled({
    origin: (_, nth) => page(`page ${nth}`, cc(allowing, { "cache-tag": "red" })),
  });
  await site.get("/a");
  await send(site, soft);
  return site;
}

async function seen(site: Site): Promise<string> {
  const { text, cacheStatus } = await site.get("/a");
  return `${text} ${cacheStatus}`;
}

it("a softly purged response answers stale during its refresh", async () => {
  const site = await openPurged();
  site.clock.advance(10);
  expect(await seen(site)).toBe("page 1 tidemark; hit; ttl=-10; detail=memory");
  expect(await seen(site)).toBe("page 2 tidemark; hit; ttl=600; detail=memory");
});

it("stale-if-error counts from the first soft purge of a response", async () => {
  const site = await openPurged();
  site.origin.script = unreachable;
  site.clock.advance(100);
  await send(site, soft);
  site.clock.advance(19);
  const told = 'page 1 tidemark; fwd=stale; detail="purged, stale-if-error"';
  expect(await seen(site)).toContain(told);
  site.clock.advance(1);
  expect(await seen(site)).toContain("502");
});
