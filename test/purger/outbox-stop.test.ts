// Tests the outbox's `stop`, and the outbox with a store or a report function that throws.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox, type OutboxReport, type OutboxStore } from "../../src/purger/outbox.ts";
import { heldPurger, memoryStore } from "./fakes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function open(instead: Partial<OutboxStore> = {}) {
  const held = heldPurger();
  const { rows, store } = memoryStore();
  const reports: OutboxReport[] = [];
  const outbox = createOutbox({
    store: { ...store, ...instead },
    purger: held.purger,
    report: (report) => reports.push(report),
  });
  return { ...held, rows, store, reports, outbox };
}

const turns = () => vi.advanceTimersByTimeAsync(0);
const none = { delivered: 0, failed: 0, refused: 0 };

describe("the outbox's method stop", () => {
  it("may be followed by run at once, which retries the aborted message without a report", async () => {
    const { outbox, begun, accept, rows, reports } = open();
    outbox.run();
    outbox.enqueue({ tags: ["a"] });
    await turns();
    const stopped = outbox.stop();
    outbox.run();
    await stopped;
    await turns();
    expect([begun, reports]).toEqual([["a", "a"], []]);
    accept("a");
    await turns();
    expect(rows[0]?.state).toBe("delivered");
    await outbox.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends a concurrent round, which returns its counts so far", async () => {
    const { outbox, accept, reports } = open();
    outbox.run();
    for (const tag of ["a", "b"]) outbox.enqueue({ tags: [tag] });
    const round = outbox.deliver();
    await turns();
    accept("a");
    await turns();
    await outbox.stop();
    expect(await round).toEqual({ ...none, delivered: 1 });
    expect(reports).toEqual([]);
  });

  it.each([true, false])("aborts the try of a round; with a loop: %s", async (isRun) => {
    const { outbox, begun, rows } = open();
    outbox.enqueue({ tags: ["a"] });
    const round = outbox.deliver();
    await turns();
    expect(begun).toEqual(["a"]);
    if (isRun) outbox.run();
    await outbox.stop();
    expect(await round).toEqual(none);
    expect(rows[0]).toMatchObject({ state: "waiting", failedTries: 0 });
  });

  it("starts no try of a poll in progress", async () => {
    const { outbox, begun } = open();
    outbox.enqueue({ tags: ["a"] });
    const round = outbox.deliver();
    await outbox.stop();
    expect([await round, begun]).toEqual([none, []]);
  });

  it("may be followed by a round at once, which retries the aborted message", async () => {
    const { outbox, begun, accept } = open();
    outbox.enqueue({ tags: ["a"] });
    const first = outbox.deliver();
    await turns();
    const stopped = outbox.stop();
    const second = outbox.deliver();
    await stopped;
    await turns();
    expect(begun).toEqual(["a", "a"]);
    accept("a");
    expect([await first, await second]).toEqual([none, { ...none, delivered: 1 }]);
  });
});

describe("a store that cannot record a try", () => {
  const broken = {
    delivered() {
      throw new Error("disk full");
    },
  };

  it.each([
    { id: "with one target", tagOf: () => "a", begunCount: 1 },
    { id: "with separate targets", tagOf: (nth: number) => `tag-${nth}`, begunCount: 8 },
  ])("ends a round of 20 messages without further tries: $id", async ({ tagOf, begunCount }) => {
    const { outbox, begun, accept } = open(broken);
    for (let nth = 0; nth < 20; nth += 1) outbox.enqueue({ tags: [tagOf(nth)] });
    let thrown: unknown;
    const round = outbox.deliver().catch((cause: unknown) => {
      thrown = cause;
    });
    await turns();
    for (const tag of begun.slice(1)) {
      accept(tag);
      await turns();
    }
    // A round ends after all its tries have ended.
    expect(thrown).toBe(undefined);
    accept(begun[0] ?? "");
    await round;
    expect(thrown).toMatchObject({ message: "disk full" });
    await turns();
    expect(begun).toHaveLength(begunCount);
  });

  it("is reported by the loop, which continues with its next poll", async () => {
    const { outbox, begun, accept, reports } = open(broken);
    outbox.run();
    for (let nth = 0; nth < 3; nth += 1) outbox.enqueue({ tags: ["a"] });
    await turns();
    accept("a");
    await turns();
    expect([begun, reports]).toMatchObject([["a"], [{ kind: "store-failed" }]]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toEqual(["a", "a"]);
    await outbox.stop();
    expect(reports).toHaveLength(1);
  });
});

describe("a report function that throws", () => {
  it.each([
    {
      id: "synchronously",
      report: () => {
        throw new Error("no logger");
      },
    },
    { id: "asynchronously", report: () => Promise.reject(new Error("no logger")) },
  ])("does not stop the loop, and both errors are logged: $id", async ({ report }) => {
    const onConsole = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { store } = memoryStore();
    let looks = 0;
    const due = () => {
      looks += 1;
      throw new Error("locked");
    };
    const { purger } = heldPurger();
    const outbox = createOutbox({ store: { ...store, due }, purger, report });
    outbox.run();
    await vi.advanceTimersByTimeAsync(2_500);
    await outbox.stop();
    expect(looks).toBe(3);
    expect(onConsole.mock.calls.slice(0, 2).map(([line]) => line as string)).toEqual([
      "The outbox's `report` threw.",
      "The outbox cannot use its store.",
    ]);
  });
});
