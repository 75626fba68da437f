// Tests for the values of counters and buffers that every sink must pass.
import { describe, expect, it } from "vitest";
import {
  add,
  type bufferSet,
  type counterSet,
  put,
  reset,
} from "../../../testing/write-behind/set-under-test.ts";

const largest = Number.MAX_SAFE_INTEGER;

export function describeCounters(counter: () => ReturnType<typeof counterSet>): void {
  describe("a counter", () => {
    it("can be negative, and accepts an add of 0", async () => {
      const { apply, held } = counter();
      await apply(1, [add("a", -5), add("b", 3)]);
      await apply(2, [add("a", 2), add("b", -4), add("c", 0)]);
      expect(await held("a", "b")).toEqual({ a: -3, b: -1 });
    });

    it("begins again at the value of a reset", async () => {
      const { apply, held } = counter();
      await apply(1, [add("a", 5), add("b", 5), add("c", 5)]);
      await apply(2, [add("a", 1), reset("b", 7), reset("d", -2)]);
      expect(await held("a", "b", "c", "d")).toEqual({ a: 6, b: 7, c: 5, d: -2 });
    });

    it("has no value for a removed key, and counts later adds from 0", async () => {
      const { apply, held, top } = counter();
      await apply(1, [add("a", 5), add("b", 5)]);
      await apply(2, [reset("a", 0), reset("z", 0)]);
      expect(await held("a", "b", "z")).toEqual({ b: 5 });
      expect(await top(9)).toEqual([["b", 5]]);
      await apply(3, [add("a", 2)]);
      expect(await held("a")).toEqual({ a: 2 });
    });

    it("keeps a later add if an older removal is repeated", async () => {
      const { apply, held } = counter();
      await apply(1, [reset("a", 0)]);
      await apply(2, [add("a", 2)]);
      await apply(1, [reset("a", 0)]);
      expect(await held("a")).toEqual({ a: 2 });
    });

    it("stops at the largest safe integers, and still accepts adds in the other direction", async () => {
      const { apply, held } = counter();
      await apply(1, [
        add("high", largest),
        add("low", -largest),
        reset("set", 2 ** 60),
        add("huge", 2 ** 70),
      ]);
      expect(await held("high", "low", "set")).toEqual({
        high: largest,
        low: -largest,
        set: largest,
      });
      await apply(2, [add("high", 1), add("low", -largest)]);
      expect(await held("high", "low")).toEqual({ high: largest, low: -largest });
      await apply(3, [add("high", -1), add("low", 2)]);
      expect(await held("high", "low")).toEqual({ high: largest - 1, low: 2 - largest });
    });

    it.each([0.5, NaN, Infinity])(
      "refuses the amount %s together with its whole chunk",
      async (by) => {
        const { apply, held, mark } = counter();
        await expect(apply(1, [add("a", 1), add("b", by)])).rejects.toThrow(/not a whole number/);
        expect(await held("a", "b")).toEqual({});
        expect(await mark()).toBeUndefined();
      },
    );

    it("returns the largest values first, and equal values by the UTF-8 bytes of their keys", async () => {
      const { apply, top } = counter();
      const other = counter();
      await other.apply(1, [add("a", 1_000)]);
      await apply(1, [
        add("10", 10), add("9", 9), add("A", 9), add("low", -1), add("\uffff", 9), add("😀", 9),
      ]); // prettier-ignore
      const all = [["10", 10], ["9", 9], ["A", 9], ["\uffff", 9], ["😀", 9], ["low", -1]]; // prettier-ignore
      expect(await top(10)).toEqual(all);
      expect(await top(3)).toEqual(all.slice(0, 3));
      expect(await top(0)).toEqual([]);
    });
  });
}

export function describeBuffers(buffer: () => ReturnType<typeof bufferSet>): void {
  describe("a buffer", () => {
    it("holds the newest value, with any characters", async () => {
      const { apply, held } = buffer();
      const odd = "\u0001\u0001'\"\\%😀\uffff";
      await apply(1, [put("a", "older"), put("b", ""), put("c", odd)]);
      await apply(2, [put("a", '{"is":"newer"}')]);
      await apply(1, [put("a", "revived"), put("d", "revived")]);
      expect(await held("a", "b", "c", "d")).toEqual({ a: '{"is":"newer"}', b: "", c: odd });
    });

    it("has no value for a removed key", async () => {
      const { apply, held } = buffer();
      await apply(1, [put("a", "1"), put("b", "1")]);
      await apply(2, [put("a", null), put("absent", null)]);
      expect(await held("a", "b", "absent")).toEqual({ b: "1" });
      await apply(3, [put("a", "3")]);
      await apply(2, [put("a", null)]);
      expect(await held("a")).toEqual({ a: "3" });
    });

    it("accepts a chunk that is larger than the largest value of a database", async () => {
      const { apply, held } = buffer();
      const changes = ["a", "b", "c", "d"].map((key) => put(key, `"${key}é"`.repeat(150_000)));
      await apply(1, changes);
      for (const { key, value } of changes) {
        const read = (await held(key))[key];
        // Compare with `toBe(true)`, so that a failure does not print megabytes.
        expect(read === value).toBe(true);
      }
    });
  });
}
