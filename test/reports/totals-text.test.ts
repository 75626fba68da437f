// The totals as they lie in Redis: back and forth, and what is none.
import { describe, expect, it } from "vitest";
import { totalsIn, totalsText } from "../../src/reports/totals-text.ts";
import { noGauges } from "./reports-world.ts";

const totals = {
  startedAtMs: 5,
  sums: new Map([
    ["requests|a|hit|memory", 3],
    ["unheardOf|x", 1],
  ]),
  colos: new Map([["HAM", { ...noGauges, atMs: 7, viewAgeMs: 12 }]]),
  windows: [{ fromAtMs: 300_000, sums: new Map([["unverified|a", 2]]) }],
};

describe("totals", () => {
  it("come back as they were", () => {
    expect(totalsIn(totalsText(totals, "abc-1"))).toEqual({
      kind: "held",
      version: "1.abc-1",
      totals,
      isBroken: false,
    });
  });

  it("are none where nothing stands", () => {
    const held = { kind: "held", version: "", totals: undefined, isBroken: false };
    expect([totalsIn(null), totalsIn(undefined)]).toEqual([held, held]);
  });

  it.each([
    { id: "nothing of ours", text: "hello", version: "" },
    { id: "no JSON", text: "1.abc {", version: "1.abc" },
    { id: "another form", text: "1.abc []", version: "1.abc" },
    {
      id: "sums that are none",
      text: totalsText(totals, "abc").replace('"memory":3', '"memory":"3"'),
      version: "1.abc",
    },
    {
      id: "a state of a colo that is none",
      text: totalsText(totals, "abc").replace('"memoryBytes":0', '"memoryBytes":-1'),
      version: "1.abc",
    },
    { id: "empty", text: "", version: "" },
  ])("are broken: $id", ({ text, version }) => {
    expect(totalsIn(text)).toEqual({ kind: "held", version, totals: undefined, isBroken: true });
  });

  it("of a newer form are not taken for broken ones", () => {
    expect(totalsIn("2.abc {}")).toEqual({ kind: "newer" });
  });
});
