// The edge tier: the contract in a real Workers runtime, what it leaves in the Cache API, and what
// it makes of a cache that fails it.
import "../fakes/workers-globals.ts";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../src/http/stored-response.ts";
import { openBytePipe } from "../../src/serve/byte-pipe.ts";
import { EdgeTier } from "../../src/tiers/edge-tier.ts";
import { encodeRecord, headOf } from "../../src/tiers/record-codec.ts";
import { RecordKey } from "../../src/tiers/record-key.ts";
import type { ArrivingResponse, TierRecord } from "../../src/tiers/tier.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { EdgeTierInWorkerd, type Told } from "../fakes/edge-tier-in-workerd.ts";
import { describeTier } from "./contract.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  metadataOf,
  noise,
  responseOf,
  shown,
  withBody,
} from "./records.ts";

const host = "a.example:8443";
const recordField = "tidemark-record";
const recordFieldBytesMax = 32_768;
const page = responseOf(bytesOf("page"));

let edge: EdgeTierInWorkerd;
beforeAll(async () => {
  edge = await EdgeTierInWorkerd.start();
});
afterAll(() => edge.stop());

/** One whose metadata, as text, fills the field to the byte. */
function recordOfFieldBytes(fieldBytes: number): TierRecord {
  const padded = (padding: string): TierRecord =>
    responseOf(bytesOf("b"), { fields: [["x-padding", padding]] });
  const bare = encodeRecord(headOf(padded("")), keepUntilAtMs).length;
  return padded("p".repeat(fieldBytes - bare));
}

describeTier("edge, in workerd", async () => {
  edge.badRecordCount = 0;
  return {
    tier: edge,
    bodyBytesMax: Infinity,
    takesStreams: true,
    largest: recordOfFieldBytes(recordFieldBytesMax),
    tooLarge: recordOfFieldBytes(recordFieldBytesMax + 1),
    badRecordCount: () => edge.badRecordCount,
  };
});

const addressOf = (key: RecordKey): string =>
  `https://${key.host}/_cache/stored/${createHash("sha256").update(key.text).digest("hex")}`;

describe("in the Cache API", () => {
  it("lies below the request's own host, at the digest of the key", async () => {
    const key = new RecordKey("own host", "b.example:444");
    await edge.write(key, page, keep);
    expect((await edge.lyingAt(addressOf(key)))?.bytes).toEqual(bytesOf("page"));
    expect(await edge.lyingAt(addressOf(new RecordKey(key.text, host)))).toBe(undefined);
  });

  it("shows the cache nothing that it would act on", async () => {
    const key = new RecordKey("fields", host);
    const record = responseOf(bytesOf("not gzip"), {
      status: 206,
      fields: [
        ["set-cookie", "session=1"],
        ["vary", "*"],
        ["content-encoding", "gzip"],
        ["cache-control", "private, no-store"],
        ["cache-tag", "front-page"],
        ["etag", '"a"'],
        ["last-modified", "Fri, 01 Jan 2100 00:00:00 GMT"],
        ["content-range", "bytes 0-7/8"],
      ],
    });
    expect(await edge.write(key, record, keep)).toEqual({ kind: "kept" });
    const lying = await edge.lyingAt(addressOf(key));
    expect(lying?.status).toBe(200);
    const own = ["cache-control", "content-length", "content-type", recordField];
    const runtimes = ["age", "cf-cache-status", "date"];
    expect([...(lying?.fields.keys() ?? [])].filter((name) => !runtimes.includes(name))).toEqual(
      own,
    );
    expect(lying?.fields.get("content-type")).toBe("application/octet-stream");
    expect(await look(edge, key, ask)).toEqual(shown(record, bytesOf("not gzip")));
  });

  it.each([
    { id: "whole seconds", keptMs: 60_000, maxAge: 60 },
    { id: "a part of a second, rounded up", keptMs: 60_001, maxAge: 61 },
  ])("may lie for as long as the record is kept: $id", async ({ id, keptMs, maxAge }) => {
    const key = new RecordKey(`lifetime ${id}`, host);
    await edge.write(key, page, { ...keep, untilAtMs: keep.atMs + keptMs });
    const lying = await edge.lyingAt(addressOf(key));
    expect(lying?.fields.get("cache-control")).toBe(`public, max-age=${maxAge}`);
  });
});

describe("arriving bodies", () => {
  const bytes = bytesOf("0123456789");
  const told = (
    bodyBytes: number | null,
    pieceBytes: readonly number[],
    end: "close" | "abort",
  ): Told => ({
    record: {
      kind: "response",
      metadata: metadataOf(bytes, { bodyBytes, bodyDigest: null }),
    },
    body: { kind: "arriving", pieceBytes, end },
    bytes,
  });

  it.each([
    { id: "one byte short of its length", bodyBytes: 11, pieceBytes: [5, 5], end: "close" },
    { id: "one byte over its length", bodyBytes: 9, pieceBytes: [5, 5], end: "close" },
    { id: "cut after all its bytes", bodyBytes: 10, pieceBytes: [10], end: "abort" },
    { id: "cut at once", bodyBytes: null, pieceBytes: [], end: "abort" },
    { id: "cut midway, length unknown", bodyBytes: null, pieceBytes: [5], end: "abort" },
  ] as const)("leave nothing: $id", async ({ id, bodyBytes, pieceBytes, end }) => {
    const key = new RecordKey(`cut ${id}`, host);
    const written = await edge.writeTold(key, keep, told(bodyBytes, pieceBytes, end));
    expect(written.kind).not.toBe("kept");
    expect(await edge.read(key, ask)).toEqual({ kind: "absent" });
    // What came of it may lie under its own address for a while, but nothing names that.
    expect(edge.putAt).toEqual([expect.stringContaining(`${addressOf(key)}/`)]);
    expect(await edge.lyingAt(addressOf(key))).toBe(undefined);
  });

  it("leave what was there before where they are cut", async () => {
    const key = new RecordKey("cut over another", host);
    await edge.write(key, page, keep);
    expect((await edge.writeTold(key, keep, told(null, [5], "abort"))).kind).not.toBe("kept");
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("replace what was there once all of them came", async () => {
    const key = new RecordKey("arrived over another", host);
    await edge.write(key, page, keep);
    expect(await edge.writeTold(key, keep, told(10, [5, 5], "close"))).toEqual({ kind: "kept" });
    expect(await look(edge, key, ask)).toMatchObject({ bodyBytes: 10 });
    await edge.write(key, page, keep);
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("come back as a stream, 5 MiB byte for byte, with the length they turned out to have", async () => {
    const key = new RecordKey("5 MiB", host);
    const large = noise(5 * 1_048_576);
    const pieceBytes = Array.from({ length: 80 }, () => 65_536);
    const given = { ...told(null, pieceBytes, "close"), bytes: large };
    expect(await edge.writeTold(key, keep, given)).toEqual({ kind: "kept" });
    const read = await edge.read(key, ask);
    expect(read).toMatchObject({ record: { stored: { body: { kind: "stream" } } } });
    const metadata = metadataOf(bytes, { bodyBytes: large.byteLength, bodyDigest: null });
    expect(await look(edge, key, ask)).toEqual(
      shown(withBody(metadata, { kind: "absent" }), large),
    );
  });
});

describe("what the tier did not write", () => {
  const own = encodeRecord(headOf(page), keepUntilAtMs);
  it.each([
    { id: "no record field", fields: {}, body: "page" },
    {
      id: "another version",
      fields: { [recordField]: own.replace('"v":3', '"v":4') },
      body: "page",
    },
    { id: "text that is not JSON", fields: { [recordField]: own.slice(1) }, body: "page" },
    { id: "JSON of another form", fields: { [recordField]: '{"v":3}' }, body: "page" },
    { id: "a body cut short", fields: { [recordField]: own }, body: "pag" },
    { id: "a longer body", fields: { [recordField]: own }, body: "pages" },
    { id: "no body", fields: { [recordField]: own }, body: "" },
  ])("is absent and counted: $id", async ({ id, fields, body }) => {
    const key = new RecordKey(`planted ${id}`, host);
    await edge.plant(addressOf(key), { fields, bytes: bytesOf(body) });
    edge.badRecordCount = 0;
    expect(await edge.read(key, ask)).toEqual({ kind: "absent" });
    expect(edge.badRecordCount).toBe(1);
  });

  it("is read where only the place was planted", async () => {
    const key = new RecordKey("planted rightly", host);
    await edge.plant(addressOf(key), { fields: { [recordField]: own }, bytes: bytesOf("page") });
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });
});

it.each([
  { id: "held, where other tiers want it", isHeld: true, body: "bytes" },
  { id: "read as it is sent, where none does", isHeld: false, body: "stream" },
])("a small body is $id", async ({ isHeld, body }) => {
  const cache = new FakeCache(new FakeClock());
  const tier = new EdgeTier({ cache: () => cache, onBadRecord: () => undefined });
  const key = new RecordKey("GET https://a.example/", "a.example");
  await tier.write(key, page, keep);
  const read = await tier.read(key, { ...ask, isHeld: () => isHeld });
  expect(read).toMatchObject({ record: { stored: { body: { kind: body } } } });
  expect(cache.openBodies).toBe(isHeld ? 0 : 1);
});

describe("a cache that fails", () => {
  const key = new RecordKey("any", host);
  const failure = (): never => {
    throw new TypeError("https://a.example/ and what was stored there");
  };
  const never: Pick<Cache, "match" | "put" | "delete"> = {
    match: async () => failure(),
    put: async () => failure(),
    delete: async () => failure(),
  };
  const half: typeof never = {
    ...never,
    match: async () => {
      const body = new ReadableStream({
        pull: (controller) => controller.error(new TypeError("cut")),
      });
      const record = encodeRecord(headOf(page), keepUntilAtMs);
      return new Response(body, { headers: { [recordField]: record } });
    },
  };
  const tierOver = (cache: () => typeof never): EdgeTier =>
    new EdgeTier({ cache, onBadRecord: failure });

  it.each([
    { id: "is not there", tier: tierOver(failure) },
    { id: "rejects", tier: tierOver(() => never) },
    { id: "breaks off its body", tier: tierOver(() => half) },
  ])("reads as unavailable, with the error's name alone: $id", async ({ tier }) => {
    expect(await tier.read(key, ask)).toEqual({ kind: "unavailable", cause: "TypeError" });
    expect(await tier.write(key, page, keep)).toEqual({ kind: "unavailable", cause: "TypeError" });
  });

  it.each([
    { id: "expired", record: page, given: { ...keep, untilAtMs: keep.atMs } },
    { id: "too-large", record: recordOfFieldBytes(recordFieldBytesMax + 1), given: keep },
  ])("is not asked to keep what is $id", async ({ id, record, given }) => {
    const written = await tierOver(() => never).write(key, record, given);
    expect(written).toEqual({ kind: "refused", rule: id });
  });

  it("refuses an expired stream that has failed already", async () => {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new TypeError("cut")),
    });
    const completed = Promise.resolve("cut" as const);
    const arriving = {
      kind: "arriving",
      metadata: page.stored.metadata,
      stream,
      completed,
    } as const;
    const given = { ...keep, untilAtMs: keep.atMs };
    expect(await tierOver(() => never).write(key, arriving, given)).toEqual({
      kind: "refused",
      rule: "expired",
    });
  });

  describe("to keep an arriving body", () => {
    const clock = new FakeClock();
    /** As a fill sends it: each piece is handed on once the one before was read. */
    const sending = (
      changed: Partial<StoredMetadata> = {},
    ): { arriving: ArrivingResponse; completed: Promise<number | "cut"> } => {
      const { readable: stream, writer } = openBytePipe(null);
      const pour = async (): Promise<number> => {
        await writer.write(bytesOf("pa"));
        await writer.write(bytesOf("ge"));
        await writer.close();
        return 4;
      };
      const completed = pour().catch(() => "cut" as const);
      const metadata = { ...page.stored.metadata, ...changed };
      return { arriving: { kind: "arriving", metadata, stream, completed }, completed };
    };

    it.each([
      { id: "and is not there", mode: "works", isThere: false, written: "unavailable" },
      { id: "and throws", mode: "throws", isThere: true, written: "unavailable" },
      { id: "and reads none of it", mode: "forgets", isThere: true, written: "refused" },
    ] as const)("$id, keeps nobody waiting", async ({ mode, isThere, written }) => {
      const cache = new FakeCache(clock);
      cache.mode = mode;
      const { arriving, completed } = sending();
      const tier = tierOver(isThere ? () => cache : failure);
      expect((await tier.write(key, arriving, keep)).kind).toBe(written);
      expect(await completed).toBe("cut");
    });

    it("leaves no part of it when its metadata is too large", async () => {
      const cache = new FakeCache(clock);
      const { arriving } = sending({ fields: [["x-padding", "p".repeat(recordFieldBytesMax)]] });
      const written = await tierOver(() => cache).write(key, arriving, keep);
      expect(written).toEqual({ kind: "refused", rule: "too-large" });
      expect(cache.addresses).toEqual([]);
    });

    it("is absent once its body is gone, wherever its metadata still lies", async () => {
      const cache = new FakeCache(clock);
      let badRecordCount = 0;
      const onBadRecord = (): void => {
        badRecordCount += 1;
      };
      const tier = new EdgeTier({ cache: () => cache, onBadRecord });
      expect(await tier.write(key, sending().arriving, keep)).toEqual({ kind: "kept" });
      expect(await look(tier, key, ask)).toEqual(shown(page, bytesOf("page")));
      const parts = cache.addresses.filter((address) => address !== addressOf(key));
      expect(parts).toEqual([
        expect.stringMatching(new RegExp(`^${addressOf(key)}/[0-9a-f-]{36}$`)),
      ]);
      await cache.delete(parts[0] ?? "");
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(badRecordCount).toBe(0);
    });

    it("is absent when its body has another length than it names", async () => {
      const cache = new FakeCache(clock);
      let badRecordCount = 0;
      const onBadRecord = (): void => {
        badRecordCount += 1;
      };
      const tier = new EdgeTier({ cache: () => cache, onBadRecord });
      await tier.write(key, sending().arriving, keep);
      const part = cache.addresses.find((address) => address !== addressOf(key)) ?? "";
      const headers = { "cache-control": "max-age=600", "content-length": "3" };
      await cache.put(part, new Response("pag", { headers }));
      expect(await tier.read(key, ask)).toEqual({ kind: "absent" });
      expect(badRecordCount).toBe(1);
    });
  });
});
