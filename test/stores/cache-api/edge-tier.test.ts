// Tests the edge tier: the contract of a tier in workerd, and the responses that it stores in the
// Cache API.
import "../../../testing/fakes/workers-globals.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeRecord, headOf, version } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { EdgeTierInWorkerd, type Told } from "./edge-tier-in-workerd.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import {
  addressOf,
  host,
  page,
  recordField,
  recordFieldBytesMax,
  recordOfFieldBytes,
} from "./edge-records.ts";
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
} from "../../../testing/examples/records.ts";

let edge: EdgeTierInWorkerd;
beforeAll(async () => {
  edge = await EdgeTierInWorkerd.start();
});
afterAll(() => edge.stop());

describeTier("edge, in workerd", async () => {
  edge.badRecordCount = 0;
  return {
    tier: edge,
    bodyBytesMax: Infinity,
    takesStreams: true,
    largest: recordOfFieldBytes(120_000),
    badRecordCount: () => edge.badRecordCount,
  };
});

describe("a record in the Cache API", () => {
  it("has an address with the request's host and the digest of its key", async () => {
    const key = new RecordKey("own host", "b.example:444");
    await edge.write(key, page, keep);
    expect((await edge.cachedAt(addressOf(key)))?.bytes).toEqual(bytesOf("page"));
    expect(await edge.cachedAt(addressOf(new RecordKey(key.text, host)))).toBe(undefined);
  });

  it("has no HTTP field that changes the behaviour of the Cache API", async () => {
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
    const cached = await edge.cachedAt(addressOf(key));
    expect(cached?.status).toBe(200);
    const own = ["cache-control", "content-length", "content-type", "etag", recordField];
    const runtimes = ["age", "cf-cache-status", "date"];
    expect([...(cached?.fields.keys() ?? [])].filter((name) => !runtimes.includes(name))).toEqual(
      own,
    );
    expect(cached?.fields.get("content-type")).toBe("application/octet-stream");
    expect(await look(edge, key, ask)).toEqual(shown(record, bytesOf("not gzip")));
  });

  it.each([
    { id: "in a field", lengthBytes: recordFieldBytesMax, puts: 1 },
    { id: "as a body beside the record's body", lengthBytes: recordFieldBytesMax + 1, puts: 2 },
  ])("has its metadata $id", async ({ lengthBytes, puts }) => {
    const key = new RecordKey(`metadata of ${lengthBytes}`, host);
    const record = recordOfFieldBytes(lengthBytes, bytesOf("page"));
    for (const _ of ["new", "replaced"]) {
      expect(await edge.write(key, record, keep)).toEqual({ kind: "kept" });
      expect(edge.putAt).toHaveLength(puts);
      expect(await look(edge, key, ask)).toEqual(shown(record, bytesOf("page")));
    }
    const text = encodeRecord(headOf(record), keepUntilAtMs, responseForm, await key.digest());
    const { fields, bytes } = (await edge.cachedAt(addressOf(key)))!;
    expect(fields.get(recordField)).toBe(puts === 1 ? text : undefined);
    expect(bytes).toEqual(bytesOf(puts === 1 ? "page" : text));
  });

  it.each([
    { id: "whole seconds", keptMs: 60_000, maxAge: 60 },
    { id: "a part of a second, rounded up", keptMs: 60_001, maxAge: 61 },
  ])("has a max-age that ends at its expiry: $id", async ({ id, keptMs, maxAge }) => {
    const key = new RecordKey(`lifetime ${id}`, host);
    await edge.write(key, page, { ...keep, untilAtMs: keep.atMs + keptMs });
    const cached = await edge.cachedAt(addressOf(key));
    expect(cached?.fields.get("cache-control")).toBe(`public, max-age=${maxAge}`);
  });
});

describe("bodies that arrive as streams", () => {
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
  ] as const)("leave nothing if they are $id", async ({ id, bodyBytes, pieceBytes, end }) => {
    const key = new RecordKey(`cut ${id}`, host);
    const written = await edge.writeTold(key, keep, told(bodyBytes, pieceBytes, end));
    expect(written.kind).not.toBe("kept");
    expect(await edge.read(key, ask)).toEqual({ kind: "absent" });
    // A partial body may stay for a while at its own address, to which no record refers.
    expect(edge.putAt).toEqual([expect.stringContaining(`${addressOf(key)}/`)]);
    expect(await edge.cachedAt(addressOf(key))).toBe(undefined);
  });

  it("do not replace the earlier record if they are cut", async () => {
    const key = new RecordKey("cut over another", host);
    await edge.write(key, page, keep);
    expect((await edge.writeTold(key, keep, told(null, [5], "abort"))).kind).not.toBe("kept");
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("replace the earlier record if they are complete", async () => {
    const key = new RecordKey("arrived over another", host);
    await edge.write(key, page, keep);
    expect(await edge.writeTold(key, keep, told(10, [5, 5], "close"))).toEqual({ kind: "kept" });
    expect(await look(edge, key, ask)).toMatchObject({ bodyBytes: 10 });
    await edge.write(key, page, keep);
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });

  it("of 5 MiB are returned as a stream with their actual length", async () => {
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

describe("a response in the Cache API that the tier has not written", () => {
  const own = encodeRecord(headOf(page), keepUntilAtMs, responseForm);
  it.each([
    { id: "no record field", record: undefined, body: "page" },
    {
      id: "another version",
      record: own.replace(`"v":${version}`, `"v":${version - 1}`),
      body: "page",
    },
    { id: "a record that is not JSON", record: own.slice(1), body: "page" },
    { id: "a record of another form", record: `{"v":${version}}`, body: "page" },
    { id: "a shorter body", record: own, body: "pag" },
    { id: "a longer body", record: own, body: "pages" },
    { id: "no body", record: own, body: "" },
    {
      id: "the mark of another key",
      record: encodeRecord(headOf(page), keepUntilAtMs, responseForm, "0".repeat(64)),
      body: "page",
    },
  ])("is absent and counted if it has $id", async ({ id, record, body }) => {
    const key = new RecordKey(`planted ${id}`, host);
    const fields: Record<string, string> = record === undefined ? {} : { [recordField]: record };
    await edge.plant(addressOf(key), { fields, bytes: bytesOf(body) });
    edge.badRecordCount = 0;
    expect(await edge.read(key, ask)).toEqual({ kind: "absent" });
    expect(edge.badRecordCount).toBe(1);
  });

  it("is found if it is valid", async () => {
    const key = new RecordKey("planted valid", host);
    await edge.plant(addressOf(key), { fields: { [recordField]: own }, bytes: bytesOf("page") });
    expect(await look(edge, key, ask)).toEqual(shown(page, bytesOf("page")));
  });
});
