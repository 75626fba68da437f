// Tests a Cache API that throws, loses everything, or never answers. Memory and Redis still answer.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { idle, openColos, type Site } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { adminToken, bearer } from "../../testing/site/purge-sender.ts";
import { pageOf } from "./load.ts";

const paths = Array.from({ length: 12 }, (_, at) => `/page/${at}`);

const textOf = (path: string) => (path === "/large" ? largeText : pageOf(path));
const largeText = "large ".repeat(60_000);

function openTwo(config: ConfigInput = {}): [Site, Site] {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const origin = (request: Request) =>
    page(textOf(new URL(request.url).pathname), cc("max-age=600"));
  const env = { ADMIN_TOKEN: adminToken };
  const [first, second] = openColos(2, { clock, upstash, origin, env, config });
  return [first!, second!];
}

async function asked(site: Site): Promise<string[]> {
  const seen = await Promise.all(paths.map((path) => site.get(path)));
  expect(seen.map(({ status, text }) => [status, text])).toEqual(
    paths.map((path) => [200, pageOf(path)]),
  );
  return seen.map(({ cacheStatus }) => cacheStatus);
}

describe.each(["throws", "forgets"] as const)("a Cache API that %s", (mode) => {
  it("makes no request fail: memory answers, and another isolate reads Redis", async () => {
    const [first, second] = openTwo();
    for (const site of [first, second]) site.cache.mode = mode;
    await asked(first);
    for (const status of await asked(first)) expect(status).toMatch(/hit.*detail=memory/);
    for (const status of await asked(second)) expect(status).toMatch(/hit.*detail=shared/);
    expect(first.origin.count).toBe(paths.length);
    expect([...first.log, ...second.log]).toEqual([]);
  });

  it("makes memory store a large page that an isolate reads from Redis twice", async () => {
    const [first, second] = openTwo();
    for (const site of [first, second]) site.cache.mode = mode;
    await first.get("/large");
    await idle();
    for (const tier of ["shared", "shared", "memory"]) {
      const { text, cacheStatus } = await second.get("/large");
      expect(text).toBe(largeText);
      expect(cacheStatus).toMatch(new RegExp(`hit.*detail=${tier}`));
    }
  });

  it("does not affect hits in memory, and is used again once it works", async () => {
    const [site] = openTwo();
    await asked(site);
    site.cache.mode = mode;
    for (const status of await asked(site)) expect(status).toContain("detail=memory");
    site.cache.mode = "works";
    const { puts } = site.cache;
    expect((await site.get("/page/new")).text).toBe(pageOf("/page/new"));
    expect(site.cache.puts).toBe(puts + 1);
  });
});

describe("a Cache API that never answers", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  /** Returns how long a request took. Time passes only if nothing else is left to do. */
  async function tookMs(site: Site, path: string): Promise<number> {
    const progress = { isDone: false };
    const got = (async () => {
      const response = await site.ask(path);
      expect([response.status, await response.text()]).toEqual([200, pageOf(path)]);
      progress.isDone = true;
    })();
    await idle();
    let ms = 0;
    for (; !progress.isDone && ms < 10_000; ms += 100) {
      site.clock.advance(0.1);
      await vi.advanceTimersByTimeAsync(100);
      await idle();
    }
    await got;
    return ms;
  }

  async function tookAll(site: Site, count: number, name: string): Promise<number[]> {
    const took: number[] = [];
    for (let at = 0; at < count; at += 1) took.push(await tookMs(site, `/${name}/${at}`));
    return took;
  }

  it("delays three misses by about a second, and no later requests", async () => {
    const [site] = openTwo();
    site.cache.mode = "silent";
    const took = await tookAll(site, 6, "page");
    // The first request also waits for the colo's copy of the purge view.
    const [first = 0, ...others] = took;
    expect(first).toBeLessThanOrEqual(1_300);
    expect(Math.max(...others)).toBeLessThanOrEqual(1_000);
    expect(took.slice(3)).toEqual([0, 0, 0]);
    expect(await tookMs(site, "/page/0")).toBe(0);
    const stats = await site.ask("/_cache/stats", { headers: bearer });
    expect(await stats.json()).toMatchObject({
      edge: { breakerOpen: true, trouble: { kind: "timeout", isOver: false } },
    });
  });

  it("gets only probes while it has an open breaker, and is used again once it answers", async () => {
    const [site] = openTwo();
    site.cache.mode = "silent";
    await tookAll(site, 3, "page");
    const callsBefore = site.cache.calls;
    await tookAll(site, 20, "breaker-open");
    expect(site.cache.calls - callsBefore).toBeLessThanOrEqual(2);
    expect(site.log).toEqual([
      "Edge tier: The Cache API does not answer in time.",
      "Edge tier: The Cache API has an open circuit breaker: only background probes use it.",
    ]);
    site.cache.mode = "works";
    for (let second = 0; second < 10; second += 1) {
      site.clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
      await tookMs(site, `/back/${second}`);
    }
    expect(site.cache.addresses.length).toBeGreaterThan(0);
    expect(site.log.slice(2)).toEqual([
      expect.stringMatching(/^Edge tier: The Cache API works again after \d+ s\.$/),
      expect.stringMatching(
        /^Edge tier: The Cache API works again: its circuit breaker was open for \d+ s\.$/,
      ),
    ]);
  });

  it("does not cut off a large body on its way to a client", async () => {
    const [site] = openTwo({ limits: { bufferBytes: 8_192 } });
    site.cache.mode = "silent";
    const took = await tookAll(site, 4, "large");
    expect([Math.max(...took) <= 3_300, took.at(-1)]).toEqual([true, 0]);
  });

  it("delays one request in ten seconds by a wait for a copy of the purge view", async () => {
    const [site] = openTwo({ purge: { maxLagSeconds: 3 } });
    await tookMs(site, "/page/0");
    site.cache.mode = "silent";
    const took: number[] = [];
    for (let spell = 0; spell < 8; spell += 1) {
      site.clock.advance(4);
      took.push(await tookMs(site, "/page/0"));
    }
    expect(took.filter((ms) => ms > 0)).toHaveLength(3);
    expect(Math.max(...took)).toBeLessThanOrEqual(300);
  });
});
