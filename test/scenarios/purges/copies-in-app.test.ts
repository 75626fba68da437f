// Tests copies of the purge view in the colo's Cache API: the host of their addresses, that no
// client can reach them, and the journal reads that they save. test/purge/view/view-copies.test.ts
// tests their format.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite, until } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { numberedAfter } from "../../../src/stores/redis/journal/joined-appends.ts";
import { nOf } from "../../../testing/fakes/journal-scripts-model.ts";

const origin = () => page("page", cc("max-age=600", { "cache-tag": "red" }));
const ofJournal = (address: string) => address.includes("/_cache/journal/");

it.each([{}, { SITE_HOST: "www.example.com" }])(
  "a copy and its claim have addresses on the host of the request: %j",
  async (env) => {
    const { site } = openJournalled({ origin, env });
    await site.get("https://a.example/a");
    const addresses = site.cache.addresses.filter(ofJournal);
    expect(addresses.map((address) => new URL(address).host)).toEqual(["a.example", "a.example"]);
  },
);

it.each(["GET", "HEAD", "PUT", "DELETE"])("a %s cannot reach a copy", async (method) => {
  const { site } = openJournalled({ origin });
  await site.get("/a");
  const asked = site.origin.count;
  for (const address of site.cache.addresses.filter(ofJournal)) {
    const { status } = await site.get(address, { method });
    expect([status, site.origin.count]).toEqual([404, asked]);
  }
});

it("a new isolate reads a copy with the purges instead of the journal", async () => {
  const { site, upstash } = openJournalled({ origin });
  const { clock, cache } = site;
  await site.get("/a");
  const before = upstash.journalReadCount;
  const { site: second } = openJournalled({ origin, upstash, clock });
  // The same colo.
  second.cache.match = (address) => cache.match(address);
  expect((await second.get("/a")).cacheStatus).toContain("hit");
  expect(upstash.journalReadCount).toBe(before);
  await send(site, { tags: ["red"] });
  clock.advance(4.5);
  await site.ask("/other");
  await until(() => cache.journalPuts === 4);
  await idle();
  const read = upstash.journalReadCount;
  await second.get("/other");
  expect((await second.get("/a")).cacheStatus).not.toContain("hit");
  expect(upstash.journalReadCount).toBe(read);
});

it("a site without a journal neither writes nor reads copies", async () => {
  const site = openSite({ origin });
  await site.get("/a");
  expect([site.cache.journalPuts, site.cache.journalMatches]).toEqual([0, 0]);
});

it("responses older than a new view are hits, by epochs", async () => {
  const { site, upstash } = openJournalled({ origin });
  for (const path of ["/a", "/b"]) await site.get(path);
  const [[, fields] = ["", []]] = upstash.journal.reversed(["+", "-", "COUNT", "1"]);
  let n = nOf(fields);
  for (let at = 0; at < 1_300; at += 1) {
    n = numberedAfter(n, [`${at}`]);
    upstash.journal.add(["*", "v", "1", "n", n, "tags", "[]", "prefixes", "[]"]);
  }
  const before = upstash.journalReadCount;
  const env = { COLO: "NRT" };
  const { site: far } = openJournalled({ origin, upstash, clock: site.clock, env });
  expect((await far.get("/a")).cacheStatus).toContain("hit");
  expect((await far.get("/b")).cacheStatus).toContain("hit");
  expect(upstash.journalReadCount - before).toBe(1);
});
