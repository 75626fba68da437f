// Tests which tiers a route uses, and which of them is the tier of the colo and the tier of the
// world.
import { describe, expect, it } from "vitest";
import { MemoryTier } from "../../../src/stores/memory/memory-tier.ts";
import { TierStack } from "../../../src/cache/tiers/tier-stack.ts";
import type { TierName } from "../../../src/config/tier-names.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import type {
  ResponseDetail,
  ResponseTier,
  Tiers,
} from "../../../src/pages/stored/stored-response.ts";

const named = (name: TierName): ResponseTier => ({
  name,
  arrivingBytesMax: 0,
  bodyBytesMax: 0,
  isBreakerOpen: false,
  read: () => ({ kind: "absent" }),
  write: () => ({ kind: "kept" }),
  remove: () => undefined,
});

const memory = new MemoryTier<ResponseDetail>({ bytesMax: 1_000, form: responseForm });
const [edge, shared] = [named("edge"), named("shared")];
const whole = new TierStack(memory, [edge, shared]);
const namesIn = ({ all }: Tiers) => all.map(({ name }) => name);

describe("a stack of tiers", () => {
  it.each<[id: string, part: Tiers, all: string[], more?: { colo?: string; world?: string }]>([
    ["whole", whole, ["memory", "edge", "shared"], { colo: "edge", world: "shared" }],
    ["of a route", whole.of(["shared"]), ["shared"], { world: "shared" }],
    ["of no tiers", whole.of([]), []],
    [
      "without the tier of the colo",
      whole.withoutColo(),
      ["memory", "shared"],
      { world: "shared" },
    ],
    ["of a part", whole.withoutColo().of(["edge", "memory"]), ["memory"]],
  ])("has the expected tiers: %s", (_id, part, all, { colo, world } = {}) => {
    expect([namesIn(part), part.ofColo?.name, part.ofWorld?.name]).toEqual([all, colo, world]);
    expect(part.usesMemory).toBe(all.includes("memory"));
    expect(part.memory).toBe(memory);
  });

  it("is the same object for the same names, so that lookups create no objects", () => {
    const names: readonly TierName[] = ["memory"];
    expect(whole.of(names)).toBe(whole.of(names));
  });

  it("has the tiers above a tier as targets of a backfill", () => {
    expect(whole.above(shared).map(({ name }) => name)).toEqual(["memory", "edge"]);
    expect(whole.above(edge).map(({ name }) => name)).toEqual(["memory"]);
    expect(
      whole
        .of(["edge", "shared"])
        .above(shared)
        .map(({ name }) => name),
    ).toEqual(["edge"]);
  });
});
