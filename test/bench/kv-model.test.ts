// Tests the model of Workers KV: the delays by which colos see each other's writes, and its counts.
import { expect, it } from "vitest";
import { KvModel } from "../../bench/cost/kv-model.ts";

const value = Buffer.from("page");
const cacheTtl = 30;

/** Opens a model that runs ten times as fast as life: 30 s are 3 s. */
function open() {
  let atMs = 0;
  const model = new KvModel(() => atMs, 10);
  const read = (colo: string) => model.read(colo, "key", cacheTtl)?.toString();
  return { model, read, at: (ms: number) => void (atMs = ms) };
}

it("a colo sees its own write at once, and others see it after the delay", () => {
  const { model, read, at } = open();
  model.write("a", "key", value);
  expect(read("a")).toBe("page");
  at(3_000);
  expect(read("b")).toBe("page");
});

it("a miss or a value that a colo has read is repeated, so a change can take both delays", () => {
  const { model, read, at } = open();
  model.write("a", "key", value);
  at(2_999);
  expect(read("b")).toBeUndefined();
  at(5_998);
  expect(read("b")).toBeUndefined();
  at(5_999);
  expect(read("b")).toBe("page");
  model.write("a", "key", undefined);
  expect(read("a")).toBeUndefined();
  at(8_998);
  expect(read("b")).toBe("page");
  at(8_999);
  expect(read("b")).toBeUndefined();
});

it("counts reads, writes and deletions", () => {
  const { model, read } = open();
  read("a");
  model.write("a", "key", value);
  model.write("a", "key", undefined);
  expect(model.counts).toEqual({ read: 1, write: 1, delete: 1 });
});
