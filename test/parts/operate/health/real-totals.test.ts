// Tests findings on the counts of all isolates, with a real database. One isolate reports, and
// another answers requests for health.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import type { Site, SiteOptions } from "../../../../testing/site/harness.ts";
import { found, HealthWorld } from "./health-world.ts";

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
