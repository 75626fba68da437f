// The promises of a sink, as tests. Each sink is put through all of them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Add, BufferSink, CounterSink, Put } from "../../src/write-behind/sinks/sink.ts";

export interface SinksUnderTest {
  readonly counters: CounterSink;
  readonly buffers: BufferSink;
  stop(): Promise<void>;
}

const largest = Number.MAX_SAFE_INTEGER;
/** In the order of their UTF-8 bytes. That of UTF-16 has the last two the other way round. */
const oddKeys = [
  "\u0000", "\u0000a", "\u0001", "\u0001\u0001", '"', "%", "'; DROP TABLE tidemark_marks; --",
  "A", "\\", "_", "a", "a\u0000", "a\u0001", "a b", "b", "é", "\uffff", "😀",
]; // prettier-ignore

const add = (key: string, by: number): Add => ({ key, by, isReset: false });
const reset = (key: string, by: number): Add => ({ key, by, isReset: true });
const put = (key: string, value: string | null): Put => ({ key, value });

let setCount = 0;

/** A set that nothing was written to. */
export function newSet(): string {
  setCount += 1;
  return `set ${setCount}`;
}

/** A counter's set, and what it comes to. */
export function counterSet(sink: CounterSink) {
  const set = newSet();
  return {
    set,
    /** @param upTo absent for the end of the slice */
    apply: (slice: number, changes: readonly Add[], upTo: string | null = null) =>
      sink.apply({ set, slice, changes, mark: { slice, key: upTo } }),
    read: (...keys: string[]) => sink.read(set, keys),
    held: async (...keys: string[]) => Object.fromEntries((await sink.read(set, keys)).values),
    mark: async () => (await sink.read(set, [])).mark,
    top: (count: number) => sink.top(set, count),
  };
}

/** A buffer's set, and what it holds. */
export function bufferSet(sink: BufferSink) {
  const set = newSet();
  return {
    apply: (slice: number, changes: readonly Put[], upTo: string | null = null) =>
      sink.apply({ set, slice, changes, mark: { slice, key: upTo } }),
    held: async (...keys: string[]) => Object.fromEntries((await sink.read(set, keys)).values),
  };
}

export function describeSinks(implementation: string, open: () => Promise<SinksUnderTest>): void {
  describe(`the contract of a sink: ${implementation}`, () => {
    let sinks: SinksUnderTest;
    beforeAll(async () => {
      sinks = await open();
    });
    afterAll(() => sinks.stop());
    const counter = () => counterSet(sinks.counters);
    const buffer = () => bufferSet(sinks.buffers);

    describe("the mark", () => {
      it("is none before the first chunk", async () => {
        expect(await counter().mark()).toBeUndefined();
      });

      it("lets a chunk count once, however often it comes", async () => {
        const { apply, held, mark } = counter();
        const chunk = [add("a", 2), add("b", 3)];
        await apply(5, chunk, "b");
        await apply(5, chunk, "b");
        expect(await held("a", "b")).toEqual({ a: 2, b: 3 });
        expect(await mark()).toEqual({ slice: 5, key: "b" });
      });

      it("lets a chunk count once that comes from several at once", async () => {
        const { apply, held } = counter();
        await Promise.all(Array.from({ length: 8 }, () => apply(5, [add("a", 1)])));
        await Promise.all(Array.from({ length: 8 }, () => apply(6, [add("a", 1)])));
        expect(await held("a")).toEqual({ a: 2 });
      });

      it("lets nothing of an older slice count, and does not go back", async () => {
        const { apply, held, mark } = counter();
        await apply(7, [add("b", 1)], "b");
        await apply(6, [add("a", 10), add("z", 10)]);
        expect(await held("a", "b", "z")).toEqual({ b: 1 });
        expect(await mark()).toEqual({ slice: 7, key: "b" });
      });

      it("lets only the keys past it count within its slice", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1), add("b", 1)], "b");
        await apply(5, [add("a", 10), add("b", 10), add("c", 10)]);
        expect(await held("a", "b", "c")).toEqual({ a: 1, b: 1, c: 10 });
        expect(await mark()).toEqual({ slice: 5, key: null });
      });

      it("does not go back within its slice", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1), add("c", 1)], "c");
        await apply(5, [add("a", 1)], "a");
        expect(await mark()).toEqual({ slice: 5, key: "c" });
        await apply(5, [add("b", 10), add("c", 10)], "c");
        expect(await held("a", "b", "c")).toEqual({ a: 1, c: 1 });
      });

      it("ends its slice where it has no key", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1)]);
        await apply(5, [add("z", 1)], "z");
        expect(await held("a", "z")).toEqual({ a: 1 });
        expect(await mark()).toEqual({ slice: 5, key: null });
      });

      it("is all that an empty chunk moves", async () => {
        const { apply, mark } = counter();
        await apply(5, []);
        expect(await mark()).toEqual({ slice: 5, key: null });
        await apply(9, [], "k");
        expect(await mark()).toEqual({ slice: 9, key: "k" });
      });

      it("is one of each set", async () => {
        const [one, other] = [counter(), counter()];
        await one.apply(9, [add("a", 1)]);
        await other.apply(5, [add("a", 5)]);
        expect(await one.held("a")).toEqual({ a: 1 });
        expect(await other.held("a")).toEqual({ a: 5 });
      });

      it("takes numbers of slices as large as a clock makes them", async () => {
        const { apply, mark } = counter();
        for (const slice of [179_543_210, largest - 1, largest]) {
          await apply(slice, []);
          expect(await mark()).toEqual({ slice, key: null });
        }
      });
    });

    it("holds odd keys and reads them back, each as itself", async () => {
      const { apply, read } = counter();
      await apply(
        1,
        oddKeys.map((key, index) => add(key, index + 1)),
      );
      const { values } = await read(...oddKeys, "", "a%", "c");
      expect([...values].toSorted(([, a], [, b]) => a - b)).toEqual(
        oddKeys.map((key, index) => [key, index + 1]),
      );
    });

    it.each(oddKeys.map((key, index) => ({ key, index })))(
      "goes by UTF-8 about the mark $index",
      async ({ key, index }) => {
        const { apply, held, mark } = counter();
        await apply(1, [], key);
        expect(await mark()).toEqual({ slice: 1, key });
        await apply(
          1,
          oddKeys.map((one) => add(one, 1)),
          "😀",
        );
        const later = oddKeys.slice(index + 1);
        expect(await held(...oddKeys)).toEqual(Object.fromEntries(later.map((one) => [one, 1])));
        expect(await mark()).toEqual({ slice: 1, key: "😀" });
        await apply(1, [], "\uffff");
        expect(await mark()).toEqual({ slice: 1, key: "😀" });
      },
    );

    it("takes 500 changes with long keys, and reads them in one call", async () => {
      const { apply, held } = counter();
      const keys = Array.from({ length: 500 }, (_, index) => `${"é".repeat(510)}${1_000 + index}`);
      await apply(
        1,
        keys.map((key) => add(key, 1)),
        keys.at(-1),
      );
      await apply(
        2,
        keys.map((key, index) => add(key, index)),
      );
      expect(await held(...keys)).toEqual(
        Object.fromEntries(keys.map((key, index) => [key, index + 1])),
      );
    });

    it("reads mark and values together", async () => {
      const { apply, read } = counter();
      await apply(3, [add("a", 1)], "a");
      const { values, mark } = await read("a", "a", "absent");
      expect([...values]).toEqual([["a", 1]]);
      expect(mark).toEqual({ slice: 3, key: "a" });
    });

    it("shows nobody values without their mark", async () => {
      const { apply, read } = counter();
      const writing = (async () => {
        for (let slice = 1; slice <= 15; slice += 1) {
          await apply(slice, [add("a", 1), add("b", 1)]);
        }
      })();
      for (let reads = 0; reads < 15; reads += 1) {
        const { values, mark } = await read("a", "b");
        expect([values.get("a"), values.get("b")]).toEqual([mark?.slice, mark?.slice]);
      }
      await writing;
    });

    describe("a counter", () => {
      it("goes below 0, and adds what is 0", async () => {
        const { apply, held } = counter();
        await apply(1, [add("a", -5), add("b", 3)]);
        await apply(2, [add("a", 2), add("b", -4), add("c", 0)]);
        expect(await held("a", "b")).toEqual({ a: -3, b: -1 });
      });

      it("begins anew at a reset", async () => {
        const { apply, held } = counter();
        await apply(1, [add("a", 5), add("b", 5), add("c", 5)]);
        await apply(2, [add("a", 1), reset("b", 7), reset("d", -2)]);
        expect(await held("a", "b", "c", "d")).toEqual({ a: 6, b: 7, c: 5, d: -2 });
      });

      it("has nothing of a key that was removed, and counts it anew", async () => {
        const { apply, held, top } = counter();
        await apply(1, [add("a", 5), add("b", 5)]);
        await apply(2, [reset("a", 0), reset("z", 0)]);
        expect(await held("a", "b", "z")).toEqual({ b: 5 });
        expect(await top(9)).toEqual([["b", 5]]);
        await apply(3, [add("a", 2)]);
        expect(await held("a")).toEqual({ a: 2 });
      });

      it("keeps a later count when an older removal comes again", async () => {
        const { apply, held } = counter();
        await apply(1, [reset("a", 0)]);
        await apply(2, [add("a", 2)]);
        await apply(1, [reset("a", 0)]);
        expect(await held("a")).toEqual({ a: 2 });
      });

      it("stops at the largest whole numbers that are exact, and comes back from there", async () => {
        const { apply, held } = counter();
        await apply(1, [add("high", largest), add("low", -largest), reset("set", 2 ** 60)]);
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

      it.each([0.5, NaN, Infinity])("refuses %s, and takes nothing of its chunk", async (by) => {
        const { apply, held, mark } = counter();
        await expect(apply(1, [add("a", 1), add("b", by)])).rejects.toThrow(/no whole number/);
        expect(await held("a", "b")).toEqual({});
        expect(await mark()).toBeUndefined();
      });

      it("tells the largest, and equal ones by UTF-8", async () => {
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

    describe("a buffer", () => {
      it("holds the newest value, whatever it is made of", async () => {
        const { apply, held } = buffer();
        const odd = "\u0000\u0001\u0001'\"\\%😀\uffff";
        await apply(1, [put("a", "older"), put("b", ""), put("c", odd)]);
        await apply(2, [put("a", '{"is":"newer"}')]);
        await apply(1, [put("a", "revived"), put("d", "revived")]);
        expect(await held("a", "b", "c", "d")).toEqual({ a: '{"is":"newer"}', b: "", c: odd });
      });

      it("has nothing of a key that was removed", async () => {
        const { apply, held } = buffer();
        await apply(1, [put("a", "1"), put("b", "1")]);
        await apply(2, [put("a", null), put("absent", null)]);
        expect(await held("a", "b", "absent")).toEqual({ b: "1" });
        await apply(3, [put("a", "3")]);
        await apply(2, [put("a", null)]);
        expect(await held("a")).toEqual({ a: "3" });
      });

      it("takes more in one chunk than a database takes as one value", async () => {
        const { apply, held } = buffer();
        const values = Object.fromEntries(
          ["a", "b", "c", "d"].map((key) => [key, `"${key}é"`.repeat(150_000)]),
        );
        await apply(
          1,
          Object.entries(values).map(([key, value]) => put(key, value)),
        );
        for (const [key, value] of Object.entries(values)) {
          expect((await held(key))[key] === value, key).toBe(true);
        }
      });
    });
  });
}
