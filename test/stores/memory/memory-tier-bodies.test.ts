// Tests which bodies the memory tier holds, and how it reports bodies that it releases.
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { largeBodyBytesMax, smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import type { Tiers } from "../../../src/pages/stored/stored-response.ts";
import {
  ask,
  bytesOf,
  keep,
  keepUntilAtMs,
  memoryTier,
  type PageRecord,
  responseOf,
} from "../../../testing/examples/records.ts";

const mebibyte = 1_048_576;
type Tier = Tiers["memory"];
const keyOf = (name: string): RecordKey => new RecordKey(name, "a.example");
const sized = (bytes: number) => responseOf(new Uint8Array(bytes));
const asked = { ...keep, isAskedAgain: true };
const isHeld = (tier: Tier, name: string) => tier.read(keyOf(name), ask).kind === "found";

/** Creates a tier, and a list of the bodies that it releases. */
function open(bytesMax: number) {
  const released: Blob[] = [];
  const tier = memoryTier(bytesMax, (body) => released.push(body));
  const write = (name: string, record: PageRecord, how: Partial<typeof keep> = {}) =>
    tier.write(keyOf(name), record, { ...keep, ...how }).kind;
  return { tier, released, write };
}

it.each([
  { bytes: smallBodyBytesMax, isAskedAgain: false, kind: "kept" },
  { bytes: smallBodyBytesMax + 1, isAskedAgain: false, kind: "refused" },
  { bytes: largeBodyBytesMax, isAskedAgain: true, kind: "kept" },
  { bytes: largeBodyBytesMax + 1, isAskedAgain: true, kind: "refused" },
])("a body of $bytes bytes, requested again: $isAskedAgain, is $kind", (row) => {
  const { tier, write } = open(16 * mebibyte);
  expect(write("a", sized(row.bytes), row)).toBe(row.kind);
  expect(isHeld(tier, "a")).toBe(row.kind === "kept");
});

it("a large body is kept at its second write, because a Cache API may store nothing", () => {
  const { tier, write } = open(16 * mebibyte);
  const record = sized(largeBodyBytesMax);
  expect([write("a", record), write("b", record)]).toEqual(["refused", "refused"]);
  expect([write("a", record), isHeld(tier, "a"), isHeld(tier, "b")]).toEqual(["kept", true, false]);
});

it("a large unchanged body stays in memory and is not reported", () => {
  const { released, write } = open(16 * mebibyte);
  const record = sized(largeBodyBytesMax);
  const other = responseOf(new Uint8Array(largeBodyBytesMax).fill(1));
  expect(write("a", record, { body: "unchanged" })).toBe("refused");
  expect(write("a", record, { isAskedAgain: true })).toBe("kept");
  expect([write("a", record, { body: "unchanged" }), released.length]).toEqual(["kept", 0]);
  expect([write("a", other, { body: "unchanged" }), released.length]).toEqual(["refused", 1]);
});

it("a held body that is refused later is reported", () => {
  const { released, write } = open(mebibyte);
  const record = responseOf(bytesOf("page"));
  write("a", record);
  write("a", record, { untilAtMs: keep.atMs });
  expect(released.length).toBe(1);
});

describe("large bodies", () => {
  const names = Array.from({ length: 100 }, (_, nth) => nth);

  it("use up to a quarter of the memory, and then evict each other", () => {
    const { tier, write } = open(16 * mebibyte);
    for (const nth of names) write(`small ${nth}`, sized(100_000));
    for (const nth of names.slice(0, 40)) write(`large ${nth}`, sized(600_000), asked);
    expect(names.filter((nth) => isHeld(tier, `small ${nth}`)).length).toBeGreaterThan(95);
    expect(names.filter((nth) => isHeld(tier, `large ${nth}`))).toEqual([34, 35, 36, 37, 38, 39]);
    expect(tier.bytes).toBeLessThanOrEqual(14 * mebibyte);
  });

  it("are not evicted by small bodies, which use the remaining memory", () => {
    const { tier, write } = open(16 * mebibyte);
    write("large", sized(600_000), asked);
    for (let nth = 0; nth < 200; nth += 1) {
      write(`small ${nth}`, sized(100_000));
      expect(tier.bytes).toBeLessThanOrEqual(14 * mebibyte);
    }
    expect(isHeld(tier, "large")).toBe(true);
    expect(tier.bytes).toBeGreaterThan(13.8 * mebibyte);
  });

  it("may each use up to a sixteenth of the memory", () => {
    const { tier, write } = open(8 * mebibyte);
    expect(tier.largestBodyBytes).toBe(mebibyte / 2);
    expect(write("a", sized(mebibyte / 2), asked)).toBe("kept");
    expect(write("a", sized(mebibyte / 2 + 1), asked)).toBe("refused");
  });
});

it("hasChanged detects writes and removals, and is true after more than 256 changes", () => {
  const { tier, write } = open(mebibyte);
  const [a, b] = [keyOf("a"), keyOf("b")];
  const since = tier.changeCount;
  write("b", sized(5));
  expect([tier.hasChanged(a, since), tier.hasChanged(b, since)]).toEqual([false, true]);
  const changes = [4, smallBodyBytesMax + 1].map((bytes) => () => write("a", sized(bytes)));
  for (const change of [...changes, () => tier.remove(a)]) {
    const before = tier.changeCount;
    change();
    const changed = [tier.hasChanged(a, before), tier.hasChanged(a, tier.changeCount)];
    expect(changed).toEqual([true, false]);
  }
  const longAgo = tier.changeCount;
  for (let nth = 0; nth < 256; nth += 1) tier.remove(keyOf(`${nth}`));
  expect(tier.hasChanged(a, longAgo)).toBe(false);
  tier.remove(b);
  expect(tier.hasChanged(a, longAgo)).toBe(true);
});

const first = sized(60_000);
const { body } = first.stored;
const blob = body.kind === "blob" ? body.blob : new Blob();

it.each<[string, (tier: Tier) => unknown]>([
  ["removed", (tier) => tier.remove(keyOf("a"))],
  ["expired", (tier) => tier.read(keyOf("a"), { atMs: keepUntilAtMs })],
  ["replaced", (tier) => tier.write(keyOf("a"), sized(3), keep)],
  ["evicted", (tier) => tier.write(keyOf("b"), sized(60_000), keep)],
])("a body that is %s is reported, and no longer held", (_, run) => {
  const { tier, released, write } = open(120_000);
  write("a", first);
  expect([tier.holds(blob), released]).toEqual([true, []]);
  run(tier);
  expect([tier.holds(blob), released.length, released[0] === blob]).toEqual([false, 1, true]);
});

it("a refused body is not held", () => {
  const { tier, write } = open(50_000);
  write("a", first);
  expect(tier.holds(blob)).toBe(false);
});
