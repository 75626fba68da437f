// Tests bodies in slices: which ranges the origin gets, and what clients receive (RFC 9110 §13, §14).
// Needs parts: fallback.
import { describe, expect, it, vi } from "vitest";
import type { WrittenAnswerRule } from "../../../src/config/written-route.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { defineRule } from "../../../src/part/rule/define-rule.ts";
import { fallback } from "../../../src/parts/fallback/fallback.ts";
import { slices } from "../../../src/parts/slices/slices.ts";
import { closedGate, type FieldTexts } from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { idle, openSite, type Site } from "../../../testing/site/harness.ts";
import {
  answered,
  bytesOf,
  getSliced,
  openSliced,
  rangesAsked,
  received,
  scriptOf,
  sliceBytes,
  type SlicedOrigin,
  inSlices,
  slicedOrigin,
  totalBytes,
} from "./sliced-origin.ts";

const rangeOf = (nth: number) => `bytes=${nth * sliceBytes}-${(nth + 1) * sliceBytes - 1}`;
const whole = bytesOf(1);

describe("a request for a range of a body in slices", () => {
  it("fetches only the slice with these bytes, once", async () => {
    const site = openSliced(slicedOrigin());
    for (const turn of [1, 2, 3]) {
      const seen = await getSliced(site, "bytes=70000-70003");
      expect([turn, seen.status, seen.isCut]).toEqual([turn, 206, false]);
      expect(seen.bytes).toEqual(Buffer.from(whole.slice(70_000, 70_004)));
      expect(seen.fields.get("content-range")).toBe(`bytes 70000-70003/${totalBytes}`);
      expect(seen.fields.get("content-length")).toBe("4");
    }
    expect(rangesAsked(site)).toEqual([rangeOf(1)]);
    expect(site.cache.text).toContain("slices");
    expect(site.origin.last.fields.get("accept-encoding")).toBe("identity");
  });

  it("fills from several requests, and a whole request fetches the rest", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site, "bytes=0-0");
    await getSliced(site, "bytes=-1");
    const seen = await getSliced(site);
    expect([seen.status, seen.isCut]).toEqual([200, false]);
    expect(seen.fields.get("content-length")).toBe(String(totalBytes));
    expect(Buffer.compare(seen.bytes, whole)).toBe(0);
    const last = `bytes=${5 * sliceBytes}-${totalBytes - 1}`;
    expect(rangesAsked(site)).toEqual([rangeOf(0), last, ...[1, 2, 3, 4].map(rangeOf)]);
    expect(site.origin.asked.slice(1).map(({ fields }) => fields.get("if-range"))).toEqual(
      Array.from({ length: 5 }, () => '"1"'),
    );
    const again = await getSliced(site);
    expect(Buffer.compare(again.bytes, whole)).toBe(0);
    expect(site.origin.count).toBe(6);
  });
});

const modifiedOn = "Mon, 31 Dec 2029 12:00:00 GMT";
const range = "bytes=70000-70003";

describe("the conditions of a request, with the head alone in memory (RFC 9110 §13, §14)", () => {
  const fields = { ...slicedOrigin().fields, "last-modified": modifiedOn };

  it.each([
    { id: "if-range-tag", headers: { range, "if-range": '"1"' }, status: 206 },
    { id: "if-range-date", headers: { range, "if-range": modifiedOn }, status: 206 },
    { id: "if-range-other-tag", headers: { range, "if-range": '"2"' }, status: 200 },
    {
      id: "if-range-beyond-the-end",
      headers: { range: "bytes=9999999-", "if-range": '"1"' },
      status: 200,
    },
    { id: "if-none-match", headers: { range, "if-none-match": '"1"' }, status: 304 },
    { id: "if-modified-since", headers: { range, "if-modified-since": modifiedOn }, status: 304 },
    { id: "if-none-match-other", headers: { range, "if-none-match": '"2"' }, status: 206 },
    { id: "beyond-the-end", headers: { range: "bytes=9999999-" }, status: 416 },
    { id: "several-ranges", headers: { range: "bytes=0-0,2-2" }, status: 200 },
  ])("decide the status: $id", async ({ headers, status }) => {
    const site = openSliced(slicedOrigin({ fields }));
    await getSliced(site, "bytes=0-0");
    const seen = await getSliced(site, undefined, headers);
    expect([seen.status, seen.isCut]).toEqual([status, false]);
    const bytes = { 200: totalBytes, 206: 4 }[status] ?? 0;
    expect(seen.bytes.length).toBe(bytes);
    const told = { 206: `bytes 70000-70003/${totalBytes}`, 416: `bytes */${totalBytes}` }[status];
    expect(seen.fields.get("content-range")).toBe(told ?? null);
    expect(site.origin.count).toBe(bytes === 0 ? 1 : bytes === 4 ? 2 : 6);
  });

  it("give HEAD the whole length, without a slice", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site, "bytes=0-0");
    const { status, fields: seen } = await site.get("/v", { method: "HEAD", headers: { range } });
    expect([status, seen.get("content-length")]).toEqual([200, String(totalBytes)]);
    expect(site.origin.count).toBe(1);
  });

  it.each([
    { id: "unsatisfiable", headers: { range: "bytes=9999999-" }, status: 416, asked: 2 },
    { id: "if-range-holds", headers: { range, "if-range": '"1"' }, status: 206, asked: 1 },
    { id: "if-range-fails", headers: { range, "if-range": '"2"' }, status: 200, asked: 6 },
    { id: "if-none-match", headers: { range, "if-none-match": '"1"' }, status: 304, asked: 1 },
  ])("hold on a miss too: $id", async ({ headers, status, asked }) => {
    const site = openSliced(slicedOrigin());
    const seen = await getSliced(site, undefined, headers);
    expect([seen.status, seen.isCut, site.origin.count]).toEqual([status, false, asked]);
  });
});

describe("a body in slices is valid while its head is", () => {
  it("a 304 renews the head and keeps the slices", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site);
    expect(site.origin.count).toBe(6);
    site.clock.advance(601);
    const seen = await getSliced(site);
    expect(Buffer.compare(seen.bytes, whole)).toBe(0);
    expect(site.origin.count).toBe(7);
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect(seen.fields.get("cache-status")).toContain("fwd=stale; fwd-status=304");
  });

  it("another body after the expiry begins a new generation", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site);
    site.clock.advance(601);
    origin.version = 2;
    const part = await getSliced(site, range);
    expect(part.bytes).toEqual(Buffer.from(bytesOf(2).slice(70_000, 70_004)));
    const seen = await getSliced(site);
    expect(Buffer.compare(seen.bytes, bytesOf(2))).toBe(0);
    expect(site.origin.count).toBe(12);
  });

  it("serves stale while a refresh asks for the head alone", async () => {
    const fields = { "cache-control": "max-age=60, stale-while-revalidate=600" };
    const site = openSliced(slicedOrigin({ fields }));
    await getSliced(site);
    site.clock.advance(61);
    const seen = await getSliced(site, range);
    expect(seen.status).toBe(206);
    expect(site.origin.count).toBe(7);
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect((await getSliced(site, range)).fields.get("cache-status")).toMatch(/; hit; ttl=60/);
  });
});

describe("an origin that breaks the rules of ranges", () => {
  const changed = (change: (answer: Response) => Response | Promise<Response>) =>
    slicedOrigin({ change: (answer) => (answer.status === 206 ? change(answer) : answer) });
  const withField = (name: string, value: string) =>
    changed((answer) => {
      answer.headers.set(name, value);
      return answer;
    });
  const withBody = (from: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) =>
    changed(async (answer) => {
      const headers = new Headers(answer.headers);
      headers.delete("content-length");
      const body = from(new Uint8Array(await answer.arrayBuffer()));
      return new Response(body, { status: 206, headers });
    });

  it.each([
    { id: "weak-validator", origin: slicedOrigin({ tag: () => 'W/"1"' }) },
    { id: "no-validator", origin: slicedOrigin({ tag: () => undefined }) },
    { id: "coded", origin: withField("content-encoding", "gzip") },
    { id: "total-unknown", origin: withField("content-range", "bytes 65536-131071/*") },
    { id: "another-range", origin: withField("content-range", `bytes 0-65535/${totalBytes}`) },
    { id: "multipart", origin: withField("content-range", "") },
    { id: "wrong-length", origin: withField("content-length", "7") },
    { id: "cookie", origin: withField("set-cookie", "session=0123456789abcdef") },
    { id: "private", origin: withField("cache-control", "private, max-age=600") },
    { id: "no-store", origin: withField("cache-control", "no-store") },
    { id: "vary-any", origin: withField("vary", "*") },
  ])("gets the client's own request, and no slice is stored: $id", async ({ origin }) => {
    const site = openSliced(origin);
    expect((await getSliced(site, range)).status).toBe(206);
    expect(site.cache.text).not.toContain("slices");
    // The next range is not asked for in slices.
    await getSliced(site, "bytes=70001-70002");
    expect(rangesAsked(site)).toEqual([rangeOf(1), range, "bytes=70001-70002"]);
  });

  it("ignores ranges, and the whole body is stored as usual", async () => {
    const site = openSliced(slicedOrigin({ ignoresRange: true }));
    expect((await getSliced(site, range)).status).toBe(200);
    expect((await getSliced(site, range)).status).toBe(206);
    expect(rangesAsked(site)).toEqual([rangeOf(1)]);
  });

  it.each([
    { id: "trailing-garbage", from: (bytes: Uint8Array) => Buffer.concat([bytes, bytes]) },
    { id: "too-few-bytes", from: (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(1) },
  ])("never gets its bytes stored, and a body of them is cut off: $id", async ({ from }) => {
    const liar = withBody((bytes) => new Uint8Array(from(bytes)));
    const first = openSliced(liar);
    await getSliced(first, range);
    expect(first.cache.text).not.toContain("slices");
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    origin.change = liar.change!;
    const seen = await getSliced(site);
    expect([seen.status, seen.isCut]).toEqual([200, true]);
    expect(Buffer.compare(seen.bytes, whole.slice(0, sliceBytes))).toBe(0);
  });

  it.each([{ ignoresIfRange: true }, { ignoresIfRange: false }])(
    "never mixes two bodies, whose origin changes between slices: %o",
    async ({ ignoresIfRange }) => {
      const origin = slicedOrigin({ ignoresIfRange });
      const site = openSliced(origin);
      await getSliced(site, "bytes=0-0");
      origin.version = 2;
      const cut = await getSliced(site);
      expect([cut.isCut, cut.bytes.length]).toEqual([true, sliceBytes]);
      const seen = await getSliced(site);
      expect(Buffer.compare(seen.bytes, bytesOf(2))).toBe(0);
    },
  );

  it.each<[id: string, fields: FieldTexts, status?: number]>([
    ["another length", { "content-range": `bytes 65536-131071/${totalBytes + 1}` }],
    [
      "another range",
      { "content-range": `bytes 65535-131071/${totalBytes}`, "content-length": "65537" },
    ],
    ["no Content-Range", { "content-range": "" }],
    ["another ETag", { etag: '"2"' }],
    ["a weak ETag", { etag: 'W/"1"' }],
    ["a content coding", { "content-encoding": "gzip" }],
    ["several parts", { "content-type": "multipart/byteranges; boundary=a", "content-range": "" }],
    ["a 200 with the old ETag", {}, 200],
    ["a 416", {}, 416],
    ["an error", {}, 503],
  ])(
    "sends a later slice with %s, and the body is cut off before it",
    async (_id, fields, status) => {
      const origin = slicedOrigin();
      const site = openSliced(origin);
      await getSliced(site, "bytes=0-0");
      origin.change = (answer, { headers }) => {
        if (!headers.has("if-range")) return answer;
        const sent = new Headers(answer.headers);
        for (const [name, value] of Object.entries(fields)) sent.set(name, value);
        return new Response(answer.body, { status: status ?? 206, headers: sent });
      };
      const cut = await getSliced(site);
      expect([cut.isCut, cut.bytes]).toEqual([true, Buffer.from(whole.slice(0, sliceBytes))]);
      const seen = await getSliced(site, range);
      expect([seen.status, seen.bytes]).toEqual([206, Buffer.from(whole.slice(70_000, 70_004))]);
    },
  );

  it("answers a client with the new body if the first slice it wants has changed", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    origin.version = 2;
    const seen = await getSliced(site, range);
    expect([seen.status, seen.isCut]).toEqual([206, false]);
    expect(seen.bytes).toEqual(Buffer.from(bytesOf(2).slice(70_000, 70_004)));
  });

  it("is not sliced for an hour if two servers with other validators answer in turn", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    for (const nth of [0, 1, 2, 3]) {
      origin.version = 1 + (nth % 2);
      await getSliced(site, `bytes=${nth * sliceBytes}-${nth * sliceBytes}`);
    }
    site.origin.asked.length = 0;
    await getSliced(site, range);
    expect(rangesAsked(site)).toEqual([range]);
    site.clock.advance(3_601);
    await getSliced(site, range);
    expect(rangesAsked(site)).toEqual([range, rangeOf(1)]);
  });

  it("has lied about the total, and the body is cut off", async () => {
    const origin = slicedOrigin({
      change: (answer) => {
        const told = answer.headers.get("content-range")?.replace(/\/.*/, "/99999999");
        if (answer.status === 206) answer.headers.set("content-range", told ?? "");
        return answer;
      },
    });
    const seen = await getSliced(openSliced(origin));
    expect([seen.status, seen.isCut]).toEqual([200, true]);
    expect(Buffer.compare(seen.bytes, whole.slice(0, 5 * sliceBytes))).toBe(0);
  });
});

describe("the length of a body is remembered", () => {
  const last = `bytes=${5 * sliceBytes}-${6 * sliceBytes - 1}`;

  it("after a 416, so that later ranges beyond the end cost no request", async () => {
    const site = openSliced(slicedOrigin());
    const beyond = "bytes=9999999-";
    const before = rangeOf(152);
    for (const asked of [[before, beyond], [rangeOf(0)], [], []]) {
      site.origin.asked.length = 0;
      const seen = await getSliced(site, beyond);
      expect([seen.status, seen.fields.get("content-range")]).toEqual([
        416,
        `bytes */${totalBytes}`,
      ]);
      expect(rangesAsked(site)).toEqual(asked);
    }
  });

  it("after a head that is stale, so that a suffix costs one slice", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    site.clock.advance(601);
    origin.version = 2;
    site.origin.asked.length = 0;
    const seen = await getSliced(site, "bytes=-2");
    expect(Buffer.compare(seen.bytes, bytesOf(2).slice(-2))).toBe(0);
    expect(rangesAsked(site)).toEqual([last]);
  });

  it("in another isolate from the head alone", async () => {
    const origin = slicedOrigin();
    const { cache, clock } = openSliced(origin);
    const first = openSliced(origin, { cache, clock });
    await getSliced(first, "bytes=0-0");
    clock.advance(601);
    origin.version = 2;
    const site = openSliced(origin, { cache, clock });
    expect((await getSliced(site, "bytes=-2")).status).toBe(206);
    expect(rangesAsked(site)).toEqual([last]);
  });

  it("and a body of another length only costs a further request", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    site.clock.advance(601);
    origin.change = (_, request) => answered(request, slicedOrigin({ version: 2, length: 70_000 }));
    for (const _ of [1, 2]) {
      const seen = await getSliced(site, "bytes=69998-69999");
      expect(Buffer.compare(seen.bytes, bytesOf(2, 70_000).slice(-2))).toBe(0);
    }
    site.clock.advance(601);
    origin.change = (_, request) => answered(request, slicedOrigin({ version: 3 }));
    expect((await getSliced(site, range)).bytes).toEqual(
      Buffer.from(bytesOf(3).slice(70_000, 70_004)),
    );
  });
});

describe("a small body on a route with slices", () => {
  it("is stored like any other body", async () => {
    const site = openSliced(slicedOrigin({ length: 1_000 }));
    expect((await getSliced(site)).bytes.length).toBe(1_000);
    expect((await getSliced(site, "bytes=10-19")).bytes.length).toBe(10);
    expect(site.origin.count).toBe(1);
    expect(site.cache.text).not.toContain("slices");
  });

  const small = (more: FieldTexts = {}, length = 1_000) =>
    slicedOrigin({ length, fields: { ...slicedOrigin().fields, ...more } });

  it.each([
    { id: "first-bytes", asked: "bytes=0-1", told: "bytes 0-1/1000", bytes: 2 },
    { id: "open", asked: "bytes=0-", told: "bytes 0-999/1000", bytes: 1_000 },
    { id: "middle", asked: "bytes=5-9", told: "bytes 5-9/1000", bytes: 5 },
    { id: "suffix", asked: "bytes=-5", told: "bytes 995-999/1000", bytes: 5 },
    { id: "beyond-the-end", asked: "bytes=1000-", told: "bytes */1000", bytes: 0 },
    { id: "several", asked: "bytes=0-0,2-2", told: null, bytes: 1_000 },
  ])("gets the client's range from the first request on: $id", async ({ asked, told, bytes }) => {
    const site = openSliced(small());
    const status = told === null ? 200 : bytes === 0 ? 416 : 206;
    for (const state of ["stored", "hit"]) {
      const seen = await getSliced(site, asked);
      expect([seen.status, seen.fields.get("content-range"), seen.isCut]).toEqual([
        status,
        told,
        false,
      ]);
      expect(seen.bytes.length).toBe(bytes);
      // A 416 has no length.
      expect(seen.fields.get("content-length") ?? "0").toBe(String(bytes));
      expect(seen.fields.get("cache-status")).toContain(state);
    }
    expect(rangesAsked(site)).toEqual([rangeOf(0)]);
  });

  it.each([
    { id: "if-range-holds", headers: { "if-range": '"1"' }, status: 206 },
    { id: "if-range-fails", headers: { "if-range": '"2"' }, status: 200 },
    { id: "if-none-match", headers: { "if-none-match": '"1"' }, status: 304 },
  ])("evaluates the conditions of the first request: $id", async ({ headers, status }) => {
    const site = openSliced(small());
    expect((await getSliced(site, "bytes=0-1", headers)).status).toBe(status);
    expect(site.origin.count).toBe(1);
  });

  it("that may not be stored also gets the client's range", async () => {
    const site = openSliced(small({ "cache-control": "no-store" }));
    const { status, bytes } = await getSliced(site, "bytes=0-1");
    expect([status, bytes.length]).toEqual([206, 2]);
  });

  it("of a file that was large is the new version, for the client's range", async () => {
    const [large, now] = [slicedOrigin(), small()];
    now.version = 2;
    const site = openSliced(large);
    await getSliced(site, "bytes=0-0");
    site.clock.advance(601);
    large.change = (_, request) => answered(request, now);
    const { status, bytes } = await getSliced(site, "bytes=0-1");
    expect([status, Buffer.compare(bytes, bytesOf(2).slice(0, 2))]).toEqual([206, 0]);
  });

  it("shows no origin that ignores ranges, so that later ranges wait for no whole body", async () => {
    const origin = small({ "cache-control": "max-age=60" });
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-1");
    site.clock.advance(61);
    origin.version = 2;
    origin.fields = { "cache-control": "no-store" };
    await getSliced(site, "bytes=0-1");
    expect(rangesAsked(site)).toEqual([rangeOf(0), rangeOf(0)]);
  });
});

describe("the limits of one answer", () => {
  it("pass the rest by in one request", async () => {
    const site = openSliced(slicedOrigin(), {}, 2);
    const seen = await getSliced(site);
    expect(Buffer.compare(seen.bytes, whole)).toBe(0);
    const rest = `bytes=${3 * sliceBytes}-${totalBytes - 1}`;
    expect(rangesAsked(site)).toEqual([...[0, 1, 2].map(rangeOf), rest]);
  });

  it("count slices that are read from stores", async () => {
    const site = openSliced(slicedOrigin(), {}, 1);
    for (let nth = 0; nth < 6; nth += 1)
      await getSliced(site, `bytes=${nth * sliceBytes}-${nth * sliceBytes}`);
    site.origin.asked.length = 0;
    expect(Buffer.compare((await getSliced(site)).bytes, whole)).toBe(0);
    expect(rangesAsked(site)).toEqual([`bytes=${2 * sliceBytes}-${totalBytes - 1}`]);
  });

  it("keep memory within the budget", async () => {
    const use = [slices({ sliceBytes, fetchesMax: 10_000 })];
    const config = { routes: [{ name: "video", match: "/v*", use }] };
    const limits = { memoryBytes: 4_194_304 };
    const length = 64 * 1_048_576;
    const site = openSliced(slicedOrigin({ length }), { config: { ...config, limits } });
    const response = await site.ask("/v");
    const reader = response.body?.getReader();
    await reader?.read();
    for (let turn = 0; turn < 50; turn += 1) await new Promise((next) => setImmediate(next));
    // The client reads no further, and no more than one slice is read ahead.
    expect(site.origin.count).toBeLessThanOrEqual(4);
    await reader?.cancel();
    await site.settle();
  });
});

describe("clients that have left before the head, whose requests the runtime ends without notice", () => {
  const routes = [{ name: "video", match: "/v*", use: [inSlices] }];
  const config = { routes, limits: { memoryBytes: 4_194_304 } };
  const length = 64 * sliceBytes;
  const askedNext = async (site: Site) => {
    site.origin.asked.length = 0;
    const reading = site.ask("/v", { headers: { range: "bytes=4000000-4000003" } });
    await idle();
    void reading;
    return rangesAsked(site);
  };

  it.each([
    {
      id: "no answer of the origin",
      seconds: 45,
      answer: () => new Promise<Response>(() => undefined),
    },
    {
      id: "a body that stalls",
      seconds: 45,
      answer: ({ status, headers }: Response) =>
        new Response(new ReadableStream({}), { status, headers }),
    },
    { id: "a slice that the client has not begun to read", seconds: 30, answer: undefined },
  ])("hold no memory after $seconds s: $id", async ({ answer, seconds }) => {
    const origin = slicedOrigin({ length });
    const site = openSliced(origin, { config });
    await getSliced(site, "bytes=0-0");
    if (answer !== undefined) origin.change = answer;
    for (let nth = 1; nth <= 25; nth += 1) {
      void site.ask("/v", { headers: { range: `bytes=${nth * sliceBytes}-${nth * sliceBytes}` } });
    }
    await idle();
    expect(await askedNext(site)).toEqual(["bytes=4000000-4000003"]);
    site.clock.advance(seconds - 1);
    expect(await askedNext(site)).toEqual(["bytes=4000000-4000003"]);
    site.clock.advance(1);
    expect(await askedNext(site)).toEqual([rangeOf(61)]);
  });
});

describe("a crowd", () => {
  it("on one slice causes one request, and on a new body one for each slice", async () => {
    const site = openSliced(slicedOrigin());
    const ranges = Array.from({ length: 300 }, (_, nth) => 60_000 * (nth % 5));
    const asked = ranges.map((from) =>
      site.ask("/v", { headers: { range: `bytes=${from}-${from + 3}` } }).then(received),
    );
    for (const [nth, seen] of (await Promise.all(asked)).entries()) {
      const from = ranges[nth] ?? 0;
      expect(Buffer.compare(seen.bytes, whole.slice(from, from + 4))).toBe(0);
    }
    await site.settle();
    expect(site.origin.count).toBe(
      new Set(ranges.map((from) => Math.floor(from / sliceBytes))).size,
    );
  });

  it.each([
    { id: "after a first range", isCold: false },
    { id: "on a cold file", isCold: true },
  ])("of 300 with a hostile client costs the origin each slice once: $id", async ({ isCold }) => {
    const site = openSliced(slicedOrigin());
    if (!isCold) await getSliced(site, "bytes=0-0");
    const hostile = (nth: number) =>
      [
        "bytes=0-0",
        `bytes=-${1 + nth}`,
        `bytes=${totalBytes + nth}-`,
        `bytes=${(nth * 7_919) % totalBytes}-${totalBytes * 9}`,
        `bytes=${(nth * 104_729) % totalBytes}-${(nth * 104_729) % totalBytes}`,
      ][nth % 5];
    const asked = Array.from({ length: 300 }, async (_, nth) => {
      const given = nth % 2 === 0 ? range : hostile(nth);
      const answer = await site.ask("/v", { headers: { range: given ?? "" } });
      // A hostile client does not read its answers.
      if (nth % 2 === 1 && nth % 10 > 4) return answer.body?.cancel();
      const seen = await received(answer);
      expect([seen.isCut, seen.status === 416 || seen.status === 206]).toEqual([false, true]);
      const wanted = given === range ? Buffer.from(whole.slice(70_000, 70_004)) : seen.bytes;
      expect(seen.bytes).toEqual(wanted);
      return undefined;
    });
    await Promise.all(asked);
    await site.settle();
    expect(site.origin.count).toBeLessThanOrEqual(6);
    expect(site.cache.openBodies).toBe(0);
  });

  it.each([
    { id: "first-byte", rangeAt: () => "bytes=0-0", asked: 1, statuses: [206] },
    { id: "suffixes", rangeAt: (nth: number) => `bytes=-${1 + nth}`, asked: 2, statuses: [206] },
    { id: "no-suffix", rangeAt: () => "bytes=-0", asked: 1, statuses: [416] },
    {
      id: "beyond-the-end",
      rangeAt: (nth: number) => `bytes=${totalBytes + nth}-`,
      asked: 1,
      statuses: [416],
    },
    {
      id: "first-beyond-the-end",
      rangeAt: (nth: number) => (nth === 0 ? "bytes=9999999-" : range),
      asked: 4,
      statuses: [206, 416],
    },
    {
      id: "ignored",
      rangeAt: (nth: number) =>
        ["bytes=5-1", "bytes=", "lines=0-1", "bytes=0-0,5-5"][nth % 4] ?? "",
      asked: 6,
      statuses: [200],
    },
  ])("with odd ranges of a cold file costs few requests: $id", async ({ rangeAt, ...expected }) => {
    const site = openSliced(slicedOrigin());
    const asked = Array.from({ length: 200 }, async (_, nth) => {
      const { status, isCut } = await received(
        await site.ask("/v", { headers: { range: rangeAt(nth) } }),
      );
      return isCut ? "cut" : status;
    });
    const statuses = new Set(await Promise.all(asked));
    await site.settle();
    expect(statuses).toEqual(new Set(expected.statuses));
    expect(site.origin.count).toBe(expected.asked);
  });

  it("of slow readers costs each slice once, however many pieces wait", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site, "bytes=0-0");
    const crowd = await Promise.all(
      Array.from({ length: 250 }, async () => (await site.ask("/v")).body?.getReader()),
    );
    // Every reader takes a piece, and none takes its next one before the others have.
    const lengths = crowd.map(() => 0);
    for (let reading = true; reading;) {
      await idle();
      const taken = await Promise.all(crowd.map(async (reader) => (await reader?.read())?.value));
      for (const [nth, chunk] of taken.entries()) lengths[nth]! += chunk?.length ?? 0;
      reading = taken.some((chunk) => chunk !== undefined);
    }
    await site.settle();
    expect(new Set(lengths)).toEqual(new Set([totalBytes]));
    expect(site.origin.count).toBe(6);
  });

  it("costs the origin each slice once, although a read of the cache outlasts a fetch", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site, "bytes=0-0");
    const gate = closedGate();
    const { cache } = site;
    const match = cache.match.bind(cache);
    vi.spyOn(cache, "match").mockImplementationOnce(async (request) => {
      const found = await match(request);
      await gate.opened;
      return found;
    });
    const late = site.ask("/v", { headers: { range } }).then(received);
    await idle();
    await received(await site.ask("/v", { headers: { range } }));
    await idle();
    gate.open();
    expect((await late).bytes).toEqual(Buffer.from(whole.slice(70_000, 70_004)));
    await site.settle();
    expect(rangesAsked(site)).toEqual([rangeOf(0), rangeOf(1)]);
  });

  it("does not depend on a client that leaves", async () => {
    const site = openSliced(slicedOrigin());
    const leaving = await site.ask("/v");
    await leaving.body?.cancel();
    await site.settle();
    const before = site.origin.count;
    expect(before).toBeLessThanOrEqual(3);
    expect(Buffer.compare((await getSliced(site)).bytes, whole)).toBe(0);
    expect(site.origin.count).toBe(6);
  });
});

/** Answers each request for a further slice with an error. */
const failsWithIfRange = (answer: Response, { headers }: Request) =>
  headers.has("if-range") ? new Response("busy", { status: 503 }) : answer;

describe("an answer that came without a lookup of its first slice", () => {
  it("to a request that waited is the origin's own if the slice cannot be fetched", async () => {
    const origin = slicedOrigin({ change: failsWithIfRange });
    const site = openSliced(origin);
    const [, second] = await Promise.all([getSliced(site, "bytes=0-0"), getSliced(site, range)]);
    expect([second.status, second.isCut]).toEqual([206, false]);
    expect(second.bytes).toEqual(Buffer.from(whole.slice(70_000, 70_004)));
    expect(rangesAsked(site)).toEqual([rangeOf(0), rangeOf(1), range]);
  });

  it("after a 304 is the origin's own if the slice cannot be fetched", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    site.clock.advance(601);
    origin.change = failsWithIfRange;
    const seen = await getSliced(site, range);
    expect([seen.status, seen.isCut]).toEqual([206, false]);
    expect(seen.bytes).toEqual(Buffer.from(whole.slice(70_000, 70_004)));
  });
});

it("an origin that ignores If-None-Match keeps the slices by its strong validator", async () => {
  const origin = slicedOrigin();
  const site = openSliced(origin);
  await getSliced(site);
  site.clock.advance(601);
  origin.change = (answer, { headers }) => {
    if (!headers.has("if-none-match")) return answer;
    headers.delete("if-none-match");
    return answered(new Request("https://www.example.com/v", { headers }), origin);
  };
  site.origin.asked.length = 0;
  expect(Buffer.compare((await getSliced(site)).bytes, whole)).toBe(0);
  expect(rangesAsked(site)).toEqual([rangeOf(0)]);
});

it("a range of a stored slice is one request to the Cache API", async () => {
  const site = openSliced(slicedOrigin());
  await getSliced(site, range);
  site.cache.matches = 0;
  site.cache.bytesOpened = 0;
  await getSliced(site, range);
  expect([site.cache.matches, site.cache.bytesOpened]).toEqual([1, 4]);
});

it("a cache that ignores ranges sends the whole slice, of which the answer has a part", async () => {
  const site = openSliced(slicedOrigin());
  site.cache.knowsRanges = false;
  for (const _ of [1, 2]) {
    const { bytes } = await getSliced(site, "bytes=65000-70003");
    expect(Buffer.compare(bytes, whole.slice(65_000, 70_004))).toBe(0);
  }
  expect(site.origin.count).toBe(2);
});

it("Cache-Status and the log name the requests for slices (RFC 9211 §2.2)", async () => {
  const routes = [{ name: "video", match: "/v*", use: [inSlices] }];
  const site = openSliced(slicedOrigin(), { config: { routes, logs: { sample: 1 } } });
  await getSliced(site, "bytes=0-0");
  const statusOf = async (asked: string) =>
    (await getSliced(site, asked)).fields.get("cache-status");
  expect(await statusOf(range)).toMatch(/fwd=partial; fwd-status=206/);
  expect(await statusOf(range)).toMatch(/hit;/);
  await getSliced(site);
  const statuses = site.lines
    .filter(({ event }) => event === "request")
    .map((line) => (line as Record<string, unknown>)["tidemark.origin_status"]);
  expect(statuses).toEqual([206, 206, undefined, 206]);
});

describe("a client above its limit", () => {
  it("gets the rest of a body in one request, and each slice counts", async () => {
    let left = 3;
    const env = { ORIGIN_LIMITER: { limit: async () => ({ success: (left -= 1) >= 0 }) } };
    const site = openSliced(slicedOrigin(), { env });
    const seen = await getSliced(site, undefined, { "cf-connecting-ip": "192.0.2.1" });
    expect([seen.isCut, Buffer.compare(seen.bytes, whole)]).toEqual([false, 0]);
    const rest = `bytes=${3 * sliceBytes}-${totalBytes - 1}`;
    expect(rangesAsked(site)).toEqual([...[0, 1, 2].map(rangeOf), rest]);
  });

  it("causes no fetch of a slice, but gets those that are stored", async () => {
    let isLeft = true;
    const env = { ORIGIN_LIMITER: { limit: async () => ({ success: isLeft }) } };
    const site = openSliced(slicedOrigin(), { env });
    const headers = { "cf-connecting-ip": "192.0.2.1" };
    await getSliced(site, "bytes=0-0", headers);
    isLeft = false;
    expect((await getSliced(site, "bytes=0-9", headers)).status).toBe(206);
    expect((await getSliced(site, range, headers)).status).toBe(429);
    expect(site.origin.count).toBe(1);
  });
});

describe("without a Cache API", () => {
  it("slices are in memory", async () => {
    const site = openSliced(slicedOrigin(), { hasCache: false });
    for (const _ of [1, 2]) expect(Buffer.compare((await getSliced(site)).bytes, whole)).toBe(0);
    expect(site.origin.count).toBe(6);
  });
});

describe("a configuration with slices", () => {
  it("finds no body in a head that another deployment has stored", async () => {
    const sliced = openSliced(slicedOrigin());
    await getSliced(sliced);
    const { cache, clock } = sliced;
    const site = openSite({ cache, clock, origin: () => new Response("whole") });
    expect((await site.get("/v")).text).toBe("whole");
  });

  it.each([{ sliceBytes: 65_535 }, { sliceBytes: 8_388_609 }, { fetchesMax: 0 }])(
    "is refused for an option outside its limits: %o",
    (options) => expect(() => slices(options)).toThrow("Give a whole number from"),
  );
});

describe("a head without its first slice", () => {
  it("does not stand in for an error of the origin", async () => {
    const origin = slicedOrigin({ fields: { "cache-control": "max-age=60, stale-if-error=600" } });
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    site.clock.advance(61);
    origin.change = () => new Response("broken", { status: 503 });
    expect((await getSliced(site, range)).status).toBe(503);
    expect((await getSliced(site, "bytes=0-0")).status).toBe(206);
  });

  it("is no answer to only-if-cached, and the origin is not asked", async () => {
    const site = openSliced(slicedOrigin());
    await getSliced(site, "bytes=0-0");
    const headers = { "cache-control": "only-if-cached" };
    expect((await getSliced(site, range, headers)).status).toBe(504);
    expect((await getSliced(site, "bytes=0-0", headers)).status).toBe(206);
    expect(site.origin.count).toBe(1);
  });

  it("pauses slicing if the slice cannot be fetched, and keeps the other slices", async () => {
    const origin = slicedOrigin();
    const site = openSliced(origin);
    await getSliced(site, "bytes=0-0");
    origin.change = (answer, { headers }) =>
      headers.has("if-range") ? new Response("busy", { status: 503 }) : answer;
    expect((await getSliced(site, range)).bytes.length).toBe(4);
    expect(rangesAsked(site)).toEqual([rangeOf(0), rangeOf(1), range]);
    origin.change = (answer) => answer;
    await getSliced(site, "bytes=0-0");
    expect(site.origin.count).toBe(3);
  });
});

it("a 304 keeps the body of a route without memory", async () => {
  const routes = [{ name: "video", match: "/v*", use: [inSlices], tiers: ["edge" as const] }];
  const site = openSliced(slicedOrigin(), { config: { routes } });
  await getSliced(site);
  site.clock.advance(601);
  for (const _ of [1, 2]) expect(Buffer.compare((await getSliced(site)).bytes, whole)).toBe(0);
  expect(site.origin.count).toBe(7);
  expect(site.cache.openBodies).toBe(0);
});

it("one new body does not stop slicing, although several answers meet it", async () => {
  const origin = slicedOrigin();
  const site = openSliced(origin);
  await getSliced(site, "bytes=0-0");
  origin.version = 2;
  await Promise.all([getSliced(site, range), getSliced(site, "bytes=140000-140003")]);
  site.origin.asked.length = 0;
  await getSliced(site, `bytes=${4 * sliceBytes}-${4 * sliceBytes}`);
  expect(rangesAsked(site)).toEqual([rangeOf(4)]);
});

it("a client cannot switch slicing off for others by a field of its own", async () => {
  const origin = slicedOrigin({
    change: (answer, { headers }) => {
      if (headers.has("origin")) answer.headers.set("vary", "accept-language");
      return answer;
    },
  });
  const site = openSliced(origin);
  await getSliced(site, range, { origin: "https://evil.example", "accept-language": "xx" });
  expect(rangesAsked(site)).toEqual([rangeOf(1), range]);
  await getSliced(site, range);
  expect(rangesAsked(site).slice(2)).toEqual([rangeOf(1)]);
});

it.each<FieldTexts>([
  { "set-cookie": "a=0123456789abcdef" },
  { "cache-control": "no-store" },
  { "cache-control": "max-age=60; private" },
  { "cdn-cache-control": "no-store" },
  { "x-refused": "1" },
  { "x-failed": "1" },
])("a slice that may not be stored cuts the body off: %o", async (fields) => {
  const rule = defineRule({
    name: "rule",
    refuses: ({ headers }) => headers.has("x-refused"),
    fails: ({ headers }) => headers.has("x-failed"),
  });
  const origin = slicedOrigin();
  const routes = [{ name: "video", match: "/v*", use: [inSlices, rule] }];
  const site = openSliced(origin, { config: { routes } });
  await getSliced(site, "bytes=0-0");
  const { puts } = site.cache;
  origin.fields = { ...origin.fields, ...fields };
  expect((await getSliced(site)).isCut).toBe(true);
  expect(site.cache.puts).toBe(puts);
});

it("a digest of one slice is not sent with the body", async () => {
  const site = openSliced(
    slicedOrigin({ fields: { ...slicedOrigin().fields, "content-md5": "x" } }),
  );
  expect((await getSliced(site)).fields.get("content-md5")).toBe(null);
});

type RouteOptions = Partial<NonNullable<ConfigInput["routes"]>[number]>;

describe("a head is stored by the steps of any other response", () => {
  const video = { name: "video", match: "/v*", use: [inSlices] };
  const openWith = (origin: SlicedOrigin, route: RouteOptions) =>
    openSliced(origin, { config: { routes: [{ ...video, ...route }] } });
  const ask = async (site: Site, path: string, headers: FieldTexts = { range: "bytes=0-9" }) => {
    const seen = await received(await site.ask(path, { headers }));
    await site.settle();
    return seen;
  };
  const withFields = (more: FieldTexts) =>
    slicedOrigin({ fields: { ...slicedOrigin().fields, ...more } });

  it("notes that pages vary without Vary", async () => {
    const origin = slicedOrigin({ tag: () => 'W/"1"' });
    origin.change = (answer, { headers }) => {
      const isData = headers.get("accept") === "application/json";
      if (isData) answer.headers.set("content-type", "application/json");
      return answer;
    };
    const site = openWith(origin, {});
    // The weak tag stops slicing, so the client's own request is stored.
    await ask(site, "/v", { range: "bytes=0-9" });
    await ask(site, "/v", { accept: "application/json" });
    site.clock.advance(3_601);
    origin.tag = () => '"1"';
    expect(countsOf(site, "silentVariations")).toEqual({});
    await ask(site, "/v", { range: "bytes=0-9" });
    expect(countsOf(site, "silentVariations")).toEqual({ "silentVariations|video": 1 });
  });

  const when = { status: 200 };
  const cookie = { "set-cookie": "lb=0123456789abcdef" };
  const qualified = { ...cookie, "cache-control": 'max-age=600, private="set-cookie"' };

  it.each<[id: string, fields: FieldTexts, route: RouteOptions]>([
    ["a cookie, with setCookie", cookie, { setCookie: "strip" }],
    ["a cookie, with cookies.ignore", cookie, { cookies: { ignore: ["lb"] } }],
    ["a cookie, with a rule", cookie, { answer: [{ when, strip: ["set-cookie"] }] }],
    ["a private cookie, with a rule", qualified, { answer: [{ when, strip: ["set-cookie"] }] }],
  ])("lacks what the route drops, and so do its slices: %s", async (_id, fields, route) => {
    const site = openWith(withFields(fields), route);
    const seen = await ask(site, "/v", {});
    expect([seen.isCut, Buffer.compare(seen.bytes, whole)]).toEqual([false, 0]);
    expect(seen.fields.get("set-cookie")).toBe(null);
    expect(rangesAsked(site)).toEqual([
      ...[0, 1, 2, 3, 4].map(rangeOf),
      `bytes=${5 * sliceBytes}-${totalBytes - 1}`,
    ]);
  });
});

describe("the rules of a route with slices", () => {
  const routes = (rule: WrittenAnswerRule) => ({
    config: {
      routes: [{ name: "video", match: "/v*", use: [inSlices], answer: [rule] }],
    },
  });
  const when = { status: 200, type: "video/*", contentLength: { min: totalBytes } } as const;

  it("judge the head of the whole body, whose lifetime and tags they give", async () => {
    const site = openSliced(slicedOrigin(), routes({ when, fresh: "5s", tags: ["videos"] }));
    expect((await getSliced(site, range)).status).toBe(206);
    const { status, fields } = await getSliced(site, range);
    expect([status, fields.get("cache-status")]).toEqual([
      206,
      expect.stringContaining("hit; ttl=5"),
    ]);
    expect(site.cache.text).toContain("videos");
  });

  it.each([
    { id: "store: false", rule: { when, store: false } as const },
    { id: "strip of the validator that slices need", rule: { when, strip: ["etag"] } as const },
  ])("store no slices with $id", async ({ rule }) => {
    const site = openSliced(slicedOrigin(), routes(rule));
    for (const _ of [1, 2]) {
      const seen = await getSliced(site, range);
      expect([seen.status, seen.fields.get("cache-status")?.includes("hit")]).toEqual([206, false]);
    }
    expect(site.cache.text).not.toContain("slices");
  });

  it("store no slices of a body whose type contradicts the path", async () => {
    const site = openSliced(slicedOrigin(), routes({ when: { status: 404 }, tags: ["a"] }));
    site.origin.script = scriptOf(
      slicedOrigin({ fields: { ...slicedOrigin().fields, "content-type": "text/html" } }),
    );
    const headers = { range };
    for (const _ of [1, 2]) {
      expect((await site.get("/v.mp4", { headers })).cacheStatus).not.toContain("hit");
    }
    expect(site.cache.text).not.toContain("slices");
  });
});

it("slices are fetched with the form of their head", async () => {
  const origin = slicedOrigin({ fields: { ...slicedOrigin().fields, vary: "accept-language" } });
  const key = { language: ["en", "de"] };
  const routes = [{ name: "video", match: "/v*", use: [inSlices], key }];
  const site = openSliced(origin, { config: { routes } });
  for (const asked of ["bytes=0-9", "bytes=70000-70009", "bytes=5-8"]) {
    expect((await getSliced(site, asked, { "accept-language": "de-CH" })).status).toBe(206);
  }
  const languages = site.origin.asked.map(({ fields }) => fields.get("accept-language"));
  expect(languages).toEqual(["de", "de"]);
});

it("a client's range gets the whole body of a fallback origin", async () => {
  const route = { name: "video", match: "/v*", use: [inSlices, fallback("mirror")] };
  const config = { origins: { mirror: { url: "https://mirror.invalid" } }, routes: [route] };
  const site = openSite({
    config,
    origin: ({ url, headers }) => {
      if (!url.startsWith("https://mirror.invalid")) return new Response("", { status: 503 });
      expect(headers.get("range")).toBeNull();
      return new Response(whole.slice(), { headers: { ...slicedOrigin().fields, etag: '"m"' } });
    },
  });
  const { status, bytes } = await getSliced(site, "bytes=0-9", { "if-range": '"m"' });
  expect([status, bytes.length]).toEqual([200, whole.length]);
});
