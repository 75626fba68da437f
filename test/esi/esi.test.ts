// Tests the options of `esi()`, and that a configuration with `esi` needs it.
import { expect, it } from "vitest";
import { esi } from "../../src/esi/esi.ts";
import { openSite } from "../../testing/site/harness.ts";

it.each([0, 1_001, 1.5, Number.NaN])("esi() refuses includesMax: %s", (includesMax) => {
  expect(() => esi({ includesMax })).toThrow(`esi has includesMax: ${includesMax}.`);
});

it.each([1, 1_000])("esi() accepts includesMax: %s", (includesMax) => {
  expect(() => esi({ includesMax })).not.toThrow();
});

it.each(["declared", "html"] as const)("esi: %s is refused without esi()", (mode) => {
  const config = { routes: [{ name: "all", match: "*", esi: mode }] };
  expect(() => openSite({ config })).toThrow("Pass esi: esi() of tidemark/esi");
});
