// Which bodies the edge tier hands out, and how: held whole, read as they are sent, or not at all.
import "../../../testing/fakes/workers-globals.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EdgeTier } from "../../../src/stores/cache-api/edge-tier.ts";
import { encodeRecord, headOf } from "../../../src/cache/tiers/record-codec.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { bytesIn } from "../../../testing/fakes/body-bytes.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { EdgeTierInWorkerd } from "./edge-tier-in-workerd.ts";
import { addressOf, host, page, recordField } from "./edge-records.ts";
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
import { responseForm } from "../../../src/proxy/stored/record-form.ts";

let edge: EdgeTierInWorkerd;
beforeAll(async () => {
  edge = await EdgeTierInWorkerd.start();
});
afterAll(() => edge.stop());

it.each([
  { id: "held where other tiers want it", bytes: 4, asked: { isHeld: () => true }, body: "blob" },
  { id: "read as it is sent where none does", bytes: 4, asked: { isHeld: () => false } },
  { id: "held unless it is said that none does", bytes: 4, asked: {}, body: "blob" },
  { id: "held where memory wants it", bytes: 300_000, asked: { isHeld: () => true }, body: "blob" },
  { id: "read as it is sent unless that is said", bytes: 300_000, asked: {} },
])("a body of $bytes bytes is $id", async ({ bytes, asked, body = "stream" }) => {
  const cache = new FakeCache(new FakeClock());
  const tier = new EdgeTier({
    form: responseForm,
    cache: () => cache,
    nowAtMs: Date.now,
    onBadRecord: () => undefined,
  });
  const key = new RecordKey("GET https://a.example/", "a.example");
  await tier.write(key, responseOf(noise(bytes)), keep);
  const read = await tier.read(key, { ...ask, ...asked });
  expect(read).toMatchObject({ record: { stored: { body: { kind: body } } } });
  expect(cache.openBodies).toBe(body === "blob" ? 0 : 1);
});

it.each([
  { id: "in the middle", range: { firstByte: 100_000, lastByte: 100_099 } },
  { id: "at the end", range: { firstByte: 299_990, lastByte: 299_999 } },
  { id: "of all", range: { firstByte: 0, lastByte: 299_999 } },
])("a range of a streamed body is given by the Cache API itself: $id", async ({ id, range }) => {
  const key = new RecordKey(`ranged ${id}`, host);
  const bytes = noise(300_000);
  const metadata = metadataOf(bytes, { bodyDigest: null });
  await edge.writeTold(key, keep, {
    record: { kind: "response", metadata },
    body: { kind: "arriving", pieceBytes: [200_000, 100_000], end: "close" },
    bytes,
  });
  const read = await edge.read(key, { ...ask, range });
  if (read.kind !== "found" || read.record.kind === "vary") throw new Error("It is not there.");
  const { body } = read.record.stored;
  expect(body).toMatchObject({ kind: "part", range });
  const asked = bytes.slice(range.firstByte, range.lastByte + 1);
  expect(Buffer.from(await bytesIn(body)).equals(asked)).toBe(true);
});

it("a range of a large body beside its record is given by the Cache API itself, too", async () => {
  const key = new RecordKey("ranged beside", host);
  const bytes = noise(300_000);
  const range = { firstByte: 100_000, lastByte: 100_099 };
  await edge.write(key, responseOf(bytes), keep);
  const read = await edge.read(key, { ...ask, range });
  if (read.kind !== "found" || read.record.kind === "vary") throw new Error("It is not there.");
  const { body } = read.record.stored;
  expect(body).toMatchObject({ kind: "part", range });
  expect(Buffer.from(await bytesIn(body)).equals(bytes.slice(100_000, 100_100))).toBe(true);
});

describe("asked for metadata that this isolate has read before", () => {
  const isHeld = (wanted: boolean) => () => wanted;
  it.each([
    {
      id: "is answered without a body",
      bytes: 4,
      asked: { isHeld: isHeld(false) },
      body: "absent",
    },
    { id: "whoever wants none", bytes: 4, asked: {}, body: "absent" },
    {
      id: "not where other tiers want it",
      bytes: 4,
      asked: { isHeld: isHeld(true) },
      body: "blob",
    },
    { id: "no tier holds it", bytes: 300_000, asked: { isHeld: isHeld(true) }, body: "absent" },
  ])("$id: $bytes bytes", async ({ bytes, asked, body }) => {
    const cache = new FakeCache(new FakeClock());
    const tier = new EdgeTier({
      form: responseForm,
      cache: () => cache,
      nowAtMs: Date.now,
      onBadRecord: () => undefined,
    });
    const key = new RecordKey("GET https://a.example/", "a.example");
    const record = responseOf(noise(bytes));
    await tier.write(key, record, keep);
    await tier.read(key, ask);
    const open = cache.openBodies;
    const read = await tier.read(key, { ...ask, part: "metadata", ...asked });
    const { metadata } = record.stored;
    expect(read).toMatchObject({ record: { stored: { metadata, body: { kind: body } } } });
    expect(cache.openBodies).toBe(open);
  });

  it("is answered without a body by the Cache API itself", async () => {
    const key = new RecordKey("known", host);
    await edge.write(key, page, keep);
    await edge.read(key, ask);
    const { metadata } = page.stored;
    expect(await edge.read(key, { ...ask, part: "metadata" })).toEqual({
      kind: "found",
      record: withBody(metadata, { kind: "absent" }),
    });
  });

  it("is absent once it has expired, whatever still lies there", async () => {
    const key = new RecordKey("known and expired", host);
    await edge.write(key, page, keep);
    await edge.read(key, ask);
    const read = await edge.read(key, { atMs: keepUntilAtMs, part: "metadata" });
    expect(read).toEqual({ kind: "absent" });
  });

  it("is asked for whole where it was written by a version that named it by no entity tag", async () => {
    const key = new RecordKey("untagged", host);
    const text = encodeRecord(headOf(page), keepUntilAtMs);
    await edge.plant(addressOf(key), { fields: { [recordField]: text }, bytes: bytesOf("page") });
    await edge.read(key, ask);
    expect(await look(edge, key, { ...ask, part: "metadata" })).toEqual(
      shown(page, bytesOf("page")),
    );
  });
});
