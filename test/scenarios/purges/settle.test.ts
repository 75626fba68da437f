// Tests purge.settleSeconds. It limits the lifetime of a response that is fetched right after a
// purge that covers it, because replicas of the origin may still send the purged content.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { purgeOthers } from "../../../testing/site/purges-of-others.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=600", { "cache-tag": "red", etag: '"1"' });
const settling = {
  purge: { settleSeconds: 5 },
  routes: [{ name: "slow", match: "/slow", purge: { settleSeconds: 60 } }],
};
const red = { tags: ["red"] };

const open = (config = settling) =>
  openJournalled({ config, origin: (_, nth) => page(`page ${nth}`, fields) }).site;

it.each([
  { id: "at-once", afterSeconds: 0, ttl: 5 },
  { id: "at-the-end-of-settleSeconds", afterSeconds: 5, ttl: 5 },
  { id: "later", afterSeconds: 6, ttl: 600 },
  { id: "on-a-route-with-its-own-settleSeconds", path: "/slow", afterSeconds: 59, ttl: 60 },
  { id: "after-a-purge-of-another-tag", order: { tags: ["blue"] }, afterSeconds: 0, ttl: 600 },
  { id: "after-a-soft-purge", order: { ...red, mode: "soft" }, afterSeconds: 0, ttl: 5 },
  { id: "after-a-purge-by-prefix", order: { prefixes: ["/"] }, afterSeconds: 0, ttl: 5 },
])(
  "settleSeconds limits the lifetime after a purge that covers the page: $id",
  async ({ path = "/a", order = red, afterSeconds, ttl }) => {
    const site = open();
    await send(site, order);
    site.clock.advance(afterSeconds);
    for (const _ of ["unknown stamp", "stored"]) await site.get(path);
    expect((await site.get(path)).cacheStatus).toContain(`; hit; ttl=${ttl};`);
  },
);

it("a response after a purge keeps its lifetime without settleSeconds", async () => {
  const site = open({} as typeof settling);
  await send(site, red);
  await site.get("/a");
  expect((await site.get("/a")).cacheStatus).toContain("ttl=600");
});

it("a validator does not show that a response of a replica is current", async () => {
  const site = open();
  const old = await site.get("/a");
  site.clock.advance(30);
  await send(site, red);
  site.origin.script = () => page("page 1", fields);
  await site.get("/a");
  site.clock.advance(6);
  site.origin.script = ({ headers }) =>
    headers.has("if-none-match") ? unchanged(fields) : page("page 2", fields);
  const conditions = { "if-none-match": old.fields.get("etag") ?? "" };
  for (const ttl of ["stored", "ttl=600"]) {
    const seen = await site.get("/a", { headers: conditions });
    expect([seen.text, seen.cacheStatus]).toEqual(["page 2", expect.stringContaining(ttl)]);
  }
});

it.each([
  { id: "without tags", told: { etag: '"1"' }, ttl: 600 },
  { id: "with another tag", told: { etag: '"1"', "cache-tag": "blue" }, ttl: 5 },
])("settleSeconds uses the merged tags of a response after a 304 $id", async ({ told, ttl }) => {
  const site = open();
  // The first entry of an empty journal covers everything.
  await send(site, { tags: ["green"] });
  site.clock.advance(30);
  for (const _ of ["unknown stamp", "stored"]) await site.get("/a");
  site.clock.advance(600);
  await send(site, { tags: ["blue"] });
  site.origin.script = () => unchanged(told);
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  expect((await site.get("/a")).cacheStatus).toContain(`ttl=${ttl};`);
});

it.each([
  { id: "its own purge", elsewhere: false },
  { id: "another isolate's purge", elsewhere: true },
])("settleSeconds limits the lifetime also if the journal's clock is behind: $id", async (row) => {
  const ofJournal = new FakeClock();
  const upstash = new FakeUpstash(ofJournal);
  const clock = new FakeClock();
  clock.advance(60);
  const script = (_: unknown, nth: number) => page(`page ${nth}`, fields);
  const given = { config: settling, clock, upstash, origin: script };
  const [{ site }, other] = [openJournalled(given), openJournalled(given)];
  const pass = (seconds: number) => [ofJournal, clock].forEach((one) => one.advance(seconds));
  await site.get("/a");
  pass(20);
  await send(row.elsewhere ? other.site : site, red);
  pass(1);
  // The renewed view gets the purge.
  if (row.elsewhere) await site.get("/b");
  await site.get("/a");
  expect((await site.get("/a")).cacheStatus).toContain("; hit; ttl=5;");
});

/** Opens isolates that share the tiers and the journal. */
function openIsolates() {
  const clock = new FakeClock();
  const world = { clock, upstash: new UnsteadyUpstash(clock) };
  const origin = (_: unknown, nth: number) => page(`page ${nth}`, fields);
  const isolate = () => openJournalled({ config: settling, ...world, origin }).site;
  return { ...world, isolate };
}

it("settleSeconds limits the lifetime also if the view of a new isolate lacks the purge", async () => {
  const { isolate, ...world } = openIsolates();
  await send(isolate(), red);
  await purgeOthers(world, 1_200);
  world.clock.advance(11);
  const site = isolate();
  for (const _ of ["begins the view", "is stored"]) await site.get("/slow");
  expect((await site.get("/slow")).cacheStatus).toContain("; hit; ttl=60;");
});

it.each([
  { told: "by settleSeconds", age: {} },
  { told: "by Age", age: { age: "30" } },
])(
  "a new isolate reads purges of others back to tell that none covers a page $told",
  async (row) => {
    const { isolate, ...world } = openIsolates();
    await isolate().get("/other");
    world.clock.advance(100);
    await purgeOthers(world, 200);
    world.clock.advance(11);
    const site = isolate();
    site.origin.script = () => page("page", { ...fields, ...row.age });
    await site.get("/slow");
    expect((await site.get("/slow")).cacheStatus).toMatch(/; hit; ttl=(?:600|570);/);
  },
);

it("a response from long after a purge is validated in a view that lacks older purges", async () => {
  const { isolate, ...world } = openIsolates();
  const site = isolate();
  // The first entry of an empty journal covers everything.
  await send(site, { tags: ["green"] });
  world.clock.advance(61);
  for (const _ of ["begins the view", "is stored"]) await site.get("/slow");
  world.clock.advance(601);
  await purgeOthers(world, 1_200);
  const other = isolate();
  await other.get("/b");
  other.origin.script = () => unchanged({});
  expect((await other.get("/slow")).cacheStatus).toContain("fwd-status=304");
});
