// Tests findings on the counts of all isolates, with a real database. One isolate reports, and
// another answers requests for health.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDataCache } from "../../../../src/data-cache.ts";
import { defineConfig } from "../../../../src/tidemark.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import type { Site, SiteOptions } from "../../../../testing/site/harness.ts";
import { found, healthOf, HealthWorld } from "./health-world.ts";

/** Dates all reports of the stream KEYS[1] back by ARGV[1] milliseconds. */
const makeOlder = `
local entries = redis.call("XRANGE", KEYS[1], "-", "+")
redis.call("DEL", KEYS[1])
for _, entry in ipairs(entries) do
  local ms, sequence = string.match(entry[1], "^(%d+)-(%d+)$")
  redis.call("XADD", KEYS[1], string.format("%.0f-%s", ms - ARGV[1], sequence), unpack(entry[2]))
end
return #entries`;

const minuteMs = 60_000;
const linesOf = ({ lines }: Site) =>
  lines
    .filter(({ event }) => event === "finding")
    .map(({ code, state }) => `${String(code)} ${String(state)}`);

describe.each(oneRedisServer)("health with totals in $redis", ({ start }) => {
  let world: HealthWorld;
  let looker: Site;
  beforeEach(async () => {
    world = await HealthWorld.start(start);
  });
  afterEach(() => world.stop());

  const config = {
    routes: [{ name: "articles", match: "/*", whenUnreachable: "serve" as const }],
  };

  /**
   * Returns an isolate that reports. `looker` becomes an isolate that answers requests for health.
   */
  function opened(origin: Script, more: SiteOptions = {}): Site {
    looker = world.site({ config, ...more });
    return world.site({ config, origin, ...more });
  }

  async function asked(site: Site, count: number, path: (nth: number) => string): Promise<void> {
    for (let nth = 0; nth < count; nth += 1) await site.get(path(nth));
  }

  /** Makes a report due, which the next request sends in the background. */
  async function reported(site: Site): Promise<void> {
    site.clock.advance(300);
    await site.get("/page");
  }

  const older = (minutes: number) =>
    world.run("EVAL", makeOlder, "1", "tidemark:metrics", String(minutes * minuteMs));

  const kept: Script = (_, nth) => page(`page ${nth}`, cc("max-age=86400"));

  it("has the hit rates of the last minutes by route, path and namespace", async () => {
    const data = createDataCache(defineConfig({}));
    const site = opened(kept, { data });
    const articles = data.namespace("articles", { fresh: "1h" });
    for (let nth = 0; nth < 3; nth += 1) await articles.getOrSet("a", async () => "value");
    await asked(site, 4, () => "/page");
    await asked(site, 2, (nth) => `/blog/${nth}`);
    await reported(site);
    const { hitRates } = await healthOf(looker);
    const pages = { requests: 7, hits: 4, hitRate: 4 / 7 };
    expect(hitRates).toMatchObject({
      all: pages,
      routes: [{ name: "articles", ...pages }],
      prefixes: [
        { name: "/page", requests: 5, hits: 4, hitRate: 0.8 },
        { name: "/blog", requests: 2, hits: 0, hitRate: 0 },
      ],
      namespaces: [{ name: "articles", requests: 3, hits: 2, hitRate: 2 / 3 }],
    });
  });

  it("has the finding reports-missing after ten minutes without a report", async () => {
    const site = opened(kept);
    await asked(site, 1, () => "/page");
    await reported(site);
    expect(await found(looker, "reports-missing")).toBeUndefined();
    await older(11);
    expect(await found(looker, "reports-missing")).toMatchObject({
      level: "warning",
    });
    const toFifthMs = 5 * minuteMs - (site.clock.atMs % (5 * minuteMs));
    site.clock.advance(toFifthMs / 1_000);
    await site.fireCron();
    expect(await found(looker, "reports-missing")).toBeUndefined();
    expect(linesOf(looker)).toEqual(["reports-missing began", "reports-missing ended"]);
  });
});
