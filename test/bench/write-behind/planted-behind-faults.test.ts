// Each fault still has its place in both bundles; that it is found is another matter, and takes a run.
import { beforeAll, expect, it } from "vitest";
import { processBehind, workerBehind } from "../../../testing/write-behind/proof/bundles.ts";
import {
  plantBehind,
  type PlantedBehindFault,
  plantedBehindFaults,
} from "../../../testing/write-behind/proof/planted-behind-faults.ts";

let bundles: readonly string[] = [];

beforeAll(async () => {
  bundles = [await workerBehind(undefined), await processBehind(undefined)];
});

it.each(Object.keys(plantedBehindFaults) as PlantedBehindFault[])("%s can be planted", (fault) => {
  for (const text of bundles) expect(plantBehind(fault, text)).not.toBe(text);
});

it("a place that is in two places is refused", () => {
  const twice = bundles.join("");
  expect(() => plantBehind("no-batch-known", twice)).toThrow("has changed");
});
