// Each fault still has its place in both bundles; that it is found is another matter, and takes a run.
import { beforeAll, expect, it } from "vitest";
import { processOfData, workerOfData } from "../../../testing/consistency/data/bundles.ts";
import {
  plantedDataFaults,
  type PlantedDataFault,
  plantInData,
} from "../../../testing/consistency/data/planted-data-faults.ts";

let worker = "";
let module = "";

beforeAll(async () => {
  worker = await workerOfData(undefined);
  module = await processOfData(undefined);
});

it.each(Object.keys(plantedDataFaults) as PlantedDataFault[])("%s can be planted", (fault) => {
  expect(plantInData(fault, worker, "worker")).not.toBe(worker);
  expect(() => plantInData(fault, module, "process")).not.toThrow();
});

it("a place that is in two places is refused", () => {
  expect(() => plantInData("raised-twice", worker + worker, "worker")).toThrow("has changed");
});
