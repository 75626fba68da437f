// Tests the log lines of a condition: one for each change, but never many in a short time.
import { describe, expect, it } from "vitest";
import { Condition } from "../../src/observe/condition.ts";

const startAtMs = 1_000_000;

function watched() {
  const lines: string[] = [];
  const condition = new Condition<"refused" | "late">({
    tell: ({ message }) => lines.push(message),
    about: () => ({ event: "origin" }),
    troubleLine: (kind) => `is ${kind}`,
    wellLine: (lasted) => `well after ${lasted}`,
  });
  const fails = (kind: "refused" | "late", second: number) =>
    condition.failed(kind, startAtMs + second * 1_000);
  const succeeds = (second: number) => condition.succeeded(startAtMs + second * 1_000);
  return { condition, lines, fails, succeeds };
}

describe("the log", () => {
  it("has one line for any number of failures, and one for their end", () => {
    const { lines, fails, succeeds } = watched();
    for (let second = 0; second < 1_000; second += 1) fails("refused", second);
    for (let second = 1_000; second < 2_000; second += 1) succeeds(second);
    expect(lines).toEqual(["is refused", "well after 1000 s"]);
  });

  it("has a line for a change of the trouble, and the duration of all trouble at its end", () => {
    const { lines, fails, succeeds } = watched();
    fails("late", 0);
    fails("refused", 5);
    succeeds(9);
    expect(lines).toEqual(["is late", "is refused", "well after 9 s"]);
  });

  it("has no line about success without earlier trouble", () => {
    const { lines, succeeds } = watched();
    succeeds(0);
    expect(lines).toEqual([]);
  });

  it("has one line of each kind per minute if trouble comes and goes", () => {
    const { lines, fails, succeeds } = watched();
    for (let second = 0; second < 600; second += 1) {
      fails("late", second);
      succeeds(second + 0.5);
    }
    expect(lines.filter((line) => line === "is late")).toHaveLength(10);
    expect(lines.filter((line) => line.startsWith("well"))).toHaveLength(10);
  });

  it.each([
    { id: "trouble", isWell: false, last: "is late" },
    { id: "well", isWell: true, last: "well after 2 s" },
  ])(
    "ends with a line about the present state, after lines that had to wait: $id",
    ({ isWell, last }) => {
      const { lines, fails, succeeds } = watched();
      fails("late", 0);
      succeeds(1);
      if (isWell) fails("refused", 2);
      else fails("late", 2);
      if (isWell) succeeds(4);
      expect(lines).toHaveLength(isWell ? 3 : 2);
      if (isWell) succeeds(70);
      else fails("late", 70);
      expect(lines.at(-1)).toBe(last);
    },
  );

  it("is not silenced when the clock is set back", () => {
    const { lines, fails, succeeds } = watched();
    fails("late", 0);
    succeeds(1);
    fails("late", -3_600);
    expect(lines).toEqual(["is late", "well after 1 s", "is late"]);
  });
});

it("keeps the kind, start, counts and end of the last trouble", () => {
  const { condition, fails, succeeds } = watched();
  expect(condition.trouble).toBeUndefined();
  fails("late", 0);
  succeeds(1);
  fails("late", 2);
  fails("refused", 3);
  const trouble = {
    kind: "refused",
    sinceAtMs: startAtMs + 2_000,
    lastAtMs: startAtMs + 3_000,
    isOver: false,
    counts: { late: 2, refused: 1 },
  };
  expect(condition.trouble).toEqual(trouble);
  succeeds(4);
  expect(condition.trouble).toEqual({ ...trouble, isOver: true });
});
