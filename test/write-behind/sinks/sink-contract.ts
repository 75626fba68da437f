// Tests that every sink must pass.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BufferSink, CounterSink } from "../../../src/write-behind/sinks/sink.ts";
import { add, bufferSet, counterSet } from "../../../testing/write-behind/set-under-test.ts";
import { runHistory } from "./sink-histories.ts";
import { describeBuffers, describeCounters } from "./value-contract.ts";

interface SinksUnderTest {
  readonly counters: CounterSink;
  readonly buffers: BufferSink;
  stop(): Promise<void>;
}

const largest = Number.MAX_SAFE_INTEGER;
/** Sorted by UTF-8 bytes. In UTF-16, the last two have the opposite order. */
const oddKeys = [
  "\u0001", "\u0001\u0001", '"', "%", "'; DROP TABLE tidemark_marks; --",
  "A", "\\", "_", "a", "a\u0001", "a b", "b", "é", "\uffff", "😀",
]; // prettier-ignore

export function describeSinks(implementation: string, open: () => Promise<SinksUnderTest>): void {
  describe(`a sink over ${implementation}`, () => {
    let sinks: SinksUnderTest;
    beforeAll(async () => {
      sinks = await open();
    });
    afterAll(() => sinks.stop());
    const counter = () => counterSet(sinks.counters);
    const buffer = () => bufferSet(sinks.buffers);

    describe("the mark", () => {
      it("is absent before the first chunk", async () => {
        expect(await counter().mark()).toBeUndefined();
      });

      it("makes a repeated chunk count once", async () => {
        const { apply, held, mark } = counter();
        const chunk = [add("a", 2), add("b", 3)];
        await apply(5, chunk, "b");
        await apply(5, chunk, "b");
        expect(await held("a", "b")).toEqual({ a: 2, b: 3 });
        expect(await mark()).toEqual({ slice: 5, key: "b" });
      });

      it("makes a chunk count once if several flushers send it at once", async () => {
        const { apply, held } = counter();
        await Promise.all(Array.from({ length: 8 }, () => apply(5, [add("a", 1)])));
        await Promise.all(Array.from({ length: 8 }, () => apply(6, [add("a", 1)])));
        expect(await held("a")).toEqual({ a: 2 });
      });

      it("prevents an older slice from counting, and does not move back", async () => {
        const { apply, held, mark } = counter();
        await apply(7, [add("b", 1)], "b");
        await apply(6, [add("a", 10), add("z", 10)]);
        expect(await held("a", "b", "z")).toEqual({ b: 1 });
        expect(await mark()).toEqual({ slice: 7, key: "b" });
      });

      it("lets only keys after the mark count within its slice", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1), add("b", 1)], "b");
        await apply(5, [add("a", 10), add("b", 10), add("c", 10)]);
        expect(await held("a", "b", "c")).toEqual({ a: 1, b: 1, c: 10 });
        expect(await mark()).toEqual({ slice: 5, key: null });
      });

      it("does not move back within its slice", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1), add("c", 1)], "c");
        await apply(5, [add("a", 1)], "a");
        expect(await mark()).toEqual({ slice: 5, key: "c" });
        await apply(5, [add("b", 10), add("c", 10)], "c");
        expect(await held("a", "b", "c")).toEqual({ a: 1, c: 1 });
      });

      it("covers its whole slice if the mark has no key", async () => {
        const { apply, held, mark } = counter();
        await apply(5, [add("a", 1)]);
        await apply(5, [add("z", 1)], "z");
        expect(await held("a", "z")).toEqual({ a: 1 });
        expect(await mark()).toEqual({ slice: 5, key: null });
      });

      it("moves with an empty chunk", async () => {
        const { apply, mark } = counter();
        await apply(5, []);
        expect(await mark()).toEqual({ slice: 5, key: null });
        await apply(9, [], "k");
        expect(await mark()).toEqual({ slice: 9, key: "k" });
      });

      it("is separate for each set", async () => {
        const [one, other] = [counter(), counter()];
        await one.apply(9, [add("a", 1)]);
        await other.apply(5, [add("a", 5)]);
        expect(await one.held("a")).toEqual({ a: 1 });
        expect(await other.held("a")).toEqual({ a: 5 });
      });

      it("accepts slice numbers up to the largest safe integer", async () => {
        const { apply, mark } = counter();
        for (const slice of [179_543_210, largest - 1, largest]) {
          await apply(slice, []);
          expect(await mark()).toEqual({ slice, key: null });
        }
      });
    });

    it("stores unusual keys, and reads each key back unchanged", async () => {
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
      "compares keys with the mark by their UTF-8 bytes: mark $index",
      async ({ key, index }) => {
        const { apply, read, mark } = counter();
        await apply(1, [], key);
        expect(await mark()).toEqual({ slice: 1, key });
        const all = oddKeys.map((one) => add(one, 1));
        await apply(1, all, "😀");
        await apply(1, [], "\uffff");
        const { values, mark: after } = await read(...oddKeys);
        expect([...values.keys()].toSorted()).toEqual(oddKeys.slice(index + 1).toSorted());
        expect(after).toEqual({ slice: 1, key: "😀" });
      },
    );

    it("accepts 500 changes with long keys, and reads them in one call", async () => {
      const { apply, held } = counter();
      const keys = Array.from({ length: 500 }, (_, index) => `${"é".repeat(254)}${1_000 + index}`);
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

    it("returns values only with their mark during concurrent writes", async () => {
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

    it.each([1, 2, 3])(
      "holds the values that its mark promises in random history %i",
      async (seed) => {
        const steps = await runHistory(sinks.counters, seed);
        expect(steps.map(({ held }) => held)).toEqual(steps.map(({ promised }) => promised));
      },
    );

    describeCounters(counter);
    describeBuffers(buffer);
  });
}
