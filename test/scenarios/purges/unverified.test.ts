// whenUnreachable: "serve" on a route: while the journal cannot be read, stored responses answer
// past the bound, and say so (docs/purge-protocol.md, rule 8). test/purge/view/judgement.test.ts has
// the cases of the exemption.
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

/** Opens a site with a stored page, past the bound and cut off from the journal. */
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
])("an exempt route answers, says so, and counts it: $id", async ({ control, ttl }) => {
  const { site } = await openCutOff("/open/a", control);
  const { text, cacheStatus } = await site.get("/open/a");
  const told = `tidemark; hit; ttl=${ttl}; detail=memory; unverified`;
  expect([text, cacheStatus]).toEqual(["page 1", told]);
  const stats = await site.get("/_cache/stats", { headers: bearer });
  expect(JSON.parse(stats.text)).toMatchObject({ unverifiedAnswers: 1 });
});

it("any other route asks its origin", async () => {
  const { site } = await openCutOff("/strict/a");
  expect((await site.get("/strict/a")).text).toBe("page 2");
});

it("a response that a known purge covers stays covered", async () => {
  const { site, upstash } = await openCutOff();
  upstash.journalMode = "works";
  await send(site, red);
  upstash.journalMode = "down";
  site.clock.advance(10);
  expect((await site.get("/open/a")).text).toBe("page 2");
});

it("a failure of an hour ago exempts nothing", async () => {
  const { site, upstash } = await openCutOff();
  await site.get("/open/a");
  upstash.journalMode = "works";
  const other = openJournalled({ upstash, clock: site.clock, env: { COLO: "FRA" } }).site;
  expect((await send(other, red)).status).toBe(200);
  site.clock.advance(3_600);
  expect((await site.get("/open/a")).text).toBe("page 2");
});

it("a journal that can be read again exempts nothing", async () => {
  const { site, upstash } = await openCutOff();
  await site.get("/open/a");
  upstash.journalMode = "works";
  site.clock.advance(40);
  await send(site, red);
  expect((await site.get("/open/a")).text).toBe("page 2");
});
