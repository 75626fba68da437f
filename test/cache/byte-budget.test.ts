// Tests the budget for the bytes of bodies in memory.
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";

it("a budget counts held bytes even beyond its limit, and then permits no more", () => {
  const budget = new ByteBudget(10);
  const cancelBody = budget.hold({}, 25);
  expect(budget.take(1)).toBe(false);
  cancelBody();
  cancelBody();
  expect([budget.take(10), budget.hasRoomFor(0), budget.take(1)]).toEqual([true, true, false]);
});

it("a budget counts bytes that were counted elsewhere only after `countFromNow`", () => {
  const budget = new ByteBudget(10);
  const held = {};
  const cancelBody = budget.hold(held, 10, { isCountedElsewhere: true });
  expect(budget.hasRoomFor(10)).toBe(true);
  budget.countFromNow(held);
  budget.countFromNow(held);
  expect(budget.hasRoomFor(1)).toBe(false);
  cancelBody();
  budget.countFromNow(held);
  expect(budget.hasRoomFor(10)).toBe(true);
});

it("a budget does not give back bytes that it has not counted", () => {
  const budget = new ByteBudget(10);
  budget.hold({}, 10, { isCountedElsewhere: true })();
  expect([budget.hasRoomFor(10), budget.hasRoomFor(11)]).toEqual([true, false]);
});

it("a budget counts an object once, however often it is held", () => {
  const budget = new ByteBudget(10);
  const held = {};
  const cancelBody = [
    budget.hold(held, 6, { isCountedElsewhere: true }),
    budget.hold(held, 6),
    budget.hold(held, 6, { isCountedElsewhere: true }),
  ];
  expect([budget.hasRoomFor(4), budget.hasRoomFor(5)]).toEqual([true, false]);
  for (const each of cancelBody) each();
  expect(budget.hasRoomFor(10)).toBe(true);
});

it("a budget reserves a quarter for small bodies", () => {
  const budget = new ByteBudget(100);
  expect([budget.take(75, "large"), budget.take(1, "large")]).toEqual([true, false]);
  expect([budget.take(25), budget.take(1)]).toEqual([true, false]);
});

it("a budget counts bytes for a client that does not begin to read for 45 s", () => {
  let atMs = 0;
  const budget = new ByteBudget(10, () => atMs);
  const [giveBack, hold] = [budget.lend(4), budget.hold({}, 6)];
  budget.untilRead(hold, () => true);
  atMs = 44_999;
  expect([budget.lend(4), budget.hasRoomFor(1)]).toEqual([undefined, false]);
  atMs = 45_000;
  expect([budget.hasRoomFor(4), budget.hasRoomFor(5)]).toEqual([true, false]);
  expect(budget.take(4)).toBe(true);
  giveBack?.();
  expect(budget.hasRoomFor(1)).toBe(false);
  hold();
  expect(budget.hasRoomFor(6)).toBe(true);
});

it("a budget gives lent bytes back once", () => {
  const budget = new ByteBudget(10);
  const giveBack = budget.lend(10);
  for (const _ of [1, 2]) giveBack?.();
  expect([budget.hasRoomFor(10), budget.hasRoomFor(11)]).toEqual([true, false]);
});

describe("a budget that is short", () => {
  let atMs = 0;
  let cut: string[] = [];
  let cutCount = 0;

  /** Opens a budget of which large bodies may take 75 bytes, and readers that have taken some. */
  function opened(readers: Readonly<Record<string, { heldBytes: number; pieceBytes?: number }>>) {
    atMs = 0;
    cut = [];
    cutCount = 0;
    const budget = new ByteBudget(
      100,
      () => atMs,
      () => (cutCount += 1),
    );
    const waiting = Object.entries(readers).map(([name, { heldBytes, pieceBytes = 0 }]) => {
      let bytes = heldBytes;
      budget.charge(bytes);
      const release = () => {
        budget.give(bytes);
        bytes = 0;
      };
      const reader = { heldBytes: () => bytes, cut: () => (cut.push(name), release()) };
      budget.waits(reader, pieceBytes);
      return { reader, pieceBytes };
    });
    /** Lets a reader take its piece, and wait for the next one. */
    const takes = (nth: number) => {
      const { reader, pieceBytes } = waiting[nth]!;
      budget.waitsNoMore(reader);
      budget.waits(reader, pieceBytes);
    };
    return { budget, takes };
  }

  it("disconnects no client that took something within 30 s", () => {
    const { budget, takes } = opened({ stalls: { heldBytes: 10 }, reads: { heldBytes: 60 } });
    atMs = 20_000;
    takes(1);
    atMs = 29_999;
    expect([budget.take(10, "large"), cut]).toEqual([false, []]);
    atMs = 30_000;
    expect([budget.take(10, "large"), budget.take(10, "large"), cut]).toEqual([
      true,
      false,
      ["stalls"],
    ]);
  });

  it("disconnects stalled clients of the most bytes first, and no more than needed", () => {
    const { budget } = opened({
      few: { heldBytes: 5 },
      piece: { heldBytes: 1, pieceBytes: 30 },
      many: { heldBytes: 20 },
      none: { heldBytes: 0 },
    });
    atMs = 30_000;
    expect([budget.take(19, "large"), cut]).toEqual([true, []]);
    expect([budget.take(30, "large"), cut]).toEqual([true, ["piece"]]);
    expect([budget.take(25, "large"), cut]).toEqual([true, ["piece", "many", "few"]]);
    expect([budget.take(30, "large"), cut]).toEqual([false, ["piece", "many", "few"]]);
  });

  it("disconnects a client that once read on after a wait last", () => {
    const { budget, takes } = opened({ slow: { heldBytes: 50 }, stalls: { heldBytes: 25 } });
    atMs = 1_000;
    takes(0);
    atMs = 31_000;
    expect([budget.take(20, "large"), cut]).toEqual([true, ["stalls"]]);
    expect([budget.take(10, "large"), cut, cutCount]).toEqual([true, ["stalls", "slow"], 2]);
  });

  it("disconnects none if bytes are left that no reader needs", () => {
    const { budget } = opened({ stalls: { heldBytes: 40 } });
    atMs = 30_000;
    const holder = { dropSpare: () => budget.give(30) };
    budget.charge(30);
    budget.addSpare(holder);
    expect([budget.take(30, "large"), cut]).toEqual([true, []]);
    expect([budget.take(30, "large"), cut]).toEqual([true, ["stalls"]]);
  });

  it("keeps room for small and shared bodies, however many pieces clients have not taken", () => {
    const { budget } = opened({ reads: { heldBytes: 70, pieceBytes: 1_000 } });
    const classes = ["large", "shared", "shared", "small", "small"] as const;
    const taken = [1, 5, 1, 25, 1].map((bytes, nth) => budget.take(bytes, classes[nth]));
    expect(taken).toEqual([false, true, false, true, false]);
  });
});
