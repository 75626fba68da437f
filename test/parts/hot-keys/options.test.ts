// Tests the option of hot keys, and what turns them off.
import { describe, expect, it } from "vitest";
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { host, openSite } from "../../../testing/site/harness.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { adminToken } from "../../../testing/site/purge-sender.ts";
import { found } from "../operate/health/health-world.ts";

it.each([0, -1, 1.5, 1_001, "50"])("refuses %j keys", (count) => {
  expect(() => hotKeys(count as number)).toThrow(
    `hotKeys has ${JSON.stringify(count)} keys. Give a whole number from 1 to 1,000.`,
  );
});

describe("the part is off, and says so in the log and in health", () => {
  it.each([
    {
      without: "a store",
      env: { SITE_HOST: host },
      isStored: false,
      says: "There is no usable store",
    },
    { without: "SITE_HOST", env: {}, isStored: true, says: "SITE_HOST is not set" },
  ])("without $without", async ({ env, isStored, says }) => {
    const clock = new FakeClock();
    const site = openSite({
      config: { parts: [hotKeys(50)] },
      env: { ADMIN_TOKEN: adminToken, ...env },
      clock,
      ...(isStored && { upstash: new FakeUpstash(clock) }),
    });
    await site.get("/a");
    await site.fireCron();
    expect(site.log.filter((line) => line.includes(says))).toHaveLength(1);
    expect(await found(site, "configuration")).toMatchObject({
      level: "warning",
      values: { what: "hotKeys is off.", why: expect.stringContaining(says) as string },
    });
  });
});
