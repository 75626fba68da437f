// Each fault still has its place in the Worker; that it is found is another matter, and takes a run.
import { beforeAll, expect, it } from "vitest";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import {
  plant,
  plantedFaults,
  type PlantedFault,
} from "../../testing/consistency/planted-faults.ts";

let sound = "";

beforeAll(async () => {
  sound = await bundleWith("{}", { minify: false });
});

it.each(Object.keys(plantedFaults) as PlantedFault[])("%s can be planted", (fault) => {
  expect(plant(fault, sound)).not.toBe(sound);
});

it.each([
  { id: "nowhere", worker: () => "" },
  { id: "in two places", worker: () => sound + sound },
])("a place that is $id is refused", ({ worker }) => {
  expect(() => plant("bound-ignored", worker())).toThrow("its place in the Worker has changed");
});
