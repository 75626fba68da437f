// Tests crowds whose forward is late, fails, or is purged before it ends. The origin gets only a
// few of their requests.
import { describe, expect, it } from "vitest";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  idle,
  openSite,
  read,
  type Seen,
  type Site,
  until,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  never,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { pause } from "../../../src/base/timeouts.ts";
import { pass, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const fresh = cc("max-age=60", { "cache-tag": "news" });

const after =
  (ms: number): Script =>
  async (_, nth) => {
    await pause(ms);
    return page(`page ${nth}`, fresh);
  };

const authorization = "Bearer admin-of-this-site";
const purge = { method: "POST", headers: { authorization }, body: '{"tags":["news"]}' };

const many = (site: Site, count: number): Promise<Seen>[] =>
  Array.from({ length: count }, () => site.ask("/a").then(read));

const crowd = (site: Site, count = 50): Promise<Seen[]> => Promise.all(many(site, count));

const statuses = async (asking: readonly Promise<Seen>[]) => [
  ...new Set((await Promise.all(asking)).map(({ status }) => status)),
];

describe("a crowd whose wait timeout ends", () => {
  it("sends one further request to the origin, not all", async () => {
    const site = openSite({ origin: after(12_000) });
    const asking: Promise<Seen>[] = [];
    for (let nth = 0; nth < 50; nth += 1) {
      asking.push(site.ask("/a").then(read));
      await pass(site.clock, 0.2);
    }
    await pass(site.clock, 20);
    await Promise.all(asking);
    // An anonymous request follows after a second, and another request after the first wait
    // timeout.
    expect(site.origin.count).toBe(3);
  });

  it("gets a page that takes almost as long as a longer originTimeout allows", async () => {
    const site = openSite({ config: { originTimeout: "60s" }, origin: after(55_000) });
    const asking = crowd(site);
    await pass(site.clock, 130);
    expect(new Set((await asking).map(({ status }) => status))).toEqual(new Set([200]));
    expect(site.origin.count).toBeLessThan(8);
  });

  it("gets 504 from fewer than eight requests if the origin hangs", async () => {
    const site = openSite({ origin: never });
    const asking = crowd(site);
    await pass(site.clock, 62);
    expect(new Set((await asking).map(({ status }) => status))).toEqual(new Set([504]));
    expect(site.origin.count).toBeLessThan(8);
  });

  it.each([
    { count: 8, apartSeconds: 0, alone: 2 },
    { count: 50, apartSeconds: 0, alone: 2 },
    { count: 50, apartSeconds: 0.1, alone: 1 },
  ])("gets a page that takes 25 s: $count requests, $apartSeconds s apart", async (row) => {
    const { count, apartSeconds, alone } = row;
    const site = openSite({ origin: after(25_000) });
    const seen: Seen[] = [];
    const half = () => many(site, count / 2).map(async (asked) => void seen.push(await asked));
    const asking = half();
    await pass(site.clock, apartSeconds);
    asking.push(...half());
    await pass(site.clock, 26);
    // New leaders wait for their own requests. The other requests get the answer of the first
    // flight.
    expect([seen.length, site.origin.count]).toEqual([count - alone, 4 + alone]);
    await pass(site.clock, 30);
    await Promise.all(asking);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it.each([
    { id: "purged meanwhile", fields: fresh, language: "de", given: /^[2-9] (?:de|null)$/ },
    {
      id: "another variant",
      fields: { ...fresh, vary: "accept-language" },
      language: "en",
      given: /^[2-9] de$/,
    },
  ])("does not get a late first answer that does not apply: $id", async (row) => {
    const { fields, language } = row;
    const { near: site, clock } = openPair({ env: { ADMIN_TOKEN: "admin-of-this-site" } });
    site.origin.script = async (request, nth) => {
      await pause(nth === 1 ? 14_000 : 8_000);
      return page(`${nth} ${request.headers.get("accept-language")}`, fields);
    };
    const asks = (by: string) => site.ask("/a", { headers: { "accept-language": by } }).then(read);
    const leading = asks(language);
    await until(() => site.origin.count === 1);
    const asking = Array.from({ length: 50 }, () => asks("de"));
    await pass(clock, 12);
    if (row.id === "purged meanwhile") await site.ask("/_cache/purge", purge);
    await pass(clock, 40);
    const texts = new Set((await Promise.all(asking)).map(({ text }) => text));
    await leading;
    expect(site.origin.count).toBeLessThanOrEqual(6);
    expect([...texts].filter((text) => !row.given.test(text))).toEqual([]);
  });

  it("gets 503 early if the origin has an open breaker meanwhile", async () => {
    const site = openSite({ origin: never });
    const asking = crowd(site, 5);
    await pass(site.clock, 6);
    site.origin.script = unreachable;
    for (let nth = 0; nth < 5; nth += 1) await site.ask(`/broken/${nth}`).then(read);
    site.origin.script = never;
    await pass(site.clock, 5);
    const waiting = Promise.race([asking, Promise.resolve("waiting")]);
    const asked = site.origin.count;
    // Only the leader still waits, for its own request.
    expect(await waiting).toBe("waiting");
    await pass(site.clock, 25);
    const seen = (await asking).map(({ status }) => status);
    expect(seen.toSorted((a, b) => a - b)).toEqual([503, 503, 503, 503, 504]);
    expect(site.origin.count - asked).toBeLessThan(8);
  });
});

describe("a failed request of one colo", () => {
  it.each([
    { id: "one request", seconds: 31, count: 1 },
    { id: "three requests", seconds: 60, count: 3 },
  ])("gets the page that another colo has stored meanwhile: $id", async ({ seconds, count }) => {
    const colos = new TwoColos({}, never);
    const asking = many(colos.near, count);
    await colos.pass(5);
    colos.far.origin.script = () => page("page", fresh);
    expect(await (await colos.far.ask("/a")).text()).toBe("page");
    await colos.pass(seconds);
    const seen = await Promise.all(asking);
    expect(seen.map(({ status, text }) => `${status} ${text}`)).toEqual(
      Array.from({ length: count }, () => "200 page"),
    );
  });
});

describe("a crowd whose forward fails", () => {
  it.each([1, 50])(
    "costs at most one lookup in Redis if the forward fails at once: %i requests",
    async (count) => {
      const gate = closedGate();
      const origin = async () => {
        await gate.opened;
        return unreachable();
      };
      const { near: site, clock, looks } = openPair({ origin });
      const asking = many(site, count);
      for (let turn = 0; turn < 30; turn += 1) await idle();
      const before = looks();
      gate.open();
      await pass(clock, 1);
      expect(await statuses(asking)).toEqual([502]);
      // The anonymous request reads Redis once.
      expect(looks() - before).toBeLessThanOrEqual(1);
    },
  );

  it("costs at most three lookups in Redis if the forward fails late", async () => {
    const {
      near: site,
      clock,
      looks,
    } = openPair({
      config: { originTimeout: "9s" },
      origin: never,
    });
    await site.meetOrigin();
    const asking = many(site, 20);
    await pass(clock, 1);
    const before = looks();
    await pass(clock, 12);
    expect(await statuses(asking)).toEqual([504]);
    expect(looks() - before).toBeLessThanOrEqual(3);
  });
});

describe("a waiting crowd", () => {
  it("sends one further request for all other clients if a purge covers the page", async () => {
    const gate = closedGate();
    const { near: site } = openPair({ env: { ADMIN_TOKEN: "admin-of-this-site" } });
    site.origin.script = async (_, nth) => {
      if (nth === 1) await gate.opened;
      return page(`page ${nth}`, fresh);
    };
    const asking = crowd(site);
    for (let turn = 0; turn < 30; turn += 1) await idle();
    expect((await site.ask("/_cache/purge", purge)).status).toBe(200);
    await idle();
    gate.open();
    const texts = (await asking).map(({ text }) => text);
    expect([site.origin.count, texts.filter((text) => text === "page 1")]).toEqual([2, ["page 1"]]);
  });

  it.each([
    { maxLagSeconds: 10, seconds: 9.4 },
    { maxLagSeconds: 3, seconds: 2.5 },
  ])(
    "sends no request to the origin because its purge view grows old (N = $maxLagSeconds s)",
    async (row) => {
      const { maxLagSeconds, seconds } = row;
      const config = { purge: { maxLagSeconds } };
      const { near: site, clock } = openPair({ config, origin: after(seconds * 1_000) });
      const asking = crowd(site);
      for (let turn = 0; turn < 30; turn += 1) await idle();
      await pass(clock, seconds + 1);
      await asking;
      // The leader's request, and an anonymous request after a second.
      expect(site.origin.count).toBe(2);
    },
  );
});
