// Tests Workers KV between the colos and Redis: which responses are copied to KV, when they are
// copied, and that an old copy does not answer after a purge.
import { describe, expect, it } from "vitest";
import { workersKv } from "../../../src/stores/kv/kv-tier.ts";
import type { TierInCode } from "../../../src/cache/tiers/tier-in-code.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeKv } from "../../../testing/fakes/fake-kv.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import {
  openColos,
  type Seen,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import { adminToken, bearer, secret, send } from "../../../testing/site/purge-sender.ts";

const hour = cc("max-age=3600", { "cache-tag": "red", etag: '"1"' });

/** @param lagMs until a colo reads what another has written to KV */
function openThree(options: SiteOptions & { readonly lagMs?: number } = {}) {
  const clock = new FakeClock();
  const kv = new FakeKv(clock);
  const upstash = new FakeUpstash(clock);
  const { lagMs = 0 } = options;
  const tier: TierInCode = {
    name: "kv",
    bound: () => workersKv({ binding: "PAGES" }).bound({ PAGES: kv.colo(lagMs) }),
  };
  const sites = openColos(3, {
    clock,
    upstash,
    tiers: [tier],
    env: { PURGE_SECRET: secret, ADMIN_TOKEN: adminToken },
    origin: (_, nth) => page(`page ${nth}`, hour),
    ...options,
  }) as [Site, Site, Site];
  return { sites, clock, kv, upstash };
}

const detailOf = ({ cacheStatus, text }: Seen) => [text, /detail=(\w+)/.exec(cacheStatus)?.[1]];

describe("a response in Redis", () => {
  it("is copied to KV by the second colo, so that a third colo reads only KV", async () => {
    const { sites, kv, upstash } = openThree();
    const [first, second, third] = sites;
    await first.get("/a");
    await first.get("/a");
    expect(kv.puts).toEqual([]);
    expect(detailOf(await second.get("/a"))).toEqual(["page 1", "shared"]);
    expect(kv.puts).toHaveLength(1);
    upstash.commands.length = 0;
    expect(detailOf(await third.get("/a"))).toEqual(["page 1", "kv"]);
    expect(detailOf(await third.get("/a"))).toEqual(["page 1", "memory"]);
    expect([upstash.commands, first.origin.count]).toEqual([[], 1]);
  });

  it("is copied to KV with its marker if it varies", async () => {
    const { sites, upstash } = openThree({
      origin: ({ headers }) =>
        page(headers.get("accept-language") ?? "", cc("max-age=3600", { vary: "accept-language" })),
    });
    const [first, second, third] = sites;
    const german = { headers: { "accept-language": "de" } };
    for (const site of [first, second]) await site.get("/a", german);
    upstash.commands.length = 0;
    expect(detailOf(await third.get("/a", german))).toEqual(["de", "kv"]);
    expect(upstash.commands).toEqual([]);
    expect((await third.get("/a", { headers: { "accept-language": "fr" } })).text).toBe("fr");
  });

  it("is not copied to KV if its lifetime is below a minute or its route excludes KV", async () => {
    const { sites, kv } = openThree({
      config: { routes: [{ name: "own", match: "/own", tiers: ["memory", "edge", "shared"] }] },
      origin: ({ url }) => page(url, url.endsWith("/own") ? hour : cc("max-age=30")),
    });
    for (const site of sites) for (const path of ["/own", "/brief"]) await site.get(path);
    expect([kv.puts, sites[0].origin.count]).toEqual([[], 2]);
  });
});

describe("a copy in KV", () => {
  it.each([0, 60_000, 3_600_000])("ends with a purge if KV lags by %d ms", async (lagMs) => {
    const { sites, clock, kv } = openThree({ lagMs });
    const [first, second, third] = sites;
    await first.get("/a");
    await second.get("/a");
    clock.advance(lagMs / 1_000 > 3_000 ? 1 : lagMs / 1_000);
    expect(kv.puts).toHaveLength(1);
    expect((await send(first, { tags: ["red"] })).status).toBe(200);
    clock.advance(11);
    for (const site of [third, second, first]) expect((await site.get("/a")).text).toBe("page 2");
    clock.advance(61);
    for (const site of sites) expect((await site.get("/a")).text).toBe("page 2");
  });

  it("does not answer while stale if a younger response is in Redis", async () => {
    const { sites, clock } = openThree({ lagMs: 60_000 });
    const [first, second, third] = sites;
    for (const site of [first, second]) await site.get("/a");
    clock.advance(3_601);
    await first.get("/a");
    expect(detailOf(await third.get("/a"))).toEqual(["page 2", "shared"]);
    expect(detailOf(await second.get("/a"))).toEqual(["page 2", "shared"]);
  });

  it("is removed by an unsafe request in the same colo", async () => {
    const { sites } = openThree({ lagMs: 60_000 });
    const [first, second] = sites;
    for (const site of [first, second]) await site.get("/a");
    await second.get("/a", { method: "POST" });
    expect((await second.get("/a")).text).toBe("page 3");
  });

  it("is replaced by the record in Redis if KV fails", async () => {
    const fails = () => Promise.reject(new Error("KV failed: 429"));
    const PAGES = { getWithMetadata: undefined, get: fails, put: fails, delete: fails };
    const bound = () => workersKv({ binding: "PAGES" }).bound({ PAGES });
    const { sites } = openThree({ tiers: [{ name: "kv", bound }] });
    const [first, second] = sites;
    await first.get("/a");
    expect(detailOf(await second.get("/a"))).toEqual(["page 1", "shared"]);
    await second.get("/a", { method: "POST" });
    expect((await second.get("/a")).text).toBe("page 3");
  });
});

describe("the operator", () => {
  it("finds KV in explain, in the start line and in the counts", async () => {
    const { sites } = openThree();
    const [first, second, third] = sites;
    for (const site of [first, second, third]) await site.get("/a");
    const url = encodeURIComponent("https://www.example.com/a");
    const explained = await third.get(`/_cache/explain?url=${url}`, { headers: bearer });
    expect(JSON.parse(explained.text)).toMatchObject({
      look: { tiers: [{ tier: "memory" }, { tier: "edge" }, { tier: "kv", has: "response" }, {}] },
    });
    expect(third.lines[0]).toMatchObject({ event: "started", tiers: "memory edge kv shared" });
    expect(third.counted()).toMatchObject({ "tierReads|kv|found": 1 });
  });

  it.each([
    { id: "the binding is missing", env: {}, upstash: true, what: "The KV tier is off." },
    { id: "there is no Redis", env: { PAGES: {} }, upstash: false, what: 'The tier "kv" is off.' },
  ])("gets a finding that the KV tier is off if $id", async ({ env, upstash, what }) => {
    const clock = new FakeClock();
    const [site] = openColos(1, {
      clock,
      tiers: [workersKv({ binding: "PAGES" })],
      env: { ...env, ADMIN_TOKEN: adminToken },
      ...(upstash && { upstash: new FakeUpstash(clock) }),
    }) as [Site];
    expect((await site.get("/a")).status).toBe(200);
    const health = await site.get("/_cache/health", { headers: bearer });
    const { findings } = JSON.parse(health.text) as { findings: object[] };
    expect(findings).toContainEqual(expect.objectContaining({ code: "configuration", what }));
  });
});
