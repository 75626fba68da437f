// Which bodies the memory tier holds, and what it tells of those that it lets go of.
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { largeBodyBytesMax, smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  responseOf,
  memoryTier,
} from "../../../testing/examples/records.ts";
import type { Tiers } from "../../../src/proxy/stored/tiers.ts";

const mebibyte = 1_048_576;
const keyOf = (name: string): RecordKey => new RecordKey(name, "a.example");

it.each([
  { id: "the largest small body", bytes: smallBodyBytesMax, again: false, kind: "kept" },
  { id: "not a large one", bytes: smallBodyBytesMax + 1, again: false, kind: "refused" },
  {
    id: "the largest that is asked for again",
    bytes: largeBodyBytesMax,
    again: true,
    kind: "kept",
  },
  { id: "nothing larger", bytes: largeBodyBytesMax + 1, again: true, kind: "refused" },
])("holds $id", ({ bytes, again: isAskedAgain, kind }) => {
  const tier = memoryTier(16 * mebibyte);
  const written = tier.write(keyOf("a"), responseOf(new Uint8Array(bytes)), {
    ...keep,
    isAskedAgain,
  });
  expect([written.kind, tier.read(keyOf("a"), ask).kind === "found"]).toEqual([
    kind,
    kind === "kept",
  ]);
});

it("goes on holding a large body that is unchanged, and tells nobody of it", () => {
  const told: Blob[] = [];
  const tier = memoryTier(16 * mebibyte, (body) => told.push(body));
  const record = responseOf(new Uint8Array(largeBodyBytesMax));
  const other = responseOf(new Uint8Array(largeBodyBytesMax).fill(1));
  const write = (written: typeof record, changed: Partial<typeof keep> = {}) =>
    tier.write(keyOf("a"), written, { ...keep, ...changed }).kind;
  expect(write(record, { body: "unchanged" })).toBe("refused");
  expect(write(record, { isAskedAgain: true })).toBe("kept");
  expect([write(record, { body: "unchanged" }), told.length]).toEqual(["kept", 0]);
  expect([write(other, { body: "unchanged" }), told.length]).toEqual(["refused", 1]);
});

it("tells of a body that it held and does not take again", () => {
  const told: Blob[] = [];
  const tier = memoryTier(mebibyte, (body) => told.push(body));
  const record = responseOf(bytesOf("page"));
  tier.write(keyOf("a"), record, keep);
  tier.write(keyOf("a"), record, { ...keep, untilAtMs: keep.atMs });
  expect(told.length).toBe(1);
});

describe("large bodies", () => {
  const asked = { ...keep, isAskedAgain: true };
  const large = (bytes: number) => responseOf(new Uint8Array(bytes));
  const isHeld = (tier: Tiers["memory"], name: string) =>
    tier.read(keyOf(name), ask).kind === "found";

  it("take no more than a quarter from small ones, and push out each other", () => {
    const tier = memoryTier(16 * mebibyte);
    for (let nth = 0; nth < 100; nth += 1) {
      tier.write(keyOf(`small ${nth}`), large(100_000), keep);
    }
    for (let nth = 0; nth < 40; nth += 1) {
      tier.write(keyOf(`large ${nth}`), large(600_000), asked);
    }
    const names = Array.from({ length: 100 }, (_, nth) => nth);
    expect(names.filter((nth) => isHeld(tier, `small ${nth}`)).length).toBeGreaterThan(95);
    expect(names.filter((nth) => isHeld(tier, `large ${nth}`))).toEqual([34, 35, 36, 37, 38, 39]);
    expect(tier.bytes).toBeLessThanOrEqual(14 * mebibyte);
  });

  it("give way to nothing but large ones, and small ones use what they leave", () => {
    const tier = memoryTier(16 * mebibyte);
    tier.write(keyOf("large"), large(600_000), asked);
    for (let nth = 0; nth < 200; nth += 1) {
      tier.write(keyOf(`small ${nth}`), large(100_000), keep);
      expect(tier.bytes).toBeLessThanOrEqual(14 * mebibyte);
    }
    expect(isHeld(tier, "large")).toBe(true);
    expect(tier.bytes).toBeGreaterThan(13.8 * mebibyte);
  });

  it("are a sixteenth of it each at the most", () => {
    const tier = memoryTier(8 * mebibyte);
    expect(tier.largestBodyBytes).toBe(mebibyte / 2);
    expect(tier.write(keyOf("a"), large(mebibyte / 2), asked).kind).toBe("kept");
    expect(tier.write(keyOf("a"), large(mebibyte / 2 + 1), asked).kind).toBe("refused");
  });
});

it("tells whether anything was written or removed under a key since, or that it cannot", () => {
  const tier = memoryTier(mebibyte);
  const [a, b] = [keyOf("a"), keyOf("b")];
  const since = tier.changeCount;
  const write = (bytes: number) => tier.write(a, responseOf(new Uint8Array(bytes)), keep);
  tier.write(b, responseOf(bytesOf("other")), keep);
  expect([tier.hasChanged(a, since), tier.hasChanged(b, since)]).toEqual([false, true]);
  for (const change of [() => write(4), () => write(smallBodyBytesMax + 1), () => tier.remove(a)]) {
    const before = tier.changeCount;
    change();
    expect([tier.hasChanged(a, before), tier.hasChanged(a, tier.changeCount)]).toEqual([
      true,
      false,
    ]);
  }
  const longAgo = tier.changeCount;
  for (let nth = 0; nth < 256; nth += 1) tier.remove(keyOf(`${nth}`));
  expect(tier.hasChanged(a, longAgo)).toBe(false);
  tier.remove(b);
  expect(tier.hasChanged(a, longAgo)).toBe(true);
});

describe("what it lets go of is told, and no longer held", () => {
  const first = responseOf(new Uint8Array(60_000));
  it.each<{ id: string; run: (tier: Tiers["memory"]) => void }>([
    { id: "removed", run: (tier) => tier.remove(keyOf("a")) },
    { id: "expired", run: (tier) => void tier.read(keyOf("a"), { atMs: keepUntilAtMs }) },
    {
      id: "replaced",
      run: (tier) => void tier.write(keyOf("a"), responseOf(bytesOf("new")), keep),
    },
    {
      id: "pushed out",
      run: (tier) => void tier.write(keyOf("b"), responseOf(new Uint8Array(60_000)), keep),
    },
  ])("$id", ({ run }) => {
    const told: Blob[] = [];
    const tier = memoryTier(120_000, (body) => told.push(body));
    tier.write(keyOf("a"), first, keep);
    const { body } = first.stored;
    const blob = body.kind === "blob" ? body.blob : new Blob();
    expect([tier.holds(blob), told]).toEqual([true, []]);
    run(tier);
    expect([tier.holds(blob), told.length, told[0] === blob]).toEqual([false, 1, true]);
  });

  it("not held: what was refused", () => {
    const tier = memoryTier(50_000);
    tier.write(keyOf("a"), first, keep);
    const { body } = first.stored;
    expect(body.kind === "blob" && tier.holds(body.blob)).toBe(false);
  });
});
