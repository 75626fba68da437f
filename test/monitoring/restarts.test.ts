// Checks that no counter of a scrape falls, neither after a restart nor after an isolate ends with
// unreported counts.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { openSite, type Site } from "../../testing/site/harness.ts";

const token = "admin-token-of-site";
const [server] = redisServers;

let redis: EmbeddedValkey;
let rest: UpstashRestServer;
let clock: FakeClock;

beforeAll(async () => {
  if (server === undefined) throw new Error("No server can be started here.");
  redis = await server.start();
  rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
  // The clock stands at a fifth minute, in which the cron trigger reports.
  clock = new FakeClock();
});
afterAll(async () => {
  await rest.stop();
  await redis.stop();
});

/** Opens an isolate that has counted nothing yet. */
const isolate = (): Site =>
  openSite({
    clock,
    config: { routes: [{ name: "all", match: "*" }] },
    env: {
      ADMIN_TOKEN: token,
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: "token",
    },
    origin: () => page("page", cc("max-age=60")),
  });

/** Returns the counters and the parts of histograms of a scrape, by series. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await isolate().get("/_cache/metrics", {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(status).toBe(200);
  const lines = [
    ...text.matchAll(/^(tidemark_\w+_(?:total|bucket|sum|count)(?:\{.*\})?) (\S+)$/gm),
  ];
  return new Map(lines.map(([, series = "", value]) => [series, Number(value)]));
}

const requestsIn = (counters: ReadonlyMap<string, number>): number =>
  [...counters]
    .filter(([series]) => series.startsWith("tidemark_requests_total"))
    .reduce((sum, [, value]) => sum + value, 0);

const fallen = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) =>
  [...before].filter(([series, value]) => !((after.get(series) ?? -1) >= value));

async function ask(site: Site, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) await site.get("/page");
}

it("continues counters after a restart, and after an isolate ends without a report", async () => {
  const first = isolate();
  await ask(first, 10);
  await first.fireCron();
  const before = await scrape();
  expect(requestsIn(before)).toBe(10);

  const dying = isolate();
  await ask(dying, 7);
  const afterDeath = await scrape();
  expect([requestsIn(afterDeath), fallen(before, afterDeath)]).toEqual([10, []]);

  const restarted = isolate();
  await ask(restarted, 5);
  await restarted.fireCron();
  const afterRestart = await scrape();
  expect([requestsIn(afterRestart), fallen(afterDeath, afterRestart)]).toEqual([15, []]);
  expect(afterRestart.get('tidemark_reports_total{colo="HAM"}')).toBe(2);
});

it("notices a counter that falls or disappears", () => {
  expect(fallen(new Map([["a", 2]]), new Map([["a", 1]]))).toEqual([["a", 2]]);
  expect(fallen(new Map([["a", 2]]), new Map())).toEqual([["a", 2]]);
});
