// Tests the text of the totals in Redis: writing, reading, and broken texts.
import { describe, expect, it } from "vitest";
import { totalsIn, totalsText } from "../../../src/observe/reports/totals.ts";
import { noGauges } from "../../../testing/monitoring/made-totals.ts";

const totals = {
  startedAtMs: 5,
  sums: new Map([
    ["requests|a|hit|memory", 3],
    ["unheardOf|x", 1],
  ]),
  colos: new Map([["HAM", { ...noGauges, atMs: 7, viewAgeMs: 12 }]]),
  windows: [{ fromAtMs: 300_000, sums: new Map([["unverified|a", 2]]) }],
};

describe("the totals in Redis", () => {
  it("are read as they were written", () => {
    const held = { kind: "held", version: "1.abc-1", totals, isBroken: false };
    expect(totalsIn(totalsText(totals, "abc-1"))).toEqual(held);
  });

  it("are undefined if the key does not exist", () => {
    const held = { kind: "held", version: "", totals: undefined, isBroken: false };
    expect([totalsIn(null), totalsIn(undefined)]).toEqual([held, held]);
  });

  const text = totalsText(totals, "abc");
  it.each([
    ["foreign text", "hello", ""],
    ["no JSON", "1.abc {", "1.abc"],
    ["another form", "1.abc []", "1.abc"],
    ["invalid sums", text.replace('"memory":3', '"memory":"3"'), "1.abc"],
    ["an invalid colo", text.replace('"memoryBytes":0', '"memoryBytes":-1'), "1.abc"],
    ["empty", "", ""],
  ])("are broken: %s", (_, given, version) => {
    expect(totalsIn(given)).toEqual({ kind: "held", version, totals: undefined, isBroken: true });
  });

  it("are reported as newer, not as broken, if a newer version wrote them", () => {
    expect(totalsIn("2.abc {}")).toEqual({ kind: "newer" });
  });
});
