// Tests a site that moves its journal from Redis to a Durable Object, and back, by deployments that
// overlap.
import { beforeEach, describe, expect, it } from "vitest";
import {
  type DurableObjectJournal,
  durableObjectJournal,
} from "../../../src/stores/durable-object/durable-object-journal.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import {
  adminToken,
  bearer,
  secret,
  send,
  signedHeaders,
} from "../../../testing/site/purge-sender.ts";

type Move = NonNullable<DurableObjectJournal["move"]>;

const inRedis = undefined;
const readRedis = () => durableObjectJournal({ move: "read-redis" });
const readObject = () => durableObjectJournal({ move: "read-object" });
const inObject = () => durableObjectJournal();

let clock: FakeClock;
let upstash: FakeUpstash;
let object: FakeObject;
let cache: FakeCache;
let version: number;

beforeEach(() => {
  clock = new FakeClock();
  upstash = new FakeUpstash(clock);
  object = new FakeObject();
  cache = new FakeCache(clock);
  version = 1;
});

/** Opens an isolate of a deployment. All isolates share the colo's cache and Redis. */
const deployed = (journal: typeof inRedis | (() => ReturnType<typeof durableObjectJournal>)) =>
  openSite({
    clock,
    cache,
    upstash,
    ...(journal && { journal: journal() }),
    env: { ADMIN_TOKEN: adminToken, PURGE_SECRET: secret, JOURNAL: object.namespace },
    origin: () => page(`version ${version}`, cc("max-age=3600", { "cache-tag": "red" })),
  });

const ordered = (site: Site, path: string, order: object) =>
  site.get(path, {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json" },
    body: JSON.stringify(order),
  });

/** Publishes a new version, and purges the old one. */
async function publish(site: Site): Promise<number> {
  version += 1;
  return (await ordered(site, "/_cache/purge", { tags: ["red"] })).status;
}

const textAt = async (site: Site) => (await site.get("/a")).text;

describe("a journal that moves", () => {
  it.each([
    { from: inRedis, to: readRedis, name: "Redis alone to both, reading Redis" },
    { from: readRedis, to: readObject, name: "reading Redis to reading the object" },
    { from: readObject, to: inObject, name: "both, reading the object, to the object alone" },
    { from: inObject, to: readObject, name: "the object alone to both, reading the object" },
    { from: readObject, to: readRedis, name: "reading the object to reading Redis" },
    { from: readRedis, to: inRedis, name: "both, reading Redis, to Redis alone" },
  ])("shows every purge of either deployment to both within N: $name", async ({ from, to }) => {
    const [before, after] = [deployed(from), deployed(to)];
    for (const sender of [before, after, before]) {
      for (const site of [before, after]) expect(await textAt(site)).toBe(`version ${version}`);
      expect(await publish(sender)).toBe(200);
      clock.advance(10);
      for (const site of [before, after]) expect(await textAt(site)).toBe(`version ${version}`);
    }
  });

  it("requests each page at most once more, in all deployments together", async () => {
    const sites = [inRedis, readRedis, readObject, inObject].map(
      (journal) => () => deployed(journal),
    );
    let forwarded = 0;
    for (const open of sites) {
      const site = open();
      for (let at = 0; at < 5; at += 1) {
        await textAt(site);
        clock.advance(60);
      }
      forwarded += site.origin.count;
    }
    expect(forwarded).toBe(2);
  });

  it("accepts no purge while one of the two stores is down, and names it", async () => {
    const site = deployed(readObject);
    await textAt(site);
    upstash.mode = "down";
    const refused = await ordered(site, "/_cache/purge", { tags: ["red"] });
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining("database")]);
    upstash.mode = "works";
    object.isDown = true;
    const again = await ordered(site, "/_cache/purge", { tags: ["red"] });
    expect([again.status, again.text]).toEqual([503, expect.stringContaining("Durable Object")]);
  });

  it("writes a webhook again if its first attempt reached only the store that is read", async () => {
    const [site, other] = [deployed(readRedis), deployed(readObject)];
    for (const each of [site, other]) expect(await textAt(each)).toBe("version 1");
    version = 2;
    const body = JSON.stringify({ tags: ["red"] });
    const sent = async () => (await send(site, body, signedHeaders(body))).status;
    object.isDown = true;
    expect(await sent()).toBe(503);
    object.isDown = false;
    clock.advance(5);
    await textAt(site);
    expect(await sent()).toBe(200);
    clock.advance(10);
    expect(await textAt(other)).toBe("version 2");
  });

  it("keeps the switch through all deployments, also in a colo with a copy of the view", async () => {
    const used = async (journal: Parameters<typeof deployed>[0]) => {
      const site = deployed(journal);
      if (journal === inRedis) await ordered(site, "/_cache/switch", { bypass: true });
      for (let asked = 0; asked < 50; asked += 1) {
        await textAt(site);
        await site.settle();
        clock.advance(3);
      }
      return (await site.get("/a")).cacheStatus;
    };
    for (const journal of [inRedis, readRedis, readObject, inObject]) {
      expect(await used(journal)).toContain("bypass");
    }
  });
});

describe("half a move", () => {
  it.each<{ move: Move; hasRedis: boolean; says: string }>([
    { move: "read-redis", hasRedis: false, says: "there is no usable Redis database" },
    { move: "redis" as Move, hasRedis: true, says: "durableObjectJournal has move: " },
  ])("refuses purges and says why: $says", async ({ move, hasRedis, says }) => {
    const site = openSite({
      clock,
      ...(hasRedis && { upstash }),
      journal: durableObjectJournal({ move }),
      env: { ADMIN_TOKEN: adminToken, JOURNAL: object.namespace },
    });
    const refused = await ordered(site, "/_cache/purge", { tags: ["red"] });
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining(says)]);
  });

  it("warns that a journal's database has no effect beside a journal in code", () => {
    const env = {
      JOURNAL: object.namespace,
      JOURNAL_REDIS_REST_URL: "https://journal.example.com",
      JOURNAL_REDIS_REST_TOKEN: "token",
    };
    const faultsOf = (move?: Move) => {
      const journal = durableObjectJournal(move && { move });
      return openSite({ clock, upstash, env, journal }).log.join("\n");
    };
    expect(faultsOf()).toContain("JOURNAL_REDIS_REST_URL has no effect.");
    expect(faultsOf("read-redis")).not.toContain("JOURNAL_REDIS_REST_URL has no effect.");
  });
});
