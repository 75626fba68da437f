// Counts how often a request reads its URL, the tiers and the clock, and how often it decides on a
// verdict. worked-out-once.test.ts counts the computations of terms and tags.
import { beforeEach, expect, it, vi } from "vitest";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import * as target from "../../../src/routing/target.ts";
import type * as urlReader from "../../../src/routing/url-reader.ts";
import * as verdict from "../../../src/pages/reuse/may-answer.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

const urls = vi.hoisted(() => vi.fn<() => void>());

vi.mock(import("../../../src/routing/target.ts"), async (original) => {
  const product = await original();
  return { ...product, readTarget: vi.fn<typeof product.readTarget>(product.readTarget) };
});
vi.mock(import("../../../src/pages/reuse/may-answer.ts"), async (original) => {
  const product = await original();
  return { ...product, decide: vi.fn<typeof product.decide>(product.decide) };
});
vi.mock(import("../../../src/routing/url-reader.ts"), async (original) => {
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
};

beforeEach(() => counts());

/** Returns the number of calls since the last call of this function. */
function counts() {
  const entries = Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.length]);
  for (const spy of Object.values(spies)) spy.mockClear();
  return Object.fromEntries(entries) as Record<keyof typeof spies, number>;
}

/** Opens a site with a page that is fresh for a minute, and is then validated. */
function openPage(): Site {
  const fields = cc("max-age=60", { etag: '"1"' });
  const { near } = openCounted(({ headers }) =>
    headers.has("if-none-match") ? unchanged(fields) : page("page", fields),
  );
  counts();
  return near;
}

const once = { urlsAsked: 1, memory: 1, verdicts: 1 };

it("a miss reads each tier once", async () => {
  const site = openPage();
  expect((await site.get("/a")).cacheStatus).toContain("fwd=uri-miss");
  expect(counts()).toEqual({ ...once, urlsParsed: 1, edge: 1, shared: 1 });
});

it.each([
  { id: "whole", headers: {}, status: 200 },
  { id: "as a 304", headers: { "if-none-match": '"1"' }, status: 304 },
])("a hit in memory reads memory once and no other tier: $id", async ({ headers, status }) => {
  const site = openPage();
  await site.get("/a");
  counts();
  const cacheStatus = "tidemark; hit; ttl=60; detail=memory";
  expect(await site.get("/a", { headers })).toMatchObject({ status, cacheStatus });
  expect(counts()).toEqual({ ...once, urlsParsed: 0, edge: 0, shared: 0 });
});

it("a validation reads each tier once", async () => {
  const site = openPage();
  await site.get("/a");
  site.clock.advance(61);
  counts();
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  // The copy in memory is judged again after the wait for the lower tiers.
  expect(counts()).toEqual({ ...once, verdicts: 2, urlsParsed: 0, edge: 1, shared: 1 });
});

it.each([
  { id: "without Redis", hasRedis: false },
  { id: "with a journal and reports", hasRedis: true },
])("a hit in memory reads the clock once: $id", async ({ hasRedis }) => {
  const clock = new FakeClock();
  const reads = vi.spyOn(clock, "nowAtMs");
  const upstash = hasRedis ? { upstash: new FakeUpstash(clock) } : {};
  const site = openSite({ origin: () => page("page", cc("max-age=60")), clock, ...upstash });
  for (const _ of ["miss", "hit"]) await site.get("/a");
  reads.mockClear();
  expect((await site.get("/a")).cacheStatus).toContain("hit");
  expect(reads).toHaveBeenCalledTimes(1);
});

/** Counts the blobs that are made until the globals are restored. */
function countBlobs() {
  const made = vi.fn<() => void>();
  class CountedBlob extends Blob {
    constructor(...given: ConstructorParameters<typeof Blob>) {
      super(...given);
      made();
    }
  }
  vi.stubGlobal("Blob", CountedBlob);
  return made;
}

it("a small body from Redis is sent without a blob, then also from memory", async () => {
  const upstash = new FakeUpstash(new FakeClock());
  const open = () => openSite({ origin: () => page("page", cc("max-age=60")), upstash });
  await open().get("/a");
  const other = open();
  // The first request makes a blob for the copy of the purge view.
  await other.get("/b");
  const made = countBlobs();
  for (const detail of ["shared", "memory"]) {
    const { text, cacheStatus } = await other.get("/a");
    expect([text, cacheStatus]).toEqual(["page", expect.stringContaining(`detail=${detail}`)]);
  }
  vi.unstubAllGlobals();
  expect(made).not.toHaveBeenCalled();
});

it("a miss of a small body makes one blob, and waits for no turn without lower tiers", async () => {
  const turn = vi.fn<() => Promise<void>>(async () => undefined);
  const fields = cc("max-age=60", { "content-length": "4" });
  const site = openSite({ origin: () => page("page", fields), hasCache: false, turn });
  // The first request of an isolate waits for a turn.
  await site.get("/a");
  turn.mockClear();
  const made = countBlobs();
  expect((await site.get("/b")).cacheStatus).toContain("fwd=uri-miss");
  vi.unstubAllGlobals();
  expect(made).toHaveBeenCalledTimes(1);
  expect(turn).not.toHaveBeenCalled();
  expect(await site.get("/b")).toMatchObject({ text: "page" });
});
