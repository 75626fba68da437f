// Tests the count of requests in the last minute for each variant of a page. Tidemark uses it to
// decide which variants stay stored.
import { describe, expect, it } from "vitest";
import { RecordKey } from "../../src/cache/record/record-key.ts";
import type { VaryMarker } from "../../src/cache/tiers/tier.ts";
import { VariantDemand } from "../../src/cache/variant-demand.ts";
import { sha256HexAtOnce } from "../../src/base/sha256.ts";

const atMs = 1_900_000_000_000 - (1_900_000_000_000 % 15_000);
const key = (name: string) => new RecordKey(name, "www.example.com");

function listing(count: number): VaryMarker {
  const variants = Array.from({ length: count }, (_, at) => [`variant ${at}`, Infinity] as const);
  return { kind: "vary", names: ["accept-language"], sinceAtMs: 0, listedSinceAtMs: 0, variants };
}

function noted(...afterSeconds: number[]) {
  const demand = new VariantDemand(10);
  for (const seconds of afterSeconds) demand.note(key("de"), listing(5), atMs + seconds * 1_000);
  return (seconds: number) => demand.inLastMinute(sha256HexAtOnce("de"), atMs + seconds * 1_000);
}

describe("the count of requests for a variant", () => {
  it.each([
    { id: "just now", at: [0, 0, 1], seconds: 1, count: 3 },
    { id: "45 seconds ago", at: [0], seconds: 45, count: 1 },
    { id: "a minute ago", at: [0, 14.9], seconds: 60, count: 0 },
    { id: "over the minute", at: [0, 20, 40, 59], seconds: 59, count: 4 },
    { id: "partly too long ago", at: [0, 1, 50], seconds: 61, count: 1 },
    { id: "after a pause", at: [0, 0, 0, 300], seconds: 301, count: 1 },
    { id: "before the clock was set back", at: [300, 0], seconds: 0, count: 1 },
    { id: "in the future of a clock that was set back", at: [300], seconds: 0, count: 0 },
  ])("contains the requests of the last minute: $id", ({ at, seconds, count }) => {
    expect(noted(...at)(seconds)).toBe(count);
  });

  it("is zero if the page has fewer than half of the allowed variants", () => {
    const demand = new VariantDemand(10);
    demand.note(key("de"), listing(4), atMs);
    expect(demand.inLastMinute(sha256HexAtOnce("de"), atMs)).toBe(0);
  });
});

it("evicts the least recently requested variants when there are too many", () => {
  const demand = new VariantDemand(1);
  const marker = listing(1);
  const ofDigest = (name: string) => demand.inLastMinute(sha256HexAtOnce(name), atMs);
  demand.note(key("left"), marker, atMs);
  for (let at = 0; at < 2_000; at += 1) {
    demand.note(key(`${at}`.padEnd(500)), marker, atMs);
    if (at % 100 === 0) demand.note(key("de"), marker, atMs);
  }
  expect([ofDigest("left"), ofDigest("de")]).toEqual([0, 20]);
});

it("does not count a variant whose key is larger than the limit", () => {
  const demand = new VariantDemand(1);
  const huge = "x".repeat(1_048_576);
  for (let nth = 0; nth < 2; nth += 1) demand.note(key(huge), listing(1), atMs);
  expect(demand.inLastMinute(sha256HexAtOnce(huge), atMs)).toBe(0);
});
