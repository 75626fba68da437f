// Tests what `tidemark doctor` reports about the hooks of webhooks.
// Needs parts: hooks.
import { describe, expect, it } from "vitest";
import { hooks, shopify } from "../../../../src/parts/hooks/hooks.ts";
import { families } from "../../../../src/protocol/families.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { openSite } from "../../../../testing/site/harness.ts";
import {
  bodyOf,
  deliver,
  hookSecret,
  shopify as vendor,
  signedBy,
} from "../../../../test/parts/hooks/webhook-vendors.ts";
import { hookFindings } from "../../src/doctor/site/examine-site.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { adminToken, operatorEnv, reaching } from "../fakes/site-as-fetch.ts";

function metricsOf(results: Readonly<Record<string, number>>) {
  return {
    startedAt: "2026-11-01T00:00:00.000Z",
    at: "2026-11-01T01:00:00.000Z",
    counters: Object.entries(results).map(([result, value]) => ({
      name: families.webhooks.name,
      labels: { hook: "shop", result },
      value,
    })),
    gauges: [],
    boundsSeconds: [],
    histograms: [],
  };
}

const site = { origin: "https://www.site.test", operatorPath: "/_edge" };
const purgeBy = (by: string) => ({ by, at: "2026-11-01T00:30:00.000Z" });
const findingsOf = (results: Readonly<Record<string, number>>, by: readonly string[] = []) =>
  hookFindings(site, ["shop"], metricsOf(results), {
    entries: by.map(purgeBy) as never,
    next: null,
  });

describe("doctor reports a hook", () => {
  it.each<[id: string, results: Record<string, number>, by: string[], code: string, says: string]>([
    ["without webhooks", {}, [], "hook-silent", "https://www.site.test/_edge/hooks/shop"],
    ["with wrong signatures", { signature: 3 }, [], "hook-refused", "same secret"],
    [
      "with an unsigned test alone",
      { test: 9 },
      [],
      "hook-silent",
      "https://www.site.test/_edge/hooks/shop",
    ],
    ["with a test and wrong signatures", { test: 9, signature: 3 }, [], "hook-refused", "All 3"],
    ["with a wrong clock", { signature: 1, timestamp: 3 }, [], "hook-refused", "NTP"],
    ["with a wrong mapping", { "mapping-failed": 3 }, [], "hook-refused", "mapping"],
    ["with large bodies", { "too-large": 3 }, [], "hook-refused", "maxBytes"],
    ["with another refusal", { unavailable: 3 }, [], "hook-refused", "HOOK_SECRET_SHOP"],
  ])("%s", (_, results, by, code, says) => {
    const { findings } = findingsOf(results, by);
    expect(findings.map((one) => one.code)).toEqual([code]);
    expect(JSON.stringify(findings)).toContain(says);
  });

  it.each<[id: string, results: Record<string, number>, by: string[]]>([
    ["that purged", { purged: 1, signature: 3 }, []],
    ["that ignored its webhooks", { ignored: 1 }, []],
    ["whose purge is in the journal", {}, ["admin", "hook:shop", "hook:blog"]],
  ])("%s without a finding", (_, results, by) => {
    expect(findingsOf(results, by).findings).toEqual([]);
  });
});

it("doctor shows only the last purge on a site without metrics of all isolates", () => {
  const entries = [purgeBy("hook:shop")] as never;
  const { findings, lookedAt } = hookFindings(site, ["shop", "blog"], undefined, {
    entries,
    next: null,
  });
  expect(findings).toEqual([]);
  expect(lookedAt).toEqual([
    'the hook "shop": last purge 2026-11-01T00:30:00.000Z; this site has no counts of all isolates',
    'the hook "blog": last purge none in the newest 128 entries of the journal; this site has no counts of all isolates',
  ]);
});

it("doctor shows the last purge of a hook of the real application", async () => {
  const clock = new FakeClock();
  clock.atMs = Date.UTC(2026, 10, 1);
  const upstash = new FakeUpstash(clock);
  const env = { ADMIN_TOKEN: adminToken, HOOK_SECRET_SHOP: hookSecret };
  const origin = () => new Response("page");
  const config = { parts: [hooks({ shop: shopify() })] };
  const opened = openSite({ origin, clock, upstash, env, config });
  const { fetch } = reaching(opened);
  const onSleep = async (ms: number) => clock.advance(ms / 1_000);
  const user = await FakeUser.at({ fetch, env: operatorEnv, onSleep });
  const silent = await user.runs(["doctor"]);
  expect(silent.out).toContain("hook-silent");
  await deliver(opened, bodyOf(1), signedBy(vendor, opened));
  const { out } = await user.runs(["doctor"]);
  expect(out).not.toContain("hook-silent");
  expect(out).toContain('the hook "shop": last purge 2026-11-01T00:00:');
});
