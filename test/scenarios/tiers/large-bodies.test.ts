// Tests bodies that are streamed to the client and to the edge tier, because they are too large for
// memory, and bodies that no tier stores. An unused body of the edge tier is closed.
import { describe, expect, it } from "vitest";
import {
  idle,
  openSite,
  read,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, chunked, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=60, stale-if-error=600", { etag: '"1"', "content-length": "15" });
const chunks = ["01234", "56789", "abcde"];
const whole = chunks.join("");

function openStreaming(options: SiteOptions = {}): Site {
  return openSite({
    config: { limits: { bufferBytes: 8 } },
    origin: () => new Response(chunked(chunks), { headers: fields }),
    ...options,
  });
}

it("a streamed body is stored only in the edge tier", async () => {
  const site = openStreaming();
  expect((await site.get("/a")).text).toBe(whole);
  const hit = await site.get("/a");
  expect([hit.text, hit.fields.get("content-length")]).toEqual([whole, "15"]);
  expect(hit.cacheStatus).toBe("tidemark; hit; ttl=60; detail=edge");
});

it.each([
  { id: "ends with an error", end: "breaks", length: "15" },
  { id: "is shorter than its Content-Length", end: "ends", length: "16" },
] as const)("a streamed body is not stored if it $id", async ({ end, length }) => {
  const site = openStreaming({
    origin: () =>
      new Response(chunked(chunks, end), { headers: { ...fields, "content-length": length } }),
  });
  await expect(read(await site.ask("/a"))).rejects.toThrow("cut short");
  await site.settle();
  site.origin.script = () => page("complete", cc("max-age=60"));
  expect((await site.get("/a")).text).toBe("complete");
});

describe.each(["breaks", "ends"] as const)("a body from the edge tier that %s early", (end) => {
  it.each([
    {
      id: "breaks a range that ends later",
      range: "bytes=3-12",
      read: "an error",
    },
    { id: "breaks a range of the last bytes", range: "bytes=-2", read: "an error" },
    { id: "does not break an earlier range", range: "bytes=1-3", read: "123" },
  ])("$id", async ({ range, read: expected }) => {
    const site = openStreaming();
    site.cache.knowsRanges = false;
    await site.get("/a");
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      if (found?.body == null) return found;
      await found.body.cancel();
      return new Response(chunked(["01234"], end), { headers: found.headers });
    };
    const response = await site.ask("/a", { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("cache-status")).toContain("detail=edge");
    expect(await response.text().catch(() => "an error")).toBe(expected);
  });
});

describe("a validation of a streamed body", () => {
  it.each([
    { id: "get", init: {}, status: 200, text: whole, opened: 15 },
    { id: "head", init: { method: "HEAD" }, status: 200, text: "", opened: 0 },
    { id: "304", init: { headers: { "if-none-match": '"1"' } }, status: 304, text: "", opened: 0 },
  ])("writes the head alone, and reads no more than the answer: $id", async (row) => {
    const site = openStreaming();
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged(cc("max-age=864000", { etag: '"1"' }));
    const before = site.cache.puts;
    site.cache.bytesOpened = 0;
    const seen = await site.get("/a", row.init);
    expect([seen.status, seen.text]).toEqual([row.status, row.text]);
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect([site.cache.puts - before, site.cache.bytesOpened]).toEqual([1, row.opened]);
    // The body outlasts the lifetime that its first head had.
    site.clock.advance(800_000);
    const hit = await site.get("/a");
    expect([hit.text, hit.cacheStatus]).toEqual([whole, "tidemark; hit; ttl=64000; detail=edge"]);
    expect([site.origin.count, site.cache.openBodies]).toEqual([2, 0]);
  });

  it("is shared by a crowd", async () => {
    const site = openStreaming();
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => unchanged({ etag: '"1"' });
    const asked = await Promise.all(Array.from({ length: 5 }, () => site.ask("/a")));
    const texts = (await Promise.all(asked.map(read))).map(({ text }) => text);
    expect([texts, site.origin.count]).toEqual([Array(5).fill(whole), 2]);
  });

  it("does not renew the head of another body", async () => {
    const site = openStreaming();
    await site.get("/a");
    site.clock.advance(61);
    const other = openStreaming({ clock: site.clock, cache: site.cache });
    site.origin.script = async () => {
      other.origin.script = () => page("another body, 2", { ...fields, etag: '"2"' });
      await other.get("/a");
      return unchanged({ etag: '"1"' });
    };
    await site.get("/a");
    const hit = await site.get("/a");
    expect([hit.text, hit.fields.get("etag")]).toEqual(["another body, 2", '"2"']);
  });
});

describe("a body in the edge tier", () => {
  it.each<{ id: string; init: Parameters<Site["get"]>[1]; afterSeconds?: number }>([
    { id: "hit", init: {} },
    { id: "head", init: { method: "HEAD" } },
    { id: "not-modified", init: { headers: { "if-none-match": '"1"' } } },
    { id: "range", init: { headers: { range: "bytes=0-3" } } },
    { id: "range-beyond", init: { headers: { range: "bytes=99-" } } },
    { id: "replaced", init: {}, afterSeconds: 61 },
    { id: "unknown-cookie", init: { headers: { cookie: "session=1" } } },
    {
      id: "stale-and-only-if-cached",
      init: { headers: { "cache-control": "only-if-cached" } },
      afterSeconds: 61,
    },
  ])("is closed after the request: $id", async ({ init, afterSeconds = 0 }) => {
    const site = openStreaming();
    await site.get("/a");
    site.clock.advance(afterSeconds);
    await site.get("/a", init);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });
});

describe("the answer with a body", () => {
  const sized = (bytes: number) => () =>
    page("a".repeat(bytes), cc("max-age=60", { "content-length": String(bytes) }));
  const statusesOf = async (site: Site) => {
    const [first, second] = [await site.get("/a"), await site.get("/a")];
    return [first.cacheStatus, second.cacheStatus.replace(/ttl=\d+; /, "")];
  };
  const forward = "tidemark; fwd=uri-miss; fwd-status=200";
  const stored = `${forward}; stored`;
  const tooLarge = `${forward}; detail=too-large`;
  const hit = (tier: string) => `tidemark; hit; detail=${tier}`;
  const mebibyte = 1_048_576;
  const memoryAlone: SiteOptions["config"] = {
    routes: [{ name: "all", match: "*", tiers: ["memory"] }],
  };

  it.each<[id: string, bytes: number, SiteOptions & { hasRedis?: boolean }, told: string[]]>([
    ["memory alone", 300_000, { hasCache: false }, [stored, hit("memory")]],
    ["memory alone, its limit", mebibyte, { hasCache: false }, [stored, hit("memory")]],
    ["memory alone, more", mebibyte + 1, { hasCache: false }, [tooLarge, tooLarge]],
    ["memory of the route, more", 2 * mebibyte, { config: memoryAlone }, [tooLarge, tooLarge]],
    ["edge", 2 * mebibyte, {}, [stored, hit("edge")]],
    ["Redis", mebibyte, { hasCache: false, hasRedis: true }, [stored, hit("shared")]],
    ["Redis, more", mebibyte + 1, { hasCache: false, hasRedis: true }, [tooLarge, tooLarge]],
    ["Redis, much more", 4 * mebibyte, { hasCache: false, hasRedis: true }, [tooLarge, tooLarge]],
    [
      "a larger limit of Redis",
      7 * mebibyte,
      { hasCache: false, hasRedis: true, config: { limits: { sharedBodyBytes: 7 * mebibyte } } },
      [stored, hit("shared")],
    ],
    [
      "a smaller limit of Redis, and memory",
      600_000,
      { hasCache: false, hasRedis: true, config: { limits: { sharedBodyBytes: 524_288 } } },
      [stored, hit("memory")],
    ],
  ])("says whether a tier stores it: %s", async (_, bytes, { hasRedis, ...options }, told) => {
    const clock = new FakeClock();
    const redis = hasRedis === true ? { upstash: new FakeUpstash(clock) } : {};
    const site = openSite({ origin: sized(bytes), clock, ...redis, ...options });
    expect(await statusesOf(site)).toEqual(told);
  });

  it("says so from the second answer on if its length is unknown", async () => {
    const bytes = [2 * mebibyte, 2 * mebibyte, 9, 9];
    const site = openSite({
      hasCache: false,
      origin: (_, nth) => page("a".repeat(bytes[nth - 1] ?? 0), cc("max-age=60")),
    });
    expect([...(await statusesOf(site)), ...(await statusesOf(site))]).toEqual([
      stored,
      tooLarge,
      tooLarge,
      hit("memory"),
    ]);
  });

  it("is shared by concurrent requests, even if no tier stores it", async () => {
    const site = openSite({ hasCache: false, origin: sized(2 * mebibyte) });
    const seen = await Promise.all([site.get("/a"), site.get("/a")]);
    expect(seen.map(({ text }) => text.length)).toEqual([2 * mebibyte, 2 * mebibyte]);
    expect(site.origin.count).toBe(1);
  });
});
