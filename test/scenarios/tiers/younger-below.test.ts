// Tests that a younger response in the edge tier replaces a response in memory, even if the younger
// response is too large for memory.
import { expect, it } from "vitest";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const stale = cc("max-age=60, stale-while-revalidate=86400");
const bytes = (nth: number, length: number) => String(nth).padEnd(length, "x");

async function firstDigits(site: Site, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let ask = 0; ask < count; ask += 1) {
    seen.push((await site.get("/a")).text.slice(0, 1));
    site.clock.advance(1);
  }
  return seen;
}

it.each([
  { id: "small, then larger than memory takes", before: 1_000, after: 1_500_000 },
  { id: "large, then larger than memory takes", before: 320_000, after: 1_500_000 },
  { id: "large, then large", before: 320_000, after: 320_000 },
  { id: "small, then small", before: 1_000, after: 1_000 },
])("another isolate's younger response replaces one in memory: $id", async ({ before, after }) => {
  const [near, other] = openColos(2, {
    origin: (_, nth) => page(bytes(nth, nth === 1 ? before : after), stale),
  }) as [Site, Site];
  Object.assign(other, { cache: near.cache });
  await firstDigits(near, 4);
  near.clock.advance(61);
  await firstDigits(other, 2);
  // The first request gets the stale response, and finds the younger response in the background.
  expect(await firstDigits(near, 4)).toEqual(["1", "2", "2", "2"]);
  expect(near.origin.count).toBe(2);
});

it("a response in memory is replaced by a younger streamed response", async () => {
  const site = openSite({
    origin: (_, nth) => page(bytes(nth, nth * 5_000_000 - 4_990_000), stale),
  });
  await firstDigits(site, 2);
  site.clock.advance(61);
  expect(await firstDigits(site, 3)).toEqual(["1", "2", "2"]);
  expect((await site.get("/a")).cacheStatus).toContain("detail=edge");
});

it("a body in the edge tier is closed if its response was invalidated", async () => {
  const fields = cc("max-age=60", { vary: "accept-language" });
  const site = openSite({
    origin: ({ method }) =>
      method === "POST" ? new Response("ok") : page(bytes(1, 300_000), fields),
  });
  const ask = (language: string) => site.get("/a", { headers: { "accept-language": language } });
  for (const language of ["de", "en"]) await ask(language);
  site.clock.advance(1);
  await site.get("/a", { method: "POST" });
  site.clock.advance(1);
  for (const language of ["en", "de"]) await ask(language);
  expect(site.cache.openBodies).toBe(0);
});
