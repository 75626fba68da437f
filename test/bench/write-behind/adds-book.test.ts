// Tests the book of adds. It derives from the responses to adds which reads and totals are
// possible, and finds all others.
import { describe, expect, it } from "vitest";
import { AddsBook, isSumOfSome } from "../../../testing/write-behind/proof/adds-book.ts";
import type { Told } from "../../../testing/write-behind/proof/calls.ts";

/** Creates a book of one key, with adds and their responses. `undefined` is a missing response. */
function bookOf(adds: readonly (readonly [by: number, told: Told | undefined])[]): AddsBook {
  const book = new AddsBook("sales", 1);
  for (const [by, told] of adds) {
    book.send([[0, by]]);
    if (told !== undefined) book.tell([[0, by]], [told]);
  }
  return book;
}

const rulesOf = (book: AddsBook, total: number) =>
  book.judge(new Map([[0, total]])).violations.map(({ rule }) => rule);

describe("a total in the database", () => {
  const doubtful = [5, "in-doubt"] as const;
  const missing = "accepted-missing";
  const beyond = "counted-beyond-sent";
  it.each<[id: string, adds: Parameters<typeof bookOf>[0], total: number, rule?: string]>([
    ["with all accepted adds", [[5, "accepted"]], 5],
    ["without an accepted add", [[5, "accepted"]], 0, missing],
    ["with an add twice", [[5, "accepted"]], 10, beyond],
    ["without a refused add", [[5, "refused"]], 0],
    ["with a refused add", [[5, "refused"]], 5, beyond],
    ["without a doubtful add", [doubtful], 0],
    ["with a doubtful add", [doubtful], 5],
    ["with a part of a doubtful add", [doubtful], 3, "no-such-sum"],
    [
      "with an add twice instead of a doubtful one",
      [
        [3, "accepted"],
        [7, "in-doubt"],
      ],
      6,
      "no-such-sum",
    ],
    ["with an unanswered add", [[5, undefined]], 5],
    ["beyond an unanswered add", [[5, undefined]], 6, beyond],
  ])("is judged by the adds: %s", (_, adds, total, rule) => {
    expect(rulesOf(bookOf(adds), total)).toEqual(rule === undefined ? [] : [rule]);
  });

  it("is not below an earlier read", () => {
    const book = bookOf([[5, undefined]]);
    expect(book.read([0], { least: [0], values: [5] })).toEqual([]);
    expect(rulesOf(book, 4)).toEqual(["accepted-missing"]);
  });

  it("counts as exact, as a sum or as bounded", () => {
    const adds = [[1, "in-doubt"]] as const;
    const counts = (book: AddsBook) => {
      const { exactCount, sumCount, boundedCount } = book.judge(new Map());
      return [exactCount, sumCount, boundedCount];
    };
    expect(counts(bookOf([]))).toEqual([1, 0, 0]);
    expect(counts(bookOf(adds))).toEqual([0, 1, 0]);
    expect(counts(bookOf([[1, undefined]]))).toEqual([0, 0, 1]);
    expect(counts(bookOf(Array.from({ length: 29 }, () => adds[0])))).toEqual([0, 0, 1]);
  });
});

describe("a read", () => {
  it("has at least the adds accepted before it began, and at most the adds sent", () => {
    const book = bookOf([
      [5, "accepted"],
      [2, undefined],
      [9, "refused"],
    ]);
    const least = book.least([0]);
    const rules = (value: number) =>
      book.read([0], { least, values: [value] }).map(({ rule }) => rule);
    expect(least).toEqual([5]);
    expect(rules(4)).toEqual(["read-below"]);
    expect(rules(5)).toEqual([]);
    expect(rules(7)).toEqual([]);
    expect(rules(8)).toEqual(["read-above"]);
  });

  it("has at least the value of an earlier read", () => {
    const book = bookOf([[5, undefined]]);
    book.read([0], { least: [0], values: [5] });
    expect(book.least([0])).toEqual([5]);
  });

  it("is a violation if it is not a number", () => {
    const found = bookOf([]).read([0], { least: [0], values: [Number.NaN] });
    expect(found.map(({ rule }) => rule)).toEqual(["read-below"]);
  });
});

it("the book does not count adds that no isolate received", () => {
  const book = bookOf([[5, undefined]]);
  book.unsend([[0, 5]]);
  expect(rulesOf(book, 5)).toEqual(["counted-beyond-sent"]);
});

it.each([
  { wanted: 0, amounts: [], is: true },
  { wanted: 1, amounts: [], is: false },
  { wanted: 9, amounts: [2, 7, 11], is: true },
  { wanted: 10, amounts: [2, 7, 11], is: false },
  { wanted: 20, amounts: [2, 7, 11], is: true },
])(
  "`isSumOfSome` decides whether $wanted is a sum of some of $amounts: $is",
  ({ wanted, amounts, is }) => {
    expect(isSumOfSome(wanted, amounts)).toBe(is);
  },
);
