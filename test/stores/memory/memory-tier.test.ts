// Tests the memory tier: the contract of a tier, and the limit in bytes.
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import type { ResponseRecord, Tiers } from "../../../src/pages/stored/stored-response.ts";
import { ask, bytesOf, keep, memoryTier, responseOf } from "../../../testing/examples/records.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";

const mebibyte = 1_048_576;

describeTier("memory", async () => ({
  tier: memoryTier(8 * mebibyte),
  bodyBytesMax: smallBodyBytesMax,
  takesStreams: false,
  largest: responseOf(new Uint8Array(smallBodyBytesMax)),
  tooLarge: responseOf(new Uint8Array(smallBodyBytesMax + 1)),
  badRecordCount: () => 0,
}));

type Tier = Tiers["memory"];
type Changes = Parameters<typeof responseOf>[1];
const keyOf = (name: string): RecordKey => new RecordKey(name, "a.example");
const holds = (tier: Tier, name: string) => tier.read(keyOf(name), ask).kind === "found";
const sized = (bytes: number, changes?: Changes) => responseOf(new Uint8Array(bytes), changes);
const write = (tier: Tier, name: string, record: ResponseRecord, how = keep) =>
  tier.write(keyOf(name), record, how);
const marker = (count: number): ResponseRecord => ({
  kind: "vary",
  names: ["accept"],
  sinceAtMs: 0,
  listedSinceAtMs: 0,
  variants: Array.from(
    { length: count },
    (_, at) => [`${at}`.padStart(64, "0"), keep.untilAtMs] as const,
  ),
});

/** The size of a response without its fields, tags, key and body. */
const plainBytes = 3_584;
const tooLarge = { kind: "refused", rule: "too-large" };

describe("the memory tier's limit in bytes", () => {
  it("is never exceeded", () => {
    const bytesMax = 120_000;
    const tier = memoryTier(bytesMax);
    for (let at = 0; at < 2_000; at += 1) {
      const fields = [["x-padding", "p".repeat((at * 31) % 500)]] as const;
      write(tier, `${at % 300}`, sized((at * 7_919) % 60_000, { fields }));
      expect(tier.bytes).toBeLessThanOrEqual(bytesMax);
    }
    expect(tier.count).toBeGreaterThan(1);
  });

  const manyFields = Array.from({ length: 100 }, (_, at) => [`x-${at}`, ""] as const);
  const text = "t".repeat(5_000);
  it.each<{ id: string; record: ResponseRecord; key?: string; bytes: number }>([
    { id: "the body", record: sized(5_000), bytes: 5_000 },
    { id: "the variants of a marker", record: marker(100), bytes: 19_200 },
    { id: "fields twice", record: sized(0, { fields: [["x", "v".repeat(9_999)]] }), bytes: 20_000 },
    { id: "each field", record: sized(0, { fields: manyFields }), bytes: 30_000 },
    { id: "tags twice", record: sized(0, { tags: [text] }), bytes: 10_000 },
    {
      id: "tags of withheld fields",
      record: sized(0, { withheldTags: [["cache-tag", [text]]] }),
      bytes: 5_000,
    },
    { id: "selecting fields", record: sized(0, { selecting: [["accept", text]] }), bytes: 5_000 },
    { id: "the key", record: sized(0), key: "k".repeat(500), bytes: 1_000 },
  ])("counts $id", ({ record, key = "k", bytes }) => {
    const tier = memoryTier(mebibyte);
    write(tier, key, record);
    expect(tier.bytes).toBeGreaterThanOrEqual(bytes);
    expect(tier.bytes).toBeLessThan(bytes + plainBytes + bytes / 8);
  });

  it("does not count replaced and expired records", () => {
    const tier = memoryTier(mebibyte);
    write(tier, "a", sized(100_000));
    write(tier, "a", sized(10));
    expect(tier.bytes).toBeLessThan(10 + plainBytes);
    tier.read(keyOf("a"), { atMs: keep.untilAtMs });
    expect([tier.bytes, tier.count]).toEqual([0, 0]);
  });

  it("evicts the oldest record that was not read", () => {
    const tier = memoryTier(240_000);
    for (const name of ["a", "b", "c"]) write(tier, name, sized(60_000));
    expect(holds(tier, "a")).toBe(true);
    write(tier, "d", sized(60_000));
    expect(["a", "b", "c", "d"].filter((name) => holds(tier, name))).toEqual(["a", "c", "d"]);
  });

  it.each([0, -1])("prevents all writes if it is %d", (bytesMax) => {
    const tier = memoryTier(bytesMax);
    expect(write(tier, "a", sized(0))).toEqual(tooLarge);
    expect([holds(tier, "a"), tier.bytes, tier.count]).toEqual([false, 0, 0]);
  });

  it("refuses a larger record, and other records stay", () => {
    const tier = memoryTier(10_000);
    write(tier, "a", sized(5));
    expect(write(tier, "b", sized(10_000))).toEqual(tooLarge);
    expect([holds(tier, "a"), holds(tier, "b")]).toEqual([true, false]);
  });
});

describe("errors in the memory tier, which clients can cause by random paths,", () => {
  const errorKeep = { ...keep, leadsToError: true };
  const flood = (tier: Tier, count: number) => {
    const notFound = sized(200, { status: 404 });
    for (let at = 0; at < count; at += 1) {
      write(tier, `GET https://a.example/random/${at}`, notFound);
      write(tier, `GET https://a.example/varied/${at}`, marker(1), errorKeep);
    }
  };

  it("evict no page, and use up to an eighth of the memory", () => {
    const tier = memoryTier(32 * mebibyte);
    const names = Array.from({ length: 1_900 }, (_, at) => `page ${at}`);
    for (const name of names) {
      write(tier, name, sized(10_240));
      write(tier, `${name} marker`, marker(3));
    }
    const pageBytes = tier.bytes;
    flood(tier, 50_000);
    const lost = names.filter((name) => !holds(tier, name) || !holds(tier, `${name} marker`));
    expect(lost).toEqual([]);
    expect(tier.bytes - pageBytes).toBeLessThanOrEqual(4 * mebibyte);
    expect(tier.bytes - pageBytes).toBeGreaterThan(3 * mebibyte);
  });

  it.each([
    [399, false],
    [400, true],
    [599, true],
  ])("evict a response with status %d: %s", (status, isEvicted) => {
    const tier = memoryTier(mebibyte);
    write(tier, "a", sized(0, { status }));
    flood(tier, 1_000);
    expect(holds(tier, "a")).toBe(!isEvicted);
  });

  it("replace a page under the same key, and are replaced by a page", () => {
    const tier = memoryTier(mebibyte);
    for (const status of [200, 404, 200, 404]) {
      write(tier, "a", sized(0, { status }));
      const read = tier.read(keyOf("a"), ask);
      expect(read).toMatchObject({ record: { stored: { metadata: { status } } } });
      expect([tier.count, [...tier.stored()].length]).toEqual([1, 1]);
    }
    tier.remove(keyOf("a"));
    expect([tier.bytes, holds(tier, "a")]).toEqual([0, false]);
  });

  it.each([
    { id: "an error", keeps: [errorKeep], isEvicted: true },
    { id: "a page", keeps: [keep], isEvicted: false },
    { id: "a page, then an error", keeps: [keep, errorKeep], isEvicted: false },
    { id: "an error, then a page", keeps: [errorKeep, keep], isEvicted: false },
  ])("evict the marker of $id: $isEvicted", ({ keeps, isEvicted }) => {
    const tier = memoryTier(mebibyte);
    for (const each of keeps) write(tier, "a", marker(1), each);
    expect(tier.count).toBe(1);
    flood(tier, 1_000);
    expect(holds(tier, "a")).toBe(!isEvicted);
  });
});

it("a refused record removes the older record under its key", () => {
  const tier = memoryTier(mebibyte);
  write(tier, "a", sized(3));
  write(tier, "a", sized(smallBodyBytesMax + 1));
  expect(holds(tier, "a")).toBe(false);
});

it("a read and a write of the memory tier return no promise", () => {
  const tier = memoryTier(mebibyte);
  expect(write(tier, "a", responseOf(bytesOf("a")))).toEqual({ kind: "kept" });
  expect(tier.read(keyOf("a"), ask)).toMatchObject({ kind: "found" });
});
