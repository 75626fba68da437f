// Which bodies the memory tier holds, and what it tells of those that it lets go of.
import { describe, expect, it } from "vitest";
import { MemoryTier } from "../../src/tiers/memory-tier.ts";
import { RecordKey } from "../../src/tiers/record-key.ts";
import { largeBodyBytesMax, smallBodyBytesMax } from "../../src/tiers/tier.ts";
import { ask, bytesOf, keep, keepUntilAtMs, responseOf } from "./records.ts";

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
  const tier = new MemoryTier(8 * mebibyte);
  const written = tier.write(keyOf("a"), responseOf(new Uint8Array(bytes)), {
    ...keep,
    isAskedAgain,
  });
  expect([written.kind, tier.read(keyOf("a"), ask).kind === "found"]).toEqual([
    kind,
    kind === "kept",
  ]);
});

it("goes on holding a large body that is unchanged", () => {
  const tier = new MemoryTier(8 * mebibyte);
  const record = responseOf(new Uint8Array(largeBodyBytesMax));
  const write = (changed: Partial<typeof keep>) =>
    tier.write(keyOf("a"), record, { ...keep, ...changed }).kind;
  expect(write({ body: "unchanged" })).toBe("refused");
  expect(write({ isAskedAgain: true })).toBe("kept");
  expect([write({ body: "unchanged" }), write({ body: "new" })]).toEqual(["kept", "refused"]);
});

describe("what it lets go of is told, and no longer held", () => {
  const first = responseOf(new Uint8Array(60_000));
  it.each<{ id: string; run: (tier: MemoryTier) => void }>([
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
    const tier = new MemoryTier(120_000, (body) => told.push(body));
    tier.write(keyOf("a"), first, keep);
    const { body } = first.stored;
    const blob = body.kind === "blob" ? body.blob : new Blob();
    expect([tier.holds(blob), told]).toEqual([true, []]);
    run(tier);
    expect([tier.holds(blob), told.length, told[0] === blob]).toEqual([false, 1, true]);
  });

  it("not held: what was refused", () => {
    const tier = new MemoryTier(50_000);
    tier.write(keyOf("a"), first, keep);
    const { body } = first.stored;
    expect(body.kind === "blob" && tier.holds(body.blob)).toBe(false);
  });
});
