// Tests the options of `esi()`.
import { expect, it } from "vitest";
import { esi } from "../../../src/parts/esi/esi.ts";

it.each([0, 1_001, 1.5, Number.NaN])("esi() refuses includesMax: %s", (includesMax) => {
  expect(() => esi("html", { includesMax })).toThrow(`esi has includesMax: ${includesMax}.`);
});

it.each([1, 1_000])("esi() accepts includesMax: %s", (includesMax) => {
  expect(() => esi("html", { includesMax })).not.toThrow();
});

it("esi() refuses another mode, such as one from JavaScript", () => {
  expect(() => esi("all" as never)).toThrow('Write esi("declared") or esi("html").');
});
