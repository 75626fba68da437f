// Bodies that are never held whole: streamed to the client and the edge tier, answered from there, and
// let go of wherever they prove needless.
import { describe, expect, it } from "vitest";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  idle,
  openSite,
  read,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
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

it("is stored in the edge tier alone", async () => {
  const site = openStreaming();
  expect((await site.get("/a")).text).toBe(whole);
  const hit = await site.get("/a");
  expect([hit.text, hit.fields.get("content-length")]).toEqual([whole, "15"]);
  expect(hit.cacheStatus).toBe("tidemark; hit; ttl=60; detail=edge");
});

it("is not shared with waiting requests, which go to the origin themselves", async () => {
  const site = openStreaming();
  const asked = await Promise.all([site.ask("/a"), site.ask("/a")]);
  expect((await Promise.all(asked.map(read))).map(({ text }) => text)).toEqual([whole, whole]);
  await site.settle();
  expect(site.origin.count).toBe(2);
});

it.each([
  { id: "breaks-off", end: "breaks", length: "15" },
  { id: "shorter-than-said", end: "ends", length: "16" },
] as const)("is not stored when it $id", async ({ end, length }) => {
  const site = openStreaming({
    origin: () =>
      new Response(chunked(chunks, end), { headers: { ...fields, "content-length": length } }),
  });
  await expect(read(await site.ask("/a"))).rejects.toThrow(/connection was lost|expected bytes/);
  await site.settle();
  site.origin.script = () => page("mended", cc("max-age=60"));
  expect((await site.get("/a")).text).toBe("mended");
});

describe.each(["breaks", "ends"] as const)("whose source in the edge tier %s mid-way", (end) => {
  it.each([
    {
      id: "is an error to who asked for a range beyond that",
      range: "bytes=3-12",
      read: "an error",
    },
    { id: "is an error to who asked for its end", range: "bytes=-2", read: "an error" },
    { id: "is whole to who asked for what came before", range: "bytes=1-3", read: "123" },
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

it("is validated without being sent to Redis again", async () => {
  const text = "0123456789".repeat(30_000);
  const { near: site, upstash } = openPair({
    // Text would lie packed, and be so small that it is sent again.
    origin: () =>
      page(text, { ...fields, "content-length": "300000", "content-type": "image/webp" }),
  });
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = () => unchanged({ etag: '"1"' });
  const seen = await site.get("/a");
  expect(seen.text === text).toBe(true);
  expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
  expect(upstash.written).toEqual(["whole", "metadata"]);
  expect((await site.get("/a")).cacheStatus).toContain("detail=edge");
});

it("is validated for a Range too, which is then answered with the whole (RFC 9110 §14.2)", async () => {
  const site = openStreaming();
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = () => unchanged({ etag: '"1"' });
  const seen = await site.get("/a", { headers: { range: "bytes=0-3" } });
  expect([seen.status, seen.text]).toEqual([200, whole]);
  expect((await site.get("/a")).text).toBe(whole);
});

it("is not validated by a HEAD, which would not read it again to be stored", async () => {
  const site = openStreaming();
  await site.get("/a");
  site.clock.advance(61);
  await site.get("/a", { method: "HEAD" });
  expect(site.origin.last.fields.has("if-none-match")).toBe(false);
});

describe("no body is left open", () => {
  it.each<{ id: string; init: Parameters<Site["get"]>[1]; afterSeconds?: number }>([
    { id: "hit", init: {} },
    { id: "head", init: { method: "HEAD" } },
    { id: "not-modified", init: { headers: { "if-none-match": '"1"' } } },
    { id: "range", init: { headers: { range: "bytes=0-3" } } },
    { id: "range-beyond", init: { headers: { range: "bytes=99-" } } },
    { id: "replaced", init: {}, afterSeconds: 61 },
    { id: "not-for-sessions", init: { headers: { cookie: "session=1" } } },
    {
      id: "stale-and-only-if-cached",
      init: { headers: { "cache-control": "only-if-cached" } },
      afterSeconds: 61,
    },
  ])("$id", async ({ init, afterSeconds = 0 }) => {
    const site = openStreaming();
    await site.get("/a");
    site.clock.advance(afterSeconds);
    await site.get("/a", init);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });
});
