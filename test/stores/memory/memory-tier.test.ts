// The memory tier: the contract, and its bound in bytes.
import { describe, expect, it } from "vitest";
import { smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { describeTier } from "../../cache/tiers/contract/contract.ts";
import { ask, bytesOf, keep, responseOf, memoryTier } from "../../../testing/examples/records.ts";
import type { ResponseRecord } from "../../../src/proxy/stored/tiers.ts";
import type { Tiers } from "../../../src/proxy/stored/tiers.ts";

const mebibyte = 1_048_576;

describeTier("memory", async () => ({
  tier: memoryTier(8 * mebibyte),
  bodyBytesMax: smallBodyBytesMax,
  takesStreams: false,
  largest: responseOf(new Uint8Array(smallBodyBytesMax)),
  tooLarge: responseOf(new Uint8Array(smallBodyBytesMax + 1)),
  badRecordCount: () => 0,
}));

const keyOf = (name: string): RecordKey => new RecordKey(name, "a.example");
const holds = (tier: Tiers["memory"], name: string): boolean =>
  tier.read(keyOf(name), ask).kind === "found";

/** What is counted for any response, beside its fields, tags, key and body. */
const plainBytes = 3_584;

describe("bound in bytes", () => {
  it("is never exceeded, whatever is written", () => {
    const bytesMax = 120_000;
    const tier = memoryTier(bytesMax);
    for (let at = 0; at < 2_000; at += 1) {
      const record = responseOf(new Uint8Array((at * 7_919) % 60_000), {
        fields: [["x-padding", "p".repeat((at * 31) % 500)]],
      });
      tier.write(keyOf(`${at % 300}`), record, keep);
      expect(tier.bytes).toBeLessThanOrEqual(bytesMax);
    }
    expect(tier.count).toBeGreaterThan(1);
  });

  it.each([
    { id: "its body", record: responseOf(new Uint8Array(5_000)), key: "k", bytes: 5_000 },
    {
      id: "the variants that it lists",
      record: {
        kind: "vary",
        names: ["a"],
        sinceAtMs: 0,
        variants: Array.from({ length: 100 }, (_, at) => [`${at}`, 0] as const),
      } satisfies ResponseRecord,
      key: "k",
      bytes: 12_800,
    },
    {
      id: "its fields, as text and built",
      record: responseOf(new Uint8Array(0), { fields: [["x", "v".repeat(9_999)]] }),
      key: "k",
      bytes: 20_000,
    },
    {
      id: "each of its fields",
      record: responseOf(new Uint8Array(0), {
        fields: Array.from({ length: 100 }, (_, at) => [`x-${at}`, ""] as const),
      }),
      key: "k",
      bytes: 30_000,
    },
    {
      id: "its tags, as given and as purges name them",
      record: responseOf(new Uint8Array(0), { tags: ["t".repeat(5_000)] }),
      key: "k",
      bytes: 10_000,
    },
    {
      id: "the tags of fields that are not stored",
      record: responseOf(new Uint8Array(0), {
        withheldTags: [["cache-tag", ["t".repeat(5_000)]]],
      }),
      key: "k",
      bytes: 5_000,
    },
    {
      id: "the fields that selected it",
      record: responseOf(new Uint8Array(0), { selecting: [["accept", "a".repeat(5_000)]] }),
      key: "k",
      bytes: 5_000,
    },
    { id: "its key", record: responseOf(new Uint8Array(0)), key: "k".repeat(500), bytes: 1_000 },
  ])("counts for each record $id", ({ record, key, bytes }) => {
    const tier = memoryTier(mebibyte);
    tier.write(keyOf(key), record, keep);
    expect(tier.bytes).toBeGreaterThanOrEqual(bytes);
    expect(tier.bytes).toBeLessThan(bytes + plainBytes + bytes / 8);
  });

  it("counts markers too", () => {
    const tier = memoryTier(10_000);
    for (let at = 0; at < 1_000; at += 1) {
      tier.write(
        keyOf(`${at}`),
        { kind: "vary", names: ["accept"], sinceAtMs: 0, variants: [] },
        keep,
      );
    }
    expect(tier.count).toBeLessThan(20);
    expect(tier.bytes).toBeLessThanOrEqual(10_000);
  });

  it("gives bytes back when a record is replaced or has expired", () => {
    const tier = memoryTier(mebibyte);
    tier.write(keyOf("a"), responseOf(new Uint8Array(100_000)), keep);
    tier.write(keyOf("a"), responseOf(new Uint8Array(10)), keep);
    expect(tier.bytes).toBeLessThan(10 + plainBytes);
    tier.read(keyOf("a"), { atMs: keep.untilAtMs });
    expect([tier.bytes, tier.count]).toEqual([0, 0]);
  });

  it("evicts what was not read for longest", () => {
    const tier = memoryTier(240_000);
    for (const name of ["a", "b", "c"]) {
      tier.write(keyOf(name), responseOf(new Uint8Array(60_000)), keep);
    }
    expect(holds(tier, "a")).toBe(true);
    tier.write(keyOf("d"), responseOf(new Uint8Array(60_000)), keep);
    expect(["a", "b", "c", "d"].map((name) => holds(tier, name))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it.each([
    { id: "0", bytesMax: 0 },
    { id: "negative", bytesMax: -1 },
  ])("of $id holds nothing", ({ bytesMax }) => {
    const tier = memoryTier(bytesMax);
    const written = tier.write(keyOf("a"), responseOf(new Uint8Array(0)), keep);
    expect(written).toEqual({ kind: "refused", rule: "too-large" });
    expect([holds(tier, "a"), tier.bytes, tier.count]).toEqual([false, 0, 0]);
  });

  it("refuses a record larger than all of it, and keeps the others", () => {
    const tier = memoryTier(10_000);
    tier.write(keyOf("a"), responseOf(bytesOf("small")), keep);
    expect(tier.write(keyOf("b"), responseOf(new Uint8Array(10_000)), keep)).toEqual({
      kind: "refused",
      rule: "too-large",
    });
    expect([holds(tier, "a"), holds(tier, "b")]).toEqual([true, false]);
  });
});

describe("errors, which anybody can have made by random paths", () => {
  const marker = (count = 0): ResponseRecord => ({
    kind: "vary",
    names: ["accept"],
    sinceAtMs: 0,
    variants: Array.from({ length: count }, (_, at) => [`${at}`, keep.untilAtMs] as const),
  });
  const errorKeep = { ...keep, leadsToError: true };
  const flood = (tier: Tiers["memory"], count: number) => {
    const notFound = responseOf(new Uint8Array(200), { status: 404 });
    for (let at = 0; at < count; at += 1) {
      tier.write(keyOf(`GET https://a.example/random/${at}`), notFound, keep);
      tier.write(keyOf(`GET https://a.example/varied/${at}`), marker(1), errorKeep);
    }
  };

  it("push out no page, by the hundred thousand, and take an eighth at the most", () => {
    const tier = memoryTier(32 * mebibyte);
    const names = Array.from({ length: 2_000 }, (_, at) => `page ${at}`);
    for (const name of names) {
      tier.write(keyOf(name), responseOf(new Uint8Array(10_240)), keep);
      tier.write(keyOf(`${name} marker`), marker(3), keep);
    }
    const pageBytes = tier.bytes;
    flood(tier, 50_000);
    expect(names.filter((name) => !holds(tier, name) || !holds(tier, `${name} marker`))).toEqual(
      [],
    );
    expect(tier.bytes - pageBytes).toBeLessThanOrEqual(4 * mebibyte);
    expect(tier.bytes - pageBytes).toBeGreaterThan(3 * mebibyte);
  });

  it.each([
    { id: "399", status: 399, isPushedOut: false },
    { id: "400", status: 400, isPushedOut: true },
    { id: "599", status: 599, isPushedOut: true },
  ])("begin with 400: $id", ({ status, isPushedOut }) => {
    const tier = memoryTier(mebibyte);
    tier.write(keyOf("a"), responseOf(new Uint8Array(0), { status }), keep);
    flood(tier, 1_000);
    expect(holds(tier, "a")).toBe(!isPushedOut);
  });

  it("stand under a key in place of a page, and a page in place of them", () => {
    const tier = memoryTier(mebibyte);
    for (const status of [200, 404, 200, 404]) {
      tier.write(keyOf("a"), responseOf(new Uint8Array(0), { status }), keep);
      const read = tier.read(keyOf("a"), ask);
      expect(read).toMatchObject({ record: { stored: { metadata: { status } } } });
      expect([tier.count, [...tier.stored()].length]).toEqual([1, 1]);
    }
    tier.remove(keyOf("a"));
    expect([tier.bytes, holds(tier, "a")]).toEqual([0, false]);
  });

  it.each([
    { id: "an error alone", keeps: [errorKeep], isPushedOut: true },
    { id: "a page alone", keeps: [keep], isPushedOut: false },
    { id: "a page, then an error", keeps: [keep, errorKeep], isPushedOut: false },
    { id: "an error, then a page", keeps: [errorKeep, keep], isPushedOut: false },
  ])("have their markers beside them: of $id", ({ keeps, isPushedOut }) => {
    const tier = memoryTier(mebibyte);
    for (const each of keeps) tier.write(keyOf("a"), marker(1), each);
    expect(tier.count).toBe(1);
    flood(tier, 1_000);
    expect(holds(tier, "a")).toBe(!isPushedOut);
  });
});

it("forgets the older record when it cannot hold the newer", () => {
  const tier = memoryTier(mebibyte);
  tier.write(keyOf("a"), responseOf(bytesOf("old")), keep);
  tier.write(keyOf("a"), responseOf(new Uint8Array(smallBodyBytesMax + 1)), keep);
  expect(holds(tier, "a")).toBe(false);
});

it("answers without a promise, so that a hit needs no await", () => {
  const tier = memoryTier(mebibyte);
  expect(tier.write(keyOf("a"), responseOf(bytesOf("a")), keep)).toEqual({ kind: "kept" });
  expect(tier.read(keyOf("a"), ask)).toMatchObject({ kind: "found" });
});
