// Tests ranges of stored bodies and from the origin (RFC 9110 §13.2.2, §14).
// test/rules/ranges.test.ts tests the rules of Range and If-Range.
import { describe, expect, it } from "vitest";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  chunked,
  type FieldTexts,
  page,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";

const modifiedOn = "Mon, 31 Dec 2029 12:00:00 GMT";
const fields = cc("max-age=600", { etag: '"1"', "last-modified": modifiedOn });
const range = "bytes=0-1";

const openHello = () => openSite({ origin: () => page("hello", fields) });
const openStreamed = () =>
  openSite({
    config: { limits: { bufferBytes: 2 } },
    origin: () =>
      new Response(chunked(["he", "ll", "o"]), { headers: { ...fields, "content-length": "5" } }),
  });

describe.each([
  { from: "memory", open: openHello },
  { from: "a body streamed from the edge tier", open: openStreamed },
])("a range from $from", ({ open }) => {
  it.each([
    { id: "first", range, status: 206, text: "he", told: "bytes 0-1/5" },
    { id: "beyond", range: "bytes=5-", status: 416, text: "", told: "bytes */5" },
    { id: "several", range: "bytes=0-0,2-2", status: 200, text: "hello", told: null },
  ])("has the expected status and bytes: $id", async ({ range: asked, status, text, told }) => {
    const site = open();
    expect((await site.get("/a")).text).toBe("hello");
    const seen = await site.get("/a", { headers: { range: asked } });
    const contentRange = seen.fields.get("content-range");
    expect([seen.status, seen.text, contentRange]).toEqual([status, text, told]);
    expect(site.origin.count).toBe(1);
  });
});

it("a part, a 304 and a 416 have no digest of other content (RFC 9530 §2, §3)", async () => {
  const digests = { "content-digest": "sha-256=:AA==:", "content-md5": "AA==" };
  const repr = { "repr-digest": "sha-256=:AA==:" };
  const site = openSite({ origin: () => page("hello", { ...fields, ...digests, ...repr }) });
  await site.get("/a");
  const named = async (init: AskInit) => {
    const { status, fields: seen } = await site.get("/a", init);
    const names = Object.keys({ ...digests, ...repr }).filter((name) => seen.has(name));
    return [status, names];
  };
  const all = Object.keys({ ...digests, ...repr });
  expect(await named({})).toEqual([200, all]);
  expect(await named({ method: "HEAD" })).toEqual([200, all]);
  expect(await named({ headers: { range } })).toEqual([206, ["repr-digest"]]);
  expect(await named({ headers: { range: "bytes=9-" } })).toEqual([416, []]);
  expect(await named({ headers: { "if-none-match": '"1"' } })).toEqual([304, ["repr-digest"]]);
});

describe("the conditions of a range request (RFC 9110 §13.2.2)", () => {
  it.each([
    { id: "if-range-matches", headers: { "if-range": '"1"', range }, status: 206 },
    { id: "if-range-does-not-match", headers: { "if-range": '"2"', range }, status: 200 },
    { id: "tag-before-range", headers: { "if-none-match": '"1"', range }, status: 304 },
    { id: "date-before-range", headers: { "if-modified-since": modifiedOn, range }, status: 304 },
    {
      id: "tag-before-unsatisfiable-range",
      headers: { "if-none-match": '"1"', range: "bytes=99-" },
      status: 304,
    },
    { id: "range-after-another-tag", headers: { "if-none-match": '"2"', range }, status: 206 },
  ])("select the status: $id", async ({ headers, status }) => {
    const site = openHello();
    await site.get("/a");
    expect((await site.get("/a", { headers })).status).toBe(status);
  });

  it.each([
    { id: "range", asked: range, status: 206 },
    { id: "unsatisfiable-range", asked: "bytes=99-", status: 416 },
  ])("replace the origin's answer to a $id with a 304", async ({ asked, status }) => {
    const tag = { etag: '"1"' };
    const site = openSite({
      origin: ({ headers }) =>
        headers.has("range") ? page("he", tag, status) : page("hello", tag),
    });
    const seen = await site.get("/a", { headers: { "if-none-match": '"1"', range: asked } });
    expect([seen.status, seen.text]).toEqual([304, ""]);
  });

  it.each([
    { id: "if-none-match", clause: "§13.2.2", headers: { "if-none-match": '"1"' }, status: 304 },
    { id: "range", clause: "§14.2", headers: { range }, status: 200 },
    { id: "unsatisfiable-range", clause: "§14.2", headers: { range: "bytes=99-" }, status: 200 },
  ])("cause a $status for HEAD: $id (RFC 9110 $clause)", async ({ headers, status }) => {
    const site = openHello();
    await site.get("/a");
    expect((await site.get("/a", { method: "HEAD", headers })).status).toBe(status);
  });
});

describe("ranges that the origin alone answers, because nothing may be stored (RFC 9110 §14)", () => {
  const lastByte = { "content-range": "bytes 4-4/5" };
  const parts = "multipart/byteranges; boundary=a";

  it.each<[id: string, asked: FieldTexts, answer: readonly [string, FieldTexts, number]]>([
    ["part", { range: "bytes=4-" }, ["o", lastByte, 206]],
    [
      "coded part",
      { range: "bytes=4-" },
      ["\u001f", { ...lastByte, "content-encoding": "x" }, 206],
    ],
    ["several parts", { range: "bytes=0-0,2-2" }, ["--a--", { "content-type": parts }, 206]],
    ["unsatisfiable range", { range: "bytes=9-" }, ["", { "content-range": "bytes */5" }, 416]],
    ["If-Range that fails", { range, "if-range": '"0"' }, ["hello", {}, 200]],
    ["date that fails", { range, "if-range": modifiedOn }, ["hello", {}, 200]],
  ])("pass unchanged: %s", async (_id, asked, [text, more, status]) => {
    let nth = 0;
    const site = openSite({
      // Two servers with different validators answer in turn.
      origin: () => page(text, cc("private", { etag: `"${(nth += 1)}"`, ...more }), status),
    });
    for (const etag of ['"1"', '"2"']) {
      const seen = await site.get("/a", { headers: asked });
      expect([seen.status, seen.text, seen.fields.get("etag")]).toEqual([status, text, etag]);
      for (const [name, value] of Object.entries(more)) expect(seen.fields.get(name)).toBe(value);
      for (const [name, value] of Object.entries(asked)) {
        expect(site.origin.last.fields.get(name)).toBe(value);
      }
    }
    expect(site.origin.count).toBe(2);
  });
});

describe("a range request (RFC 9110 §14)", () => {
  it("is forwarded with its range on a miss, and the part is not stored", async () => {
    const site = openSite({
      origin: ({ headers }) =>
        headers.has("range")
          ? page("he", { ...fields, "content-range": "bytes 0-1/5" }, 206)
          : page("hello", fields),
    });
    const part = await site.get("/a", { headers: { range } });
    expect([part.status, part.text]).toEqual([206, "he"]);
    expect((await site.get("/a")).text).toBe("hello");
    expect(site.origin.count).toBe(2);
  });

  it("gets and stores the whole response if the origin ignores Range (§14.3)", async () => {
    const site = openHello();
    const seen = await site.get("/a", { headers: { range } });
    expect([seen.status, seen.text]).toEqual([200, "hello"]);
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it.each<FieldTexts>([
    { range: "bytes=" },
    { range: "bytes=5-2" },
    { range: "items=0-1" },
    { range: `bytes=${"0-0,".repeat(99)}2-2` },
    { range, "if-range": 'W/"1"' },
    { range, "if-range": "yesterday" },
    { "if-range": '"1"' },
  ])("cannot provoke an answer for others by a range of no body: %j (§14.2)", async (headers) => {
    const site = openSite({
      origin: (request) =>
        request.headers.has("range") || request.headers.has("if-range")
          ? page("provoked", cc("max-age=60"), 404)
          : page("hello", fields),
    });
    const [seen, other] = await Promise.all([site.get("/a", { headers }), site.get("/a")]);
    expect([seen.status, seen.text, other.text]).toEqual([200, "hello", "hello"]);
    expect(site.origin.count).toBe(1);
  });

  it("gets a 416 from the whole response, if no body has its range (§14.2)", async () => {
    const site = openHello();
    const unsatisfiable = { headers: { range: "bytes=-0" } };
    expect((await site.get("/a", unsatisfiable)).text).toBe("hello");
    expect(site.origin.last.fields.has("range")).toBe(false);
    expect((await site.get("/a", unsatisfiable)).status).toBe(416);
  });

  it("is forwarded without its range for HEAD (§14.2)", async () => {
    const site = openHello();
    await site.get("/a", { method: "HEAD", headers: { range } });
    expect(site.origin.last.fields.has("range")).toBe(false);
  });

  it("has its Content-Range ignored (§14.4)", async () => {
    const site = openHello();
    await site.get("/a");
    const seen = await site.get("/a", { headers: { "content-range": "bytes 0-1/5" } });
    expect([seen.status, seen.text, site.origin.count]).toEqual([200, "hello", 1]);
  });

  it.each([
    { id: "of-the-same-bytes", told: "bytes 0-1/5" },
    { id: "unit-not-understood", told: "lines 0-1/5" },
    { id: "last-before-first", told: "bytes 1-0/5" },
  ])("gets the origin's part unchanged, which is not stored: $id (§14.4)", async ({ told }) => {
    const site = openHello();
    await site.get("/a");
    site.clock.advance(601);
    site.origin.script = () => page("HE", { ...fields, "content-range": told }, 206);
    const part = await site.get("/a", { headers: { range } });
    const contentRange = part.fields.get("content-range");
    expect([part.status, part.text, contentRange]).toEqual([206, "HE", told]);
    site.origin.script = () => unchanged({ etag: '"1"' });
    const whole = await site.get("/a");
    expect([whole.status, whole.text]).toEqual([200, "hello"]);
    expect(whole.fields.has("content-range")).toBe(false);
  });
});
