// Copies of the view on the way of a request through the application: whose they are, who can see
// them, and what they save.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite, until } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const origin = () => page("page", cc("max-age=600", { "cache-tag": "red" }));
const ofJournal = (address: string) => address.includes("/_cache/journal/");

describe("a copy of the view", () => {
  it("lies on the host of the request, and its claim beside it", async () => {
    const { site } = openJournalled({ origin });
    await site.get("https://a.example/a");
    const addresses = site.cache.addresses.filter(ofJournal);
    const hosts = addresses.map((address) => new URL(address).host);
    expect([hosts, addresses.length]).toEqual([["a.example", "a.example"], 2]);
  });

  it("lies there also where all hosts count as one, for it must not leave the colo", async () => {
    const { site } = openJournalled({ origin, env: { SITE_HOST: "www.example.com" } });
    await site.get("https://a.example/a");
    const hosts = site.cache.addresses.map((address) => new URL(address).host);
    expect([...new Set(hosts)]).toEqual(["a.example"]);
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])("is nothing that %s can reach", async (method) => {
    const { site } = openJournalled({ origin });
    await site.get("/a");
    const asked = site.origin.count;
    for (const address of site.cache.addresses.filter(ofJournal)) {
      const { status } = await site.get(address, { method });
      expect([status, site.origin.count]).toEqual([404, asked]);
    }
  });

  it("spares a cold isolate the journal, and brings it the purges", async () => {
    const first = openJournalled({ origin });
    const { site, upstash } = first;
    await site.get("/a");
    const before = upstash.journalReadCount;
    const { site: second } = openJournalled({ origin, upstash, clock: site.clock });
    // The same colo.
    second.cache.match = (address) => site.cache.match(address);
    expect((await second.get("/a")).cacheStatus).toContain("hit");
    expect(upstash.journalReadCount).toBe(before);
    await send(site, { tags: ["red"] });
    site.clock.advance(4.5);
    await site.ask("/other");
    await until(() => site.cache.journalPuts === 4);
    await idle();
    const read = upstash.journalReadCount;
    await second.get("/other");
    expect((await second.get("/a")).cacheStatus).not.toContain("hit");
    expect(upstash.journalReadCount).toBe(read);
  });

  it("is of one journal: who has another database reads its own", async () => {
    const { site } = openJournalled({ origin });
    await site.get("/a");
    const { site: other, upstash } = openJournalled({ origin, clock: site.clock });
    other.cache.match = (address) => site.cache.match(address);
    await other.get("/b");
    expect(upstash.journalReadCount).toBeGreaterThan(0);
  });

  it("costs a site without a journal nothing", async () => {
    const site = openSite({ origin });
    await site.get("/a");
    expect([site.cache.journalPuts, site.cache.journalMatches]).toEqual([0, 0]);
  });
});

describe("what is older than a cold view", () => {
  it("is validated once, and then sought for all", async () => {
    const { site, upstash } = openJournalled({ origin });
    for (const path of ["/a", "/b", "/c"]) await site.get(path);
    for (let at = 0; at < 1_300; at += 1) {
      upstash.journal.add(["*", "v", "1", "n", `${at}`, "tags", "[]", "prefixes", "[]"]);
    }
    const before = upstash.journalReadCount;
    const env = { COLO: "NRT" };
    const { site: far } = openJournalled({ origin, upstash, clock: site.clock, env });
    const statuses = [];
    for (const path of ["/a", "/b"]) statuses.push((await far.get(path)).cacheStatus);
    expect(statuses).toEqual([
      expect.stringContaining("fwd=stale"),
      expect.stringContaining("hit"),
    ]);
    // A cold view of eight pages, the renewal before the origin is asked, and three pages back.
    expect(upstash.journalReadCount - before).toBe(8 + 1 + 3);
  });
});
