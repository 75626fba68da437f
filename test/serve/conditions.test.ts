// The client's own conditions and ranges, which the cache answers itself (RFC 9110 §13, §14;
// RFC 9111 §4.3.2). Each row is asked once with nothing stored and once more as a hit.
import { describe, expect, it } from "vitest";
import { openSite } from "../fakes/harness.ts";
import { cc, chunked, page } from "../fakes/origin-in-process.ts";

const modifiedOn = "Mon, 31 Dec 2029 12:00:00 GMT";
const fields = cc("max-age=600", { etag: '"1"', "last-modified": modifiedOn });

describe("conditions", () => {
  const rows = [
    { id: "same-tag", headers: { "if-none-match": '"1"' }, status: 304 },
    { id: "weakly-the-same", headers: { "if-none-match": 'W/"1"' }, status: 304 },
    { id: "among-others", headers: { "if-none-match": '"0", "1"' }, status: 304 },
    { id: "any", headers: { "if-none-match": "*" }, status: 304 },
    { id: "another-tag", headers: { "if-none-match": '"2"' }, status: 200 },
    { id: "not-since", headers: { "if-modified-since": modifiedOn }, status: 304 },
    {
      id: "since",
      headers: { "if-modified-since": "Sun, 30 Dec 2029 12:00:00 GMT" },
      status: 200,
    },
    {
      id: "tag-hides-date",
      headers: { "if-none-match": '"2"', "if-modified-since": modifiedOn },
      status: 200,
    },
  ];

  it.each(rows)("on a miss: $id", async ({ headers, status }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    const seen = await site.get("/a", { headers: headers });
    expect([seen.status, seen.text]).toEqual([status, status === 304 ? "" : "hello"]);
    const { fields: asked } = site.origin.last;
    expect([asked.has("if-none-match"), asked.has("if-modified-since")]).toEqual([false, false]);
    expect((await site.get("/a")).text).toBe("hello");
    expect(site.origin.count).toBe(1);
  });

  it.each(rows)("on a hit: $id", async ({ headers, status }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    const seen = await site.get("/a", { headers: headers });
    expect([seen.status, seen.text]).toEqual([status, status === 304 ? "" : "hello"]);
    expect(site.origin.count).toBe(1);
  });

  it("a 304 tells validators and lifetime, and nothing of a body (RFC 9110 §15.4.5)", async () => {
    const site = openSite({ origin: () => page("hello", fields) });
    const { fields: told } = await site.get("/a", { headers: { "if-none-match": '"1"' } });
    expect([told.get("etag"), told.get("cache-control")]).toEqual(['"1"', "max-age=600"]);
    expect([told.has("content-type"), told.has("content-length")]).toEqual([false, false]);
  });

  it("the stored response's own validators are sent, not the client's", async () => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    site.clock.advance(601);
    await site.get("/a", { headers: { "if-none-match": '"client"' } });
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
  });
});

describe("ranges out of a stored body", () => {
  const rows = [
    { id: "first", range: "bytes=0-1", status: 206, text: "he", told: "bytes 0-1/5" },
    { id: "open", range: "bytes=3-", status: 206, text: "lo", told: "bytes 3-4/5" },
    { id: "last", range: "bytes=-2", status: 206, text: "lo", told: "bytes 3-4/5" },
    { id: "past-the-end", range: "bytes=3-99", status: 206, text: "lo", told: "bytes 3-4/5" },
    { id: "beyond", range: "bytes=5-", status: 416, text: "", told: "bytes */5" },
    { id: "several", range: "bytes=0-0,2-2", status: 200, text: "hello", told: null },
    { id: "other-unit", range: "lines=0-1", status: 200, text: "hello", told: null },
  ];

  it.each(rows)("$id", async ({ range, ...expected }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    const seen = await site.get("/a", { headers: { range } });
    const { status, text } = seen;
    expect({ id: expected.id, status, text, told: seen.fields.get("content-range") }).toEqual(
      expected,
    );
    expect(site.origin.count).toBe(1);
  });

  it.each(rows)("streamed from the edge tier: $id", async ({ range, ...expected }) => {
    const site = openSite({
      config: { limits: { bufferBytes: 2 } },
      origin: () =>
        new Response(chunked(["he", "ll", "o"]), { headers: { ...fields, "content-length": "5" } }),
    });
    expect((await site.get("/a")).text).toBe("hello");
    const seen = await site.get("/a", { headers: { range } });
    const { status, text } = seen;
    expect({ id: expected.id, status, text, told: seen.fields.get("content-range") }).toEqual(
      expected,
    );
    expect(site.origin.count).toBe(1);
  });

  it.each([
    { id: "holds", ifRange: '"1"', status: 206 },
    { id: "does-not", ifRange: '"2"', status: 200 },
  ])("If-Range $id", async ({ ifRange, status }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    const headers = { range: "bytes=0-1", "if-range": ifRange };
    expect((await site.get("/a", { headers })).status).toBe(status);
  });

  it("a range that nothing stored answers goes to the origin; its part is not stored", async () => {
    const site = openSite({
      origin: (request) =>
        request.headers.has("range")
          ? page("he", { ...fields, "content-range": "bytes 0-1/5" }, 206)
          : page("hello", fields),
    });
    const part = await site.get("/a", { headers: { range: "bytes=0-1" } });
    expect([part.status, part.text]).toEqual([206, "he"]);
    expect((await site.get("/a")).text).toBe("hello");
    expect(site.origin.count).toBe(2);
  });
});
