// Tests `whenUnreachable: "serve"` on a route. While the journal cannot be read, stored responses
// answer after N − A and are marked as unverified (docs/internals/purge-protocol.md, rule 8).
// test/purge/view/judgement.test.ts tests the cases of this exemption.
import { expect, it } from "vitest";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const config = {
  routes: [
    { name: "open", match: "/open/*", whenUnreachable: "serve" as const },
    { name: "strict", match: "/strict/*" },
  ],
};
const red = { tags: ["red"] };

/** Opens a site with a stored page and a view older than N − A, and takes the journal down. */
async function openCutOff(path = "/open/a", cacheControl = "max-age=86400") {
  const { site, upstash } = openJournalled({
    config,
    env: { COLO: "" },
    origin: (_, nth) => page(`page ${nth}`, cc(cacheControl, { "cache-tag": "red" })),
  });
  await site.get(path);
  site.clock.advance(10);
  upstash.journalMode = "down";
  return { site, upstash };
}

it.each([
  { id: "fresh", control: "max-age=600", ttl: 590 },
  { id: "stale", control: "max-age=5, stale-while-revalidate=60", ttl: -5 },
])("whenUnreachable allows a counted unverified answer: $id", async ({ control, ttl }) => {
  const { site } = await openCutOff("/open/a", control);
  const { text, cacheStatus } = await site.get("/open/a");
  const told = `tidemark; hit; ttl=${ttl}; detail=memory; unverified`;
  expect([text, cacheStatus]).toEqual(["page 1", told]);
  const stats = await site.get("/_cache/stats", { headers: bearer });
  expect(JSON.parse(stats.text)).toMatchObject({ unverifiedAnswers: 1 });
});

it("a route without whenUnreachable requests the page from its origin", async () => {
  const { site } = await openCutOff("/strict/a");
  expect((await site.get("/strict/a")).text).toBe("page 2");
});

it("a response that a known purge covers does not answer while the journal is down", async () => {
  const { site, upstash } = await openCutOff();
  upstash.journalMode = "works";
  await send(site, red);
  upstash.journalMode = "down";
  site.clock.advance(10);
  expect((await site.get("/open/a")).text).toBe("page 2");
});

it("a response does not answer because of a journal failure an hour ago", async () => {
  const { site, upstash } = await openCutOff();
  await site.get("/open/a");
  upstash.journalMode = "works";
  const other = openJournalled({ upstash, clock: site.clock, env: { COLO: "FRA" } }).site;
  expect((await send(other, red)).status).toBe(200);
  site.clock.advance(3_600);
  expect((await site.get("/open/a")).text).toBe("page 2");
});

it("a response does not answer after a purge once the journal is readable again", async () => {
  const { site, upstash } = await openCutOff();
  await site.get("/open/a");
  upstash.journalMode = "works";
  site.clock.advance(40);
  await send(site, red);
  expect((await site.get("/open/a")).text).toBe("page 2");
});
