// Tests that large bodies move from the edge tier into memory at their second hit.
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../src/cache/byte-budget.ts";
import { Lifts } from "../../../src/pages/site/lifts.ts";
import { largeBodyBytesMax, smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";

const large = "0123456789abcdef".repeat(20_000);

function openLarge(options: SiteOptions = {}): Site {
  return openSite({ origin: (_, nth) => page(`${nth}${large}`, cc("max-age=60")), ...options });
}

/**
 * Counts the bodies from the Cache API that are read from now on. Cancelled bodies do not count.
 */
function countReads(site: Site): { reads: number } {
  const counted = { reads: 0 };
  const match = site.cache.match.bind(site.cache);
  site.cache.match = async (request) => {
    const found = await match(request);
    if (found?.body == null) return found;
    const bytes = new Uint8Array(await found.arrayBuffer());
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      counted.reads += 1;
      controller.enqueue(bytes);
      controller.close();
    };
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    return new Response(body, { headers: found.headers });
  };
  return counted;
}

async function details(site: Site, asks: readonly Parameters<Site["get"]>[1][]): Promise<string[]> {
  const seen: string[] = [];
  for (const ask of asks) {
    const { cacheStatus } = await site.get("/a", ask);
    seen.push(/(?<=detail=).*/.exec(cacheStatus)?.[0] ?? "forwarded");
  }
  return seen;
}

describe("a large body", () => {
  it("moves into memory at its second hit", async () => {
    const site = openLarge();
    const seen = await details(site, [{}, {}, {}, {}]);
    expect(seen).toEqual(["forwarded", "edge", "edge", "memory"]);
    expect((await site.get("/a")).text).toBe(`1${large}`);
    const part = await site.get("/a", { headers: { range: "bytes=1-16" } });
    expect([part.status, part.text]).toEqual([206, "0123456789abcdef"]);
    expect([site.origin.count, site.cache.bodiesOpened, site.cache.openBodies]).toEqual([1, 2, 0]);
  });

  it("moves into memory together with its Vary marker", async () => {
    const site = openLarge({
      origin: () => page(large, cc("max-age=60", { vary: "accept-language" })),
    });
    const ask = { headers: { "accept-language": "de" } };
    const seen = await details(site, [ask, ask, ask, ask]);
    expect(seen).toEqual(["forwarded", "edge", "edge", "memory"]);
  });

  it("stays in memory when a 304 freshens it", async () => {
    const fields = cc("max-age=60", { etag: '"1"' });
    const site = openLarge({ origin: () => page(large, fields) });
    await details(site, [{}, {}, {}, {}]);
    site.clock.advance(61);
    site.origin.script = () => unchanged(fields);
    expect(await details(site, [{}, {}])).toEqual(["forwarded", "memory"]);
  });

  it("moves into memory at its second hit again after it replaced another body", async () => {
    const site = openLarge();
    await details(site, [{}, {}, {}, {}]);
    site.clock.advance(61);
    expect(await details(site, [{}, {}, {}, {}])).toEqual(["forwarded", "edge", "edge", "memory"]);
    expect((await site.get("/a")).text).toBe(`2${large}`);
  });

  it.each([
    { id: "small", body: "small and new" },
    { id: "large", body: `new${large}` },
  ])("does not replace a $id body that arrived during the move", async ({ body }) => {
    const routes = [{ name: "all", match: "*", honourRequestDirectives: true }];
    const site = openLarge({ config: { routes } });
    await details(site, [{}, {}]);
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      site.cache.match = match;
      const found = await match(request);
      site.clock.advance(1);
      site.origin.script = () => page(body, cc("max-age=60"));
      await site.get("/a", { headers: { "cache-control": "no-cache" } });
      return found;
    };
    expect((await site.get("/a")).text).toBe(`1${large}`);
    expect((await site.get("/a")).text).toBe(body);
  });

  it("is not read for a request that it must not answer", async () => {
    const site = openLarge();
    await details(site, [{}, {}]);
    const counted = countReads(site);
    const ask = { headers: { cookie: "session=1" } };
    const refused = '"unknown-cookie: session"';
    expect(await details(site, [ask, ask, ask])).toEqual([refused, refused, refused]);
    expect(counted.reads).toBe(0);
  });

  it("stays in the edge tier if the route does not use memory", async () => {
    const routes = [{ name: "all", match: "*", tiers: ["edge" as const] }];
    const site = openLarge({ config: { routes } });
    const seen = await details(site, [{}, {}, {}, {}]);
    expect(seen).toEqual(["forwarded", "edge", "edge", "edge"]);
    const unread = await site.ask("/a");
    expect(site.cache.openBodies).toBe(1);
    await unread.body?.cancel();
  });

  it("does not block the move of another body after a failed read", async () => {
    const site = openLarge();
    for (const path of ["/a", "/b"]) for (let ask = 0; ask < 2; ask += 1) await site.get(path);
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      await found?.body?.cancel();
      return found && new Response("cut", { headers: found.headers });
    };
    await site.get("/a");
    site.cache.match = match;
    await site.get("/b");
    expect((await site.get("/b")).cacheStatus).toContain("detail=memory");
  });
});

describe("Lifts", () => {
  const bytesMax = 32 * 1_048_576;
  const stored = (bodyBytes: number | null, status = 200) =>
    metadataWith({}, { bodyBytes, status });
  const opened = () => {
    const budget = new ByteBudget(bytesMax);
    return { budget, lifts: new Lifts({ budget, bodyBytesMax: largeBodyBytesMax }) };
  };

  it.each([
    ["a large body", stored(smallBodyBytesMax + 1), true],
    ["the largest body", stored(largeBodyBytesMax), true],
    ["a larger body", stored(largeBodyBytesMax + 1), false],
    ["a body of unknown length", stored(null), false],
    ["an error", stored(largeBodyBytesMax, 404), false],
  ])("moves %s at the second hit: $2", (_id, metadata, isLifted) => {
    const { lifts } = opened();
    expect([lifts.begin(metadata, 0), lifts.begin(metadata, 0)]).toEqual([false, isLifted]);
  });

  it("moves one body at a time, and another after a time-out", () => {
    const { lifts } = opened();
    const [one, other] = [stored(largeBodyBytesMax), stored(largeBodyBytesMax)];
    for (const each of [one, other]) lifts.begin(each, 0);
    expect([lifts.begin(one, 0), lifts.begin(other, 9_999)]).toEqual([true, false]);
    expect(lifts.begin(other, 10_000)).toBe(true);
    lifts.begin(one, 10_000);
    lifts.end();
    expect(lifts.begin(one, 10_000)).toBe(true);
  });

  it("needs two more hits before the next move of the same body", () => {
    const { lifts } = opened();
    const metadata = stored(largeBodyBytesMax);
    const begun: boolean[] = [];
    for (let ask = 0; ask < 4; ask += 1) {
      begun.push(lifts.begin(metadata, 0));
      lifts.end();
    }
    expect(begun).toEqual([false, true, false, true]);
  });

  it("never moves a body while clients hold the whole budget", () => {
    const { budget, lifts } = opened();
    const metadata = stored(largeBodyBytesMax);
    lifts.begin(metadata, 0);
    const half = (bytesMax - largeBodyBytesMax) / 2;
    budget.take(half);
    const cancelBody = budget.hold({}, half + 1, { isCountedElsewhere: true });
    expect(lifts.begin(metadata, 0)).toBe(false);
    cancelBody();
    expect(lifts.begin(metadata, 0)).toBe(true);
  });
});
