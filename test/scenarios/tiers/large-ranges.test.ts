// Tests range requests for bodies that are too large for memory. If the Cache API supports ranges,
// Tidemark reads only the requested bytes, and checks that the Cache API has returned these bytes.
import { describe, expect, it } from "vitest";
import { idle, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, chunked, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const whole = "0123456789".repeat(100);
const fieldsOf = (text: string) =>
  cc("max-age=60, stale-if-error=600", { etag: '"1"', "content-length": String(text.length) });
const fields = fieldsOf(whole);

/** Opens a site with a streamed body, which is only in the edge tier. */
async function openStored(): Promise<Site> {
  const site = openSite({
    config: { limits: { bufferBytes: 8 } },
    origin: ({ headers }) =>
      headers.has("if-none-match")
        ? unchanged({ etag: '"1"' })
        : new Response(chunked([whole]), { headers: fields }),
  });
  await site.get("/a");
  site.cache.bytesOpened = 0;
  return site;
}

const asking = (range: string) => ({ headers: { range } });
const hit = "tidemark; hit; ttl=60; detail=edge";

describe("a range request for a streamed body in the edge tier", () => {
  it.each([
    { id: "first", range: "bytes=0-1", text: "01", told: "bytes 0-1/1000" },
    { id: "within", range: "bytes=503-506", text: "3456", told: "bytes 503-506/1000" },
    { id: "last", range: "bytes=-3", text: "789", told: "bytes 997-999/1000" },
    { id: "past-the-end", range: "bytes=998-2000", text: "89", told: "bytes 998-999/1000" },
    { id: "all", range: "bytes=0-", text: whole, told: "bytes 0-999/1000" },
  ])("reads only the requested bytes: $id", async ({ range, text, told }) => {
    const site = await openStored();
    const seen = await site.get("/a", asking(range));
    expect([seen.status, seen.text, seen.cacheStatus]).toEqual([206, text, hit]);
    expect(seen.fields.get("content-range")).toBe(told);
    expect(seen.fields.get("content-length")).toBe(String(text.length));
    expect([site.cache.bytesOpened, site.cache.openBodies]).toEqual([text.length, 0]);
  });

  it.each([
    { id: "no-range", init: {} },
    {
      id: "if-range-with-another-etag",
      init: { headers: { range: "bytes=0-1", "if-range": '"2"' } },
    },
    { id: "several-ranges", init: asking("bytes=0-1,5-6") },
  ])("returns the whole body without an applicable range: $id", async ({ init }) => {
    const site = await openStored();
    const seen = await site.get("/a", init);
    expect([seen.status, seen.text, seen.cacheStatus]).toEqual([200, whole, hit]);
  });

  it("returns only the requested bytes if the Cache API ignores Range", async () => {
    const site = await openStored();
    site.cache.knowsRanges = false;
    const seen = await site.get("/a", asking("bytes=503-506"));
    expect([seen.status, seen.text, seen.cacheStatus]).toEqual([206, "3456", hit]);
  });

  it("closes the stored body if the client gets a 304", async () => {
    const site = await openStored();
    const headers = { range: "bytes=0-1", "if-none-match": '"1"' };
    expect((await site.get("/a", { headers })).status).toBe(304);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });
});

describe("a range request for a large body that is stored with its record", () => {
  const large = "0123456789".repeat(100_000);

  async function openBeside(): Promise<Site> {
    const site = openSite({ origin: () => page(large, cc("max-age=60")) });
    await site.get("/a");
    return site;
  }

  it("reads only the requested bytes", async () => {
    const site = await openBeside();
    let read = 0;
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      if (found?.status === 206) read += Number(found.headers.get("content-length"));
      return found;
    };
    const seen = await site.get("/a", asking("bytes=900003-900006"));
    expect([seen.status, seen.text, seen.cacheStatus, read]).toEqual([206, "3456", hit, 4]);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });

  it("goes to the origin if the stored body now belongs to another response", async () => {
    const site = await openBeside();
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      if (found?.status === 206) found.headers.set("etag", '"another"');
      return found;
    };
    site.origin.script = () => page("01", { "content-range": "bytes 0-1/1000" }, 206);
    const seen = await site.get("/a", asking("bytes=900003-900006"));
    expect([seen.text, seen.cacheStatus]).toEqual(["01", expect.stringContaining("fwd=uri-miss")]);
  });
});

describe("a range request that must first validate", () => {
  it.each([
    { id: "streamed", digits: 1_000, bufferBytes: 8, opened: 4 },
    { id: "stored with its record", digits: 600_000, bufferBytes: undefined, opened: 600_000 },
    { id: "stored apart from its record", digits: 2_000_000, bufferBytes: undefined, opened: 4 },
  ])("gets the range of a stored body: $id", async ({ digits, bufferBytes, opened }) => {
    const text = "0123456789".repeat(digits / 10);
    const site = openSite({
      config: { limits: { bufferBytes } },
      origin: ({ headers }) =>
        headers.has("if-none-match") ? unchanged({ etag: '"1"' }) : page(text, fieldsOf(text)),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.cache.bytesOpened = 0;
    const seen = await site.get("/a", asking("bytes=503-506"));
    expect([seen.status, seen.text]).toEqual([206, "3456"]);
    expect(seen.cacheStatus).toContain("fwd-status=304; stored");
    expect(site.cache.bytesOpened).toBe(opened);
    const later = await site.get("/a", asking("bytes=503-506"));
    expect([later.text, later.cacheStatus]).toEqual(["3456", expect.stringContaining("hit")]);
    expect(site.origin.count).toBe(2);
  });

  it("gets the origin's part if the page has changed", async () => {
    const site = await openStored();
    site.clock.advance(61);
    site.origin.script = () => page("ab", { "content-range": "bytes 0-1/9", etag: '"2"' }, 206);
    const seen = await site.get("/a", asking("bytes=0-1"));
    expect([seen.status, seen.text]).toEqual([206, "ab"]);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });
});

describe("a response of the Cache API to a range request", () => {
  it.each([
    { id: "its range begins elsewhere", fields: { "content-range": "bytes 502-505/1000" } },
    { id: "its total length is different", fields: { "content-range": "bytes 503-506/999" } },
    { id: "its range is too short", fields: { "content-range": "bytes 503-505/1000" } },
    { id: "its Content-Length is too small", fields: { "content-length": "3" } },
    { id: "its Content-Range is empty", fields: { "content-range": "" } },
    { id: "its status is 416", status: 416 },
  ])("is not sent to the client if $id", async ({ status = 206, fields: changed = {} }) => {
    const site = await openStored();
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      if (found?.status !== 206) return found;
      const headers = { ...Object.fromEntries(found.headers), ...changed };
      return new Response(found.body, { status, headers });
    };
    site.origin.script = () => page("01", { "content-range": "bytes 0-1/1000" }, 206);
    const seen = await site.get("/a", asking("bytes=503-506"));
    expect([seen.text, seen.cacheStatus]).toEqual(["01", expect.stringContaining("fwd=uri-miss")]);
    await idle();
    expect(site.cache.openBodies).toBe(0);
  });

  it.each(["breaks", "ends"] as const)("is an error for the client if it %s early", async (end) => {
    const site = await openStored();
    const match = site.cache.match.bind(site.cache);
    site.cache.match = async (request) => {
      const found = await match(request);
      if (found?.status !== 206) return found;
      await found.body?.cancel();
      return new Response(chunked(["345"], end), { status: 206, headers: found.headers });
    };
    const response = await site.ask("/a", asking("bytes=503-506"));
    expect(response.status).toBe(206);
    expect(await response.text().catch(() => "an error")).toBe("an error");
  });
});
