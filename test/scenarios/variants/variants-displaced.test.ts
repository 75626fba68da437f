// Tests which variants of a page stay stored if clients can invent values of the selecting field:
// the most requested variants of the last minute.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const real = ["de", "fr", "en"];
/** The invented values, as many as the maximum number of variants. */
const madeUp = Array.from({ length: 20 }, (_, at) => `made-up-${at}`);
const speaking = (language: string) => ({ headers: { "accept-language": language } });

/** Fields with a long lifetime, so that invented variants do not expire during a test. */
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

/** Requests the real languages at this interval, and returns the seconds until all are hits. */
async function secondsUntilHits(site: Site, everySeconds: number): Promise<number> {
  for (let seconds = 0; seconds < 300; seconds += everySeconds) {
    const seen = [];
    for (const language of real) seen.push(await site.get("/a", speaking(language)));
    if (seen.every(({ cacheStatus }) => cacheStatus.includes("; hit"))) return seconds;
    site.clock.advance(everySeconds);
  }
  return Infinity;
}

describe("a new page with only invented variants", () => {
  it.each([
    [1, 20],
    [2, 20],
    [20, 2],
    [20, 15],
  ])(
    "stores the real variants within a minute: invented %i times, real every %i s",
    async (times, everySeconds) => {
      const { sites } = open(1);
      await flood(sites[0], times);
      // The bound includes the first request after the request that stores the variant.
      const withinSeconds = 60 + everySeconds;
      expect(await secondsUntilHits(sites[0], everySeconds)).toBeLessThanOrEqual(withinSeconds);
    },
  );

  it("stores the real variants in another colo, which has read the marker in Redis", async () => {
    const { sites } = open(2);
    const [near, far] = sites;
    await flood(near, 2);
    await far.get("/a", speaking(madeUp[0]!));
    expect(await secondsUntilHits(far, 1)).toBe(2);
  });

  it("stores the real variants in another isolate of the colo, and in Redis", async () => {
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
  ])("stores each real variant at its first request after a purge: %j", async (order) => {
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

  it("keeps its variants after a purge of another page", async () => {
    const { clock, sites } = open(1);
    await flood(sites[0], 2);
    clock.advance(1);
    const other = { urls: ["https://www.example.com/b"] };
    expect((await send(sites[0], other)).status).toBe(200);
    expect((await sites[0].get("/a", speaking("de"))).cacheStatus).toContain("too-many-variants");
  });
});

describe("the real variants of a page", () => {
  it("stay stored during single requests for 150 invented values", async () => {
    const { sites } = open(2);
    const [near, far] = sites;
    for (const language of real) await near.get("/a", speaking(language));
    for (let nth = 0; nth < 150; nth += 1) await near.get("/a", speaking(`once-${nth}`));
    expect(await secondsUntilHits(near, 1)).toBe(0);
    // Redis also still has the variants, because only displaced variants are removed.
    expect(await secondsUntilHits(far, 1)).toBe(0);
  });

  it("stay stored if they are requested more often than each of 20 invented values", async () => {
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

it("a displaced variant is removed from Redis, which has at most three variants", async () => {
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

it("a displaced variant is not stored again by a validation", async () => {
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
