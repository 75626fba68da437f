// Tests that a cache in front of Tidemark does not store an old response again after an outward purge.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import type { Site } from "../../../testing/site/harness.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";

const allowing = "max-age=600, stale-while-revalidate=60, stale-if-error=120";
const soft = { tags: ["red"], mode: "soft" };

const targeted = "max-age=900, stale-while-revalidate=60, stale-if-error=120";

/** Opens a site behind another cache, with a stored page that a soft purge covers. */
async function openBehindCache(): Promise<Site> {
  const { site } = openJournalled({
    config: { cacheInFront: true },
    origin: (_, nth) =>
      page(`page ${nth}`, {
        ...cc(allowing, { "cache-tag": "red", etag: '"1"' }),
        "cdn-cache-control": targeted,
      }),
  });
  await site.get("/a");
  await send(site, soft);
  site.clock.advance(10);
  return site;
}

const ended = "stale-if-error=120, max-age=0";

it("the cache in front does not store a softly purged response for its lifetime", async () => {
  const site = await openBehindCache();
  const { text, fields } = await site.get("/a");
  expect(text).toBe("page 1");
  expect(fields.get("cache-control")).toBe(ended);
  expect(fields.get("cdn-cache-control")).toBeNull();
  const renewed = await site.get("/a");
  expect(renewed.text).toBe("page 2");
  expect(renewed.fields.get("cache-control")).toBe(allowing);
  expect(renewed.fields.get("cdn-cache-control")).toBe(targeted);
});

it("the cache in front does not renew a softly purged response by a 304", async () => {
  const site = await openBehindCache();
  const seen304 = await site.get("/a", { headers: { "if-none-match": '"1"' } });
  expect(seen304.status).toBe(304);
  expect(seen304.fields.get("cache-control")).toBe(ended);
});

it("the cache in front does not store a softly purged response in place of an error", async () => {
  const site = await openBehindCache();
  site.clock.advance(60);
  site.origin.script = unreachable;
  const { text, fields } = await site.get("/a");
  expect(text).toBe("page 1");
  expect(fields.get("cache-control")).toBe(ended);
});

it.each([
  { tookSeconds: 11, stated: allowing },
  { tookSeconds: 12, stated: ended },
])("an answer that took $tookSeconds s gets $stated", async ({ tookSeconds, stated }) => {
  const { site } = openJournalled({ config: { cacheInFront: true } });
  site.origin.script = () => {
    site.clock.advance(tookSeconds);
    return page("slow", cc(allowing));
  };
  expect((await site.get("/a")).fields.get("cache-control")).toBe(stated);
});

it("the cache in front does not store an unverified answer for its lifetime", async () => {
  const { site, upstash } = openJournalled({
    config: {
      cacheInFront: true,
      routes: [{ name: "open", match: "/a", whenUnreachable: "serve" }],
    },
    env: { COLO: "" },
    origin: () => page("page 1", cc(allowing)),
  });
  await site.get("/a");
  site.clock.advance(10);
  expect((await site.get("/a")).fields.get("cache-control")).toBe(allowing);
  site.clock.advance(10);
  upstash.journalMode = "down";
  const { cacheStatus, fields } = await site.get("/a");
  expect(cacheStatus).toContain("unverified");
  expect(fields.get("cache-control")).toBe(ended);
});
