// What a request asks and works out on its way, and how often: its URL, its tiers, its verdict, and
// the terms and tags of what is stored.
import { beforeEach, expect, it, vi } from "vitest";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import * as freshness from "../../../src/rules/freshness.ts";
import * as target from "../../../src/proxy/request/target.ts";
import type * as urlReader from "../../../src/proxy/request/url-reader.ts";
import * as verdict from "../../../src/proxy/reuse/verdict.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite } from "../../../testing/site/harness.ts";

const { urls, tags } = vi.hoisted(() => ({
  urls: vi.fn<() => void>(),
  tags: vi.fn<() => string[]>(() => ["all"]),
}));

vi.mock(import("../../../src/rules/freshness.ts"), async (original) => {
  const product = await original();
  return {
    ...product,
    explicitLifetimeSeconds: vi.fn<typeof product.explicitLifetimeSeconds>(
      product.explicitLifetimeSeconds,
    ),
  };
});
vi.mock(import("../../../src/proxy/request/target.ts"), async (original) => {
  const product = await original();
  return { ...product, readTarget: vi.fn<typeof product.readTarget>(product.readTarget) };
});
vi.mock(import("../../../src/proxy/reuse/verdict.ts"), async (original) => {
  const product = await original();
  return { ...product, decide: vi.fn<typeof product.decide>(product.decide) };
});
vi.mock(import("../../../src/proxy/request/url-reader.ts"), async (original) => {
  const product = await original();
  const compileUrlReader: typeof urlReader.compileUrlReader = (given) => {
    const readUrl = product.compileUrlReader(given);
    return (request) => {
      urls();
      return readUrl(request);
    };
  };
  return { ...product, compileUrlReader };
});

const spies = {
  urlsAsked: urls,
  urlsParsed: vi.mocked(target.readTarget),
  memory: vi.spyOn(MemoryTier.prototype, "read"),
  edge: vi.spyOn(EdgeTier.prototype, "read"),
  shared: vi.spyOn(SharedTier.prototype, "read"),
  verdicts: vi.mocked(verdict.decide),
  /** Terms ask for it once. */
  terms: vi.mocked(freshness.explicitLifetimeSeconds),
  tags,
};

beforeEach(() => counts());

/** How often each was called since this was asked. */
function counts() {
  const entries = Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.length]);
  for (const spy of Object.values(spies)) spy.mockClear();
  return Object.fromEntries(entries) as Record<keyof typeof spies, number>;
}

/** A site whose one page is fresh for a minute, and then validated. */
function openPage() {
  const headers = { "cache-control": "max-age=60", etag: '"1"' };
  const origin = (request: Request) =>
    request.headers.has("if-none-match")
      ? new Response(null, { status: 304, headers })
      : new Response("page", { headers });
  const clock = new FakeClock();
  const config = { routes: [{ name: "all", match: "*", tags }] };
  const site = openSite({ config, origin, clock, upstash: new FakeUpstash(clock) });
  // Whoever checks the route's function has called it, too.
  counts();
  return site;
}

const nothing = { edge: 0, shared: 0, terms: 0, tags: 0, urlsParsed: 0 };
const once = { urlsAsked: 1, memory: 1, verdicts: 1 };

it("a miss asks each tier once, and works out terms and tags once", async () => {
  const site = openPage();
  expect((await site.get("/a")).cacheStatus).toContain("fwd=uri-miss");
  expect(counts()).toEqual({ ...once, urlsParsed: 1, edge: 1, shared: 1, terms: 1, tags: 1 });
});

it.each([
  { id: "whole", headers: {}, status: 200 },
  { id: "as a 304", headers: { "if-none-match": '"1"' }, status: 304 },
])("a hit in memory reads memory once, and nothing else: $id", async ({ headers, status }) => {
  const site = openPage();
  await site.get("/a");
  counts();
  expect(await site.get("/a", { headers })).toMatchObject({
    status,
    cacheStatus: "tidemark; hit; ttl=60; detail=memory",
  });
  expect(counts()).toEqual({ ...nothing, ...once });
});

it("a validation asks each tier once, and works out terms and tags once", async () => {
  const site = openPage();
  await site.get("/a");
  site.clock.advance(61);
  counts();
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  // What was found in memory is judged anew after the lower tiers were waited for.
  const expected = { ...once, verdicts: 2, urlsParsed: 0, edge: 1, shared: 1, terms: 1, tags: 1 };
  expect(counts()).toEqual(expected);
});

it.each([
  { id: "without Redis", hasRedis: false },
  { id: "with a journal and reports", hasRedis: true },
])("a hit in memory reads the clock once: $id", async ({ hasRedis }) => {
  const clock = new FakeClock();
  const reads = vi.spyOn(clock, "nowAtMs");
  const upstash = hasRedis ? { upstash: new FakeUpstash(clock) } : {};
  const site = openSite({ origin: () => page("page", cc("max-age=60")), clock, ...upstash });
  await site.get("/a");
  await site.get("/a");
  reads.mockClear();
  expect((await site.get("/a")).cacheStatus).toContain("hit");
  expect(reads).toHaveBeenCalledTimes(1);
});
