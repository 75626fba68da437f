// Tests the kinds of bodies that the edge tier returns: a blob in memory, a stream, a part, or no
// body.
import "../../../testing/fakes/workers-globals.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  look,
  metadataOf,
  noise,
  seen,
  shown,
  withBody,
} from "../../../testing/examples/records.ts";
import { bytesIn } from "../../../testing/fakes/body-bytes.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import {
  addressOf,
  edgeTierOver,
  host,
  page,
  recordField,
  recordOfFieldBytes,
} from "./edge-records.ts";
import { EdgeTierInWorkerd } from "./edge-tier-in-workerd.ts";

let edge: EdgeTierInWorkerd;
beforeAll(async () => {
  edge = await EdgeTierInWorkerd.start();
});
afterAll(() => edge.stop());

const metadataAlone = { ...ask, part: "metadata" } as const;

/** Writes a record with a body and metadata of these lengths to a fake cache. */
async function stored(bytes: number, metadataBytes = 1_000) {
  const cache = new FakeCache(new FakeClock());
  const tier = edgeTierOver(() => cache);
  const key = new RecordKey("GET https://a.example/", "a.example");
  const record = recordOfFieldBytes(metadataBytes, noise(bytes));
  await tier.write(key, record, keep);
  return { cache, tier, key, record };
}

describe.each([1_000, 60_000])("with %i bytes of metadata", (metadataBytes) => {
  it.each([
    { bytes: 0, wanted: undefined, kind: "blob" },
    { bytes: 4, wanted: true, kind: "blob" },
    { bytes: 4, wanted: false, kind: "stream" },
    { bytes: 4, wanted: undefined, kind: "blob" },
    { bytes: 300_000, wanted: true, kind: "blob" },
    { bytes: 300_000, wanted: undefined, kind: "stream" },
  ])("$bytes bytes with isHeld $wanted are read as a $kind", async ({ bytes, wanted, kind }) => {
    const { cache, tier, key, record } = await stored(bytes, metadataBytes);
    const isHeld = wanted === undefined ? {} : { isHeld: () => wanted };
    const read = await tier.read(key, { ...ask, ...isHeld });
    expect(read).toMatchObject({ record: { stored: { body: { kind } } } });
    expect(cache.openBodies).toBe(kind === "blob" ? 0 : 1);
    expect(await seen(read)).toEqual(shown(record, noise(bytes)));
  });
});

describe("a range that the Cache API itself returns from a large body", () => {
  const bytes = noise(300_000);

  async function readOf(key: RecordKey, range: { firstByte: number; lastByte: number }) {
    const read = await edge.read(key, { ...ask, range });
    if (read.kind !== "found" || read.record.kind === "vary")
      throw new Error("The record is not in the cache.");
    const { body } = read.record.stored;
    const part = bytes.slice(range.firstByte, range.lastByte + 1);
    return { body, isWhole: Buffer.from(await bytesIn(body)).equals(part) };
  }

  it.each([
    { firstByte: 100_000, lastByte: 100_099 },
    { firstByte: 299_990, lastByte: 299_999 },
    { firstByte: 0, lastByte: 299_999 },
  ])("is read from a body that arrived as a stream: $firstByte-$lastByte", async (range) => {
    const key = new RecordKey(`ranged ${range.firstByte}`, host);
    await edge.writeTold(key, keep, {
      record: { kind: "response", metadata: metadataOf(bytes, { bodyDigest: null }) },
      body: { kind: "arriving", pieceBytes: [200_000, 100_000], end: "close" },
      bytes,
    });
    const body = { kind: "part", range };
    expect(await readOf(key, range)).toMatchObject({ body, isWhole: true });
  });

  it.each([1_000, 60_000])("is read from a body with %i bytes of metadata", async (length) => {
    const key = new RecordKey(`ranged beside ${length}`, host);
    await edge.write(key, recordOfFieldBytes(length, bytes), keep);
    const range = { firstByte: 100_000, lastByte: 100_099 };
    const body = { kind: "part", range };
    expect(await readOf(key, range)).toMatchObject({ body, isWhole: true });
  });
});

describe("a record whose metadata the isolate has read before", () => {
  it.each([
    { bytes: 4, wanted: false, kind: "absent" },
    { bytes: 4, wanted: undefined, kind: "absent" },
    { bytes: 4, wanted: true, kind: "blob" },
    { bytes: 4, metadataBytes: 60_000, wanted: undefined, kind: "absent" },
    { bytes: 4, metadataBytes: 60_000, wanted: true, kind: "blob" },
    { bytes: 300_000, wanted: true, kind: "absent" },
  ])("has this body if isHeld is $wanted, for $bytes bytes: $kind", async (row) => {
    const { cache, tier, key, record } = await stored(row.bytes, row.metadataBytes);
    await tier.read(key, ask);
    const open = cache.openBodies;
    const isHeld = row.wanted === undefined ? {} : { isHeld: () => row.wanted };
    const read = await tier.read(key, { ...metadataAlone, ...isHeld });
    const { metadata } = record.stored;
    expect(read).toMatchObject({ record: { stored: { metadata, body: { kind: row.kind } } } });
    expect(cache.openBodies).toBe(open);
  });

  it("is read without its body from the Cache API in workerd", async () => {
    const key = new RecordKey("known", host);
    await edge.write(key, page, keep);
    await edge.read(key, ask);
    const record = withBody(page.stored.metadata, { kind: "absent" });
    expect(await edge.read(key, metadataAlone)).toEqual({ kind: "found", record });
  });

  it("is absent after its expiry, although it is still in the cache", async () => {
    const key = new RecordKey("known and expired", host);
    await edge.write(key, page, keep);
    await edge.read(key, ask);
    const read = await edge.read(key, { atMs: keepUntilAtMs, part: "metadata" });
    expect(read).toEqual({ kind: "absent" });
  });

  it("is read with the body if it has no entity tag", async () => {
    const key = new RecordKey("untagged", host);
    const text = encodeRecord(headOf(page), keepUntilAtMs, responseForm);
    await edge.plant(addressOf(key), { fields: { [recordField]: text }, bytes: bytesOf("page") });
    await edge.read(key, ask);
    expect(await look(edge, key, metadataAlone)).toEqual(shown(page, bytesOf("page")));
  });
});
