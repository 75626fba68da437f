// Which variants of a page keep their places when anybody can make up values of the field that selects:
// the most requested of the last minute.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const real = ["de", "fr", "en"];
/** As many as a page may have here. */
const madeUp = Array.from({ length: 20 }, (_, at) => `made-up-${at}`);
const speaking = (language: string) => ({ headers: { "accept-language": language } });

/** As fresh as long as the attack that this is about could keep others out. */
const lasting = cc("max-age=86400", { vary: "Accept-Language", etag: '"1"' });

function open(count: number, options: SiteOptions = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const env = { ADMIN_TOKEN: adminToken };
  const origin = ({ headers }: Request) => page(`${headers.get("accept-language")}`, lasting);
  const config = { limits: { variants: madeUp.length } };
  const sites = openColos(count, { clock, upstash, origin, env, config, ...options }) as [
    Site,
    Site,
    Site,
  ];
  return { clock, upstash, sites };
}

async function flood(site: Site, times: number, perSecond = Infinity): Promise<void> {
  for (let nth = 0; nth < times; nth += 1) {
    for (const language of madeUp) {
      await site.get("/a", speaking(language));
      site.clock.advance(1 / perSecond);
    }
  }
}

/** Asks for each real language every so many seconds, and tells after how long all of them are hits. */
async function secondsUntilHits(site: Site, everySeconds: number): Promise<number> {
  for (let seconds = 0; seconds < 300; seconds += everySeconds) {
    const seen = [];
    for (const language of real) seen.push(await site.get("/a", speaking(language)));
    if (seen.every(({ cacheStatus }) => cacheStatus.includes("; hit"))) return seconds;
    site.clock.advance(everySeconds);
  }
  return Infinity;
}

describe("a new page whose places made-up values have taken", () => {
  it.each([
    [1, 20],
    [2, 20],
    [20, 2],
    [20, 15],
  ])(
    "caches the real ones within a minute: made up %i times, real every %i s",
    async (times, everySeconds) => {
      const { sites } = open(1);
      await flood(sites[0], times);
      // The first request behind the one that stores it.
      const withinSeconds = 60 + everySeconds;
      expect(await secondsUntilHits(sites[0], everySeconds)).toBeLessThanOrEqual(withinSeconds);
    },
  );

  it("caches the real ones in another colo, which has read the list in Redis", async () => {
    const { sites } = open(2);
    const [near, far] = sites;
    await flood(near, 2);
    await far.get("/a", speaking(madeUp[0]!));
    expect(await secondsUntilHits(far, 1)).toBe(2);
  });

  it("caches the real ones in another isolate of the colo, and shares them by Redis", async () => {
    const { sites } = open(3);
    const [first, second, elsewhere] = sites;
    Object.assign(second, { cache: first.cache });
    await flood(first, 2);
    expect(await secondsUntilHits(second, 1)).toBe(2);
    for (const language of real) {
      const { cacheStatus } = await elsewhere.get("/a", speaking(language));
      expect(cacheStatus).toContain("detail=shared");
    }
  });

  it.each([
    { everything: true },
    { urls: ["https://www.example.com/a"] },
    { everything: true, mode: "soft" },
  ])("stores the first request for each real one after a purge: %j", async (order) => {
    const { clock, sites } = open(2);
    const [near, far] = sites;
    await flood(near, 2);
    await far.get("/a", speaking(madeUp[0]!));
    clock.advance(1);
    expect((await send(near, order)).status).toBe(200);
    clock.advance(12);
    for (const site of [near, far]) {
      expect(await secondsUntilHits(site, 1)).toBeLessThanOrEqual(1);
    }
  });

  it("leaves the places as they are after a purge of something else", async () => {
    const { clock, sites } = open(1);
    await flood(sites[0], 2);
    clock.advance(1);
    const other = { urls: ["https://www.example.com/b"] };
    expect((await send(sites[0], other)).status).toBe(200);
    expect((await sites[0].get("/a", speaking("de"))).cacheStatus).toContain("too-many-variants");
  });
});

describe("real variants that are stored keep their places", () => {
  it("from values that come once, however many", async () => {
    const { sites } = open(2);
    const [near, far] = sites;
    for (const language of real) await near.get("/a", speaking(language));
    for (let nth = 0; nth < 150; nth += 1) await near.get("/a", speaking(`once-${nth}`));
    expect(await secondsUntilHits(near, 1)).toBe(0);
    // In Redis too, which a displaced variant is taken out of.
    expect(await secondsUntilHits(far, 1)).toBe(0);
  });

  it("from values that come twenty times each, while they are requested more often", async () => {
    const { clock, upstash, sites } = open(1);
    const isHit = async (language: string) =>
      (await sites[0].get("/a", speaking(language))).cacheStatus.includes("; hit");
    for (const language of real) await isHit(language);
    let [hits, asks] = [0, 0];
    for (let second = 0; second < 20; second += 1) {
      for (const [at, language] of madeUp.entries()) {
        await sites[0].get("/a", speaking(language));
        clock.advance(1 / madeUp.length);
        if (at % 10 !== 0) continue;
        asks += 1;
        if (await isHit(real[asks % real.length]!)) hits += 1;
      }
    }
    expect([hits, asks]).toEqual([40, 40]);
    expect(upstash.keys.length).toBeLessThanOrEqual(1 + madeUp.length + 3);
  }, 60_000);
});

it("a displaced variant is gone from Redis, so that a page has no more there than it may have", async () => {
  const { clock, upstash, sites } = open(1, { config: { limits: { variants: 3 } } });
  for (let nth = 0; nth < 50; nth += 1) {
    for (let again = 0; again <= nth % 7; again += 1) {
      await sites[0].get("/a", speaking(`language-${nth}`));
    }
    clock.advance(20);
  }
  await sites[0].settle();
  expect(upstash.keys.length).toBeLessThanOrEqual(1 + 3);
});

it("a displaced variant does not come back by being validated", async () => {
  const { clock, sites } = open(1, {
    config: { limits: { variants: 1 } },
    origin: ({ headers }) =>
      headers.has("if-none-match")
        ? unchanged({ etag: '"1"' })
        : page(
            `${headers.get("accept-language")}`,
            cc("max-age=10", { vary: "accept-language", etag: '"1"' }),
          ),
  });
  await sites[0].get("/a", speaking("made-up"));
  for (let nth = 0; nth < 4; nth += 1) await sites[0].get("/a", speaking("de"));
  clock.advance(11);
  await sites[0].get("/a", speaking("made-up"));
  await sites[0].get("/a", speaking("de"));
  expect((await sites[0].get("/a", speaking("de"))).cacheStatus).toContain("; hit");
  expect((await sites[0].get("/a", speaking("made-up"))).cacheStatus).not.toContain("stored");
});
