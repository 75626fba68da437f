// The client's own conditions and ranges, which the cache answers itself (RFC 9110 §13, §14;
// RFC 9111 §4.3.2). Each row is asked once with nothing stored and once more as a hit.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, chunked, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

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

  it("a 304 with a tag that the client has not is answered whole, as freshened", async () => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    site.clock.advance(601);
    site.origin.script = () => unchanged({ etag: '"1"', "x-app": "new" });
    const seen = await site.get("/a", { headers: { "if-none-match": '"client"' } });
    expect([seen.status, seen.text, seen.fields.get("x-app")]).toEqual([200, "hello", "new"]);
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

const withTag = { etag: '"1"' };
const onlyIfChanged = { "if-none-match": '"1"' };

describe("conditions on what proves not to be storable (RFC 9110 §13.2.1)", () => {
  it.each([
    { id: "private", stored: cc("private"), init: { headers: onlyIfChanged } },
    { id: "no-store", stored: cc("no-store"), init: { headers: onlyIfChanged } },
    {
      id: "unknown-cookie",
      stored: cc("max-age=60"),
      init: { headers: { ...onlyIfChanged, cookie: "s=1" } },
    },
    {
      id: "set-cookie",
      stored: cc("max-age=60", { "set-cookie": "s=1" }),
      init: { headers: onlyIfChanged },
    },
    { id: "vary-any", stored: cc("no-cache", { vary: "*" }), init: { headers: onlyIfChanged } },
    { id: "head", stored: cc("max-age=60"), init: { method: "HEAD", headers: onlyIfChanged } },
  ])("are evaluated here: $id", async ({ stored, init }) => {
    const site = openSite({ origin: () => page("hello", { ...stored, ...withTag }) });
    const seen = await site.get("/a", init);
    expect([seen.status, seen.text, seen.fields.get("etag")]).toEqual([304, "", '"1"']);
    expect(seen.cacheStatus).toContain("fwd-status=200");
    expect((await site.get("/a")).status).toBe(200);
    await site.settle();
  });
});

describe("If-Modified-Since on what proves not to be storable (RFC 9110 §13.1.3)", () => {
  const later = { headers: { "if-modified-since": "Wed, 01 Jan 2031 12:00:00 GMT" } };
  const laterModified = { "last-modified": "Thu, 02 Jan 2031 12:00:00 GMT" };

  it.each([
    { id: "without a modification date", stored: cc("no-store") },
    {
      id: "with a later one, which is not to be stored",
      stored: cc('no-store, no-cache="last-modified"', laterModified),
    },
  ])("is not met: $id", async ({ stored }) => {
    const site = openSite({ origin: () => page("hello", stored) });
    expect((await site.get("/a", later)).status).toBe(200);
  });
});

describe("the order of conditions and range (RFC 9110 §13.2.2)", () => {
  const range = "bytes=0-1";

  it.each([
    { id: "range", asked: "bytes=0-1", status: 206 },
    { id: "unsatisfiable-range", asked: "bytes=99-", status: 416 },
  ])("a tag goes before a range that the origin would answer: $id", async ({ asked, status }) => {
    const site = openSite({
      origin: (request) =>
        request.headers.has("range") ? page("he", withTag, status) : page("hello", withTag),
    });
    const seen = await site.get("/a", { headers: { ...onlyIfChanged, range: asked } });
    expect([seen.status, seen.text]).toEqual([304, ""]);
  });

  it.each([
    { id: "tag-before-range", headers: { "if-none-match": '"1"', range }, status: 304 },
    { id: "date-before-range", headers: { "if-modified-since": modifiedOn, range }, status: 304 },
    {
      id: "tag-before-unsatisfiable-range",
      headers: { "if-none-match": '"1"', range: "bytes=99-" },
      status: 304,
    },
    {
      id: "tag-before-if-range",
      headers: { "if-none-match": '"1"', "if-range": '"2"', range },
      status: 304,
    },
    { id: "range-after-another-tag", headers: { "if-none-match": '"2"', range }, status: 206 },
    {
      id: "if-range-after-another-tag",
      headers: { "if-none-match": '"2"', "if-range": '"2"', range },
      status: 200,
    },
  ])("$id", async ({ headers, status }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    expect((await site.get("/a", { headers })).status).toBe(status);
  });
});

describe("a HEAD out of a stored body", () => {
  it.each([
    {
      id: "head-with-the-tag",
      clause: "§13.2.2",
      headers: { "if-none-match": '"1"' },
      status: 304,
    },
    {
      id: "head-with-the-date",
      clause: "§13.2.2",
      headers: { "if-modified-since": modifiedOn },
      status: 304,
    },
    {
      id: "head-with-another-tag",
      clause: "§13.2.2",
      headers: { "if-none-match": '"2"' },
      status: 200,
    },
    { id: "knows-no-range", clause: "§14.2", headers: { range: "bytes=0-1" }, status: 200 },
    { id: "refuses-no-range", clause: "§14.2", headers: { range: "bytes=99-" }, status: 200 },
  ])("$id (RFC 9110 $clause)", async ({ headers, status }) => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    expect((await site.get("/a", { method: "HEAD", headers })).status).toBe(status);
  });
});

describe("preconditions that are the origin's alone (RFC 9110 §13.1.4, §13.2.1)", () => {
  const unmodified = (text: string) => ({ "if-unmodified-since": text });

  it.each<{ id: string; headers: Readonly<Record<string, string>> }>([
    { id: "if-match", headers: { "if-match": '"2"' } },
    { id: "if-match-any", headers: { "if-match": "*" } },
    { id: "if-unmodified-since", headers: unmodified("Sun, 30 Dec 2029 12:00:00 GMT") },
    { id: "date-beside-if-match", headers: { "if-match": '"1"', ...unmodified(modifiedOn) } },
    { id: "unreadable-date", headers: unmodified("yesterday") },
    { id: "two-dates", headers: unmodified(`${modifiedOn}, ${modifiedOn}`) },
  ])("$id: it sees them, and its word stands", async ({ headers }) => {
    const site = openSite({
      origin: (_, nth) => page(`answer ${nth}`, fields, nth === 1 ? 200 : 412),
    });
    await site.get("/a");
    const seen = await site.get("/a", { headers });
    expect([seen.status, seen.text]).toEqual([412, "answer 2"]);
    for (const [name, value] of Object.entries(headers)) {
      expect(site.origin.last.fields.get(name)).toBe(value);
    }
  });

  it("If-Unmodified-Since without a modification date: likewise", async () => {
    const site = openSite({ origin: (_, nth) => page(`answer ${nth}`, cc("max-age=600")) });
    await site.get("/a");
    const seen = await site.get("/a", { headers: unmodified(modifiedOn) });
    expect([seen.status, seen.text]).toEqual([200, "answer 2"]);
  });
});

describe("conditions on what is passed by (RFC 9110 §13.2.1)", () => {
  const config = { routes: [{ name: "account", match: "/me", bypass: true }] };
  const conditions = { "if-none-match": "*", "if-modified-since": modifiedOn };

  it.each([
    { id: "route", path: "/me", init: {} },
    { id: "authorization", path: "/a", init: { headers: { authorization: "Bearer x" } } },
    { id: "post", path: "/a", init: { method: "POST" } },
    { id: "options", path: "/a", init: { method: "OPTIONS" } },
  ])("are the origin's to evaluate: $id", async ({ path, init }) => {
    const site = openSite({ config, origin: (_, nth) => page(`answer ${nth}`, fields) });
    await site.get(path);
    const headers = { ...init.headers, ...conditions };
    const seen = await site.get(path, { ...init, headers });
    expect([seen.status, seen.text]).toEqual([200, "answer 2"]);
    const { fields: asked } = site.origin.last;
    expect([asked.get("if-none-match"), asked.get("if-modified-since")]).toEqual(["*", modifiedOn]);
  });

  it("are answered by the origin's own 304", async () => {
    const site = openSite({ config, origin: () => unchanged({ etag: '"1"' }) });
    const seen = await site.get("/me", { headers: { "if-none-match": '"1"' } });
    expect([seen.status, seen.fields.get("etag")]).toEqual([304, '"1"']);
  });
});

describe("ranges and the origin (RFC 9110 §14)", () => {
  it("a Range that the origin ignores brings the whole, which is stored (§14.3)", async () => {
    const accepting = { ...fields, "accept-ranges": "bytes" };
    const site = openSite({ origin: () => page("hello", accepting) });
    const seen = await site.get("/a", { headers: { range: "bytes=0-1" } });
    expect([seen.status, seen.text]).toEqual([200, "hello"]);
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("a Content-Range in a request for a page says nothing (§14.4)", async () => {
    const site = openSite({ origin: () => page("hello", fields) });
    await site.get("/a");
    const seen = await site.get("/a", { headers: { "content-range": "bytes 0-1/5" } });
    expect([seen.status, seen.text, site.origin.count]).toEqual([200, "hello", 1]);
  });

  it.each([
    { id: "of-the-same-bytes", told: "bytes 0-1/5" },
    { id: "unit-not-understood", told: "lines 0-1/5" },
    { id: "last-before-first", told: "bytes 1-0/5" },
    { id: "longer-than-the-whole", told: "bytes 0-1/1" },
  ])(
    "a part goes to its client as it came, never into what is stored: $id (§14.4)",
    async (row) => {
      const site = openSite({ origin: () => page("hello", fields) });
      await site.get("/a");
      site.clock.advance(601);
      site.origin.script = () => page("HE", { ...fields, "content-range": row.told }, 206);
      const part = await site.get("/a", { headers: { range: "bytes=0-1" } });
      expect([part.status, part.text, part.fields.get("content-range")]).toEqual([
        206,
        "HE",
        row.told,
      ]);
      site.origin.script = () => unchanged({ etag: '"1"' });
      const whole = await site.get("/a");
      expect([whole.status, whole.text, whole.fields.get("content-range")]).toEqual([
        200,
        "hello",
        null,
      ]);
    },
  );
});
