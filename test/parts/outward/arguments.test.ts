// Tests which targets outward() accepts, and that the old option names the new form.
import { expect, it } from "vitest";
import { outward } from "../../../src/parts/outward/outward.ts";
import { refusalOf } from "../../config/refusal-of.ts";
import { listTarget } from "./outward-world.ts";

it.each([
  ["a capital letter", { Edge: listTarget() }, '"Edge" is not a valid name'],
  ["no target", { edge: {} }, "edge is not a target: write cloudflareZone({ … })."],
  ["a list", [], "It needs an object of targets by name"],
])("outward() refuses %s", (_id, given, says) => {
  expect(() => outward(given as never)).toThrow(says);
});

it("the option outward names the part", () => {
  expect(refusalOf({ outward: { edge: listTarget() } })).toContain(
    '"outward" is not a field of the configuration; use outward({ … }) of tidemark/outward in parts',
  );
});
