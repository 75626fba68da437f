// Tests the options of a purge probe, and the deployments in which it is off.
import { expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { type ProbeOptions, purgeProbe } from "../../../src/parts/probe/probe.ts";
import { bearer, adminToken } from "../../../testing/site/purge-sender.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { host, openSite, type SiteOptions } from "../../../testing/site/harness.ts";

it.each<[options: object, says: string]>([
  [{ every: "30s" }, 'every is not whole minutes from "1m" to "1d", such as "5m".'],
  [{ every: "90s" }, "every is not whole minutes"],
  [{ every: "0m" }, "every is not whole minutes"],
  [{ every: "2d" }, "every is not whole minutes"],
  [{ every: 60 }, "every is not whole minutes"],
  [{ paths: "/a" }, 'paths is not a list of up to 10 paths, such as ["/news"].'],
  [{ paths: ["news"] }, "paths is not a list"],
  [{ paths: ["/news#top"] }, "paths is not a list"],
  [{ paths: ["/news/*"] }, "paths is not a list"],
  [{ paths: Array.from({ length: 11 }, (_, at) => `/${at}`) }, "paths is not a list"],
  [{ evry: "1m" }, '"evry" is not an option.'],
])("refuses %j", (options, says) => {
  expect(() => purgeProbe(options as ProbeOptions)).toThrow(says);
});

it.each<ProbeOptions | undefined>([undefined, { every: "1m" }, { every: "1d", paths: ["/a?b=1"] }])(
  "accepts %j",
  (options) => {
    const probe = purgeProbe(options);
    expect(defineConfig({ parts: [probe] }).parts).toEqual([probe]);
  },
);

const withRedis = () => ({ upstash: new FakeUpstash(new FakeClock()) });

it.each<[id: string, options: () => SiteOptions, why: string]>([
  ["there is no journal", () => ({}), "There is no journal"],
  [
    "paths have no host",
    () => ({ ...withRedis(), config: { parts: [purgeProbe({ paths: ["/a"] })] } }),
    "SITE_HOST is not set",
  ],
  [
    "a path is the operator's",
    () => ({
      ...withRedis(),
      config: { parts: [purgeProbe({ paths: ["/a", "/_cache/health"] })] },
      env: { SITE_HOST: host },
    }),
    "/_cache/health is a path of the operator.",
  ],
])("is off, and says so, if %s", async (_, optionsOf, why) => {
  const { config, env, ...options } = optionsOf();
  const probed = { parts: [purgeProbe()], ...config };
  const site = openSite({ ...options, config: probed, env: { ADMIN_TOKEN: adminToken, ...env } });
  await site.get("/");
  await site.fireCron();
  const lines = site.lines.filter(({ message }) => message.startsWith("The purge probe is off."));
  expect(lines).toMatchObject([{ event: "fault", level: "warn" }]);
  expect(lines[0]?.message).toContain(why);
  const answer = await site.get("/_cache/probe", { headers: bearer });
  expect([answer.status, answer.text]).toEqual([503, expect.stringContaining(why)]);
  const health = await site.get("/_cache/health", { headers: bearer });
  expect(health.text).toContain("The purge probe is off.");
});
