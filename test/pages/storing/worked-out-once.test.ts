// Tests that a miss computes the tags and the terms of an answer only once, and that readers compute the present tags of a
// record once.
import { describe, expect, it, vi } from "vitest";
import * as freshness from "../../../src/rules/freshness.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite, type SiteOptions } from "../../../testing/site/harness.ts";

type Explicit = typeof freshness.explicitLifetimeSeconds;

vi.mock(import("../../../src/rules/freshness.ts"), async (original) => {
  const product = await original();
  return { ...product, explicitLifetimeSeconds: vi.fn<Explicit>(product.explicitLifetimeSeconds) };
});

/** Each computation of terms calls this function once. */
const termsComputed = vi.mocked(freshness.explicitLifetimeSeconds);
const tagged = vi.fn<() => string[]>(() => ["all"]);

/** Returns how often tags and terms were computed since the last call. */
function counts(): number[] {
  const calls = [tagged, termsComputed].map(({ mock }) => mock.calls.length);
  for (const spy of [tagged, termsComputed]) spy.mockClear();
  return calls;
}

/**
 * Opens a site and resets the counts, because the check of the configuration calls the function.
 */
function siteWith(route: { admission?: "second-ask" }, options: SiteOptions = {}) {
  const config = { routes: [{ name: "all", match: "*", tags: tagged, ...route }] };
  const site = openSite({ config, ...options });
  counts();
  return site;
}

describe("a miss", () => {
  it.each([
    { id: "a route that stores in Redis at once", route: {} },
    {
      id: "a route that stores in Redis at the second request",
      route: { admission: "second-ask" },
    },
  ] as const)("computes tags and terms once: $id", async ({ route }) => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const origin = () => new Response("page", { headers: { "cache-control": "max-age=60" } });
    const site = siteWith(route, { origin, upstash, clock });
    await site.get("/a");
    expect(counts()).toEqual([1, 1]);
    // The first hit computes the present tags, which judge the record from then on.
    for (const expected of [
      [1, 0],
      [0, 0],
      [0, 0],
    ]) {
      expect((await site.get("/a")).cacheStatus).toContain("hit");
      expect(counts()).toEqual(expected);
    }
  });
});

it("computes terms once for a validation, and tags for the copies in memory and at the edge, and for the answer", async () => {
  const headers = { "cache-control": "max-age=60", etag: '"1"' };
  const origin = (request: Request) =>
    request.headers.has("if-none-match")
      ? new Response(null, { status: 304, headers })
      : new Response("page", { headers });
  const site = siteWith({}, { origin });
  await site.get("/a");
  site.clock.advance(61);
  counts();
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  expect(counts()).toEqual([3, 1]);
  for (const expected of [
    [1, 0],
    [0, 0],
  ]) {
    expect((await site.get("/a")).cacheStatus).toContain("hit");
    expect(counts()).toEqual(expected);
  }
});
