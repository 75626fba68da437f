// Tests the slots of keys in a Redis Cluster, and the names that put the keys of a transaction in
// one slot.
import { describe, expect, it } from "vitest";
import {
  inSlots,
  keyInSlot,
  keysOf,
  positionsBySlot,
  slotOf,
} from "../../../../src/remote/redis/connection/slots.ts";

const digest = "0123456789abcdef".repeat(4);

describe("the slot of a key", () => {
  // The slots are results of CLUSTER KEYSLOT in redis-server 7.0. The first row is an example of
  // the specification.
  it.each([
    ["123456789", 12_739],
    ["foo", 12_182],
    ["{user1000}.following", 3_443],
    ["{user1000}.followers", 3_443],
    ["foo{}{bar}", 8_363],
    ["foo{{bar}}zap", 4_015],
    ["foo{bar}{zap}", 5_061],
    ["größe", 9_425],
    ["", 0],
  ])("is the slot in Redis Cluster: %s", (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });
});

describe("the name of a key in a cluster", () => {
  it("puts a record and its lock in one slot, by their digest", () => {
    expect(keyInSlot(`site:d:${digest}`)).toBe(`site:d:{${digest}}`);
    expect(slotOf(keyInSlot(`site:d:${digest}`))).toBe(slotOf(keyInSlot(`site:lock:${digest}`)));
  });

  it("puts the other keys of a namespace in one slot", () => {
    const slots = ["journal", "switch", "probe"].map((name) => slotOf(keyInSlot(`a.b:${name}`)));
    expect(keyInSlot("a.b:journal")).toBe("{a.b}:journal");
    expect(new Set(slots).size).toBe(1);
    expect(slotOf(keyInSlot("c:journal"))).not.toBe(slots[0]);
  });

  it.each([
    [["GET", "n:journal"], ["n:journal"], ["GET", "{n}:journal"]],
    [
      ["SET", "n:probe", "n:value", "PX", "1"],
      ["n:probe"],
      ["SET", "{n}:probe", "n:value", "PX", "1"],
    ],
    [
      ["MGET", "n:a", "n:b"],
      ["n:a", "n:b"],
      ["MGET", "{n}:a", "{n}:b"],
    ],
    [
      ["EVAL", "n:script", "2", "n:a", "n:b", "n:argument"],
      ["n:a", "n:b"],
      ["EVAL", "n:script", "2", "{n}:a", "{n}:b", "n:argument"],
    ],
    [["EVAL", "script", "0", "n:argument"], [], ["EVAL", "script", "0", "n:argument"]],
    [
      ["XREAD", "COUNT", "1", "BLOCK", "1", "STREAMS", "n:a", "n:b", "0-0", "$"],
      ["n:a", "n:b"],
      ["XREAD", "COUNT", "1", "BLOCK", "1", "STREAMS", "{n}:a", "{n}:b", "0-0", "$"],
    ],
    [["PING"], [], ["PING"]],
  ] as const)("replaces the keys of a command: %s", (command, keys, named) => {
    expect(keysOf(command)).toEqual(keys);
    expect(inSlots(command)).toEqual(named);
  });
});

it("groups the positions of keys by slot, in the order of the keys", () => {
  expect(positionsBySlot(["{a}1", "{b}1", "{a}2", "{c}", "{b}2"])).toEqual([[0, 2], [1, 4], [3]]);
});
