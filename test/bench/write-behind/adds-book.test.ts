// What is told of adds decides which reads and totals are possible, and each other one is found.
import { describe, expect, it } from "vitest";
import { AddsBook, isSumOfSome } from "../../../testing/write-behind/proof/adds-book.ts";
import type { Told } from "../../../testing/write-behind/proof/calls.ts";

/** One key, with adds and what was told of each; `undefined`: nothing was. */
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
  it.each([
    { name: "of all that was accepted", adds: [[5, "accepted"]], total: 5, found: [] },
    { name: "without one", adds: [[5, "accepted"]], total: 0, found: ["accepted-missing"] },
    { name: "with one twice", adds: [[5, "accepted"]], total: 10, found: ["counted-beyond-sent"] },
    { name: "without a refused one", adds: [[5, "refused"]], total: 0, found: [] },
    {
      name: "with a refused one",
      adds: [[5, "refused"]],
      total: 5,
      found: ["counted-beyond-sent"],
    },
    { name: "without a doubtful one", adds: [[5, "in-doubt"]], total: 0, found: [] },
    { name: "with a doubtful one", adds: [[5, "in-doubt"]], total: 5, found: [] },
    { name: "with half of one", adds: [[6, "in-doubt"]], total: 3, found: ["no-such-sum"] },
    {
      name: "with one twice, in the place of a doubtful one",
      adds: [
        [3, "accepted"],
        [7, "in-doubt"],
      ],
      total: 6,
      found: ["no-such-sum"],
    },
    { name: "with one of which nothing was told", adds: [[5, undefined]], total: 5, found: [] },
    { name: "beyond that", adds: [[5, undefined]], total: 6, found: ["counted-beyond-sent"] },
  ] as const)("$name", ({ adds, total, found }) => {
    expect(rulesOf(bookOf(adds), total)).toEqual(found);
  });

  it("is not below what was read", () => {
    const book = bookOf([[5, undefined]]);
    expect(book.read([0], { least: [0], values: [5] })).toEqual([]);
    expect(rulesOf(book, 4)).toEqual(["accepted-missing"]);
  });

  it("is told by how much is known of it", () => {
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
  it("has at the least what was accepted before it began, and at the most what was sent", () => {
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

  it("is not below an earlier one", () => {
    const book = bookOf([[5, undefined]]);
    book.read([0], { least: [0], values: [5] });
    expect(book.least([0])).toEqual([5]);
  });

  it("that has no number is found", () => {
    const found = bookOf([]).read([0], { least: [0], values: [Number.NaN] });
    expect(found.map(({ rule }) => rule)).toEqual(["read-below"]);
  });
});

it("adds that nobody was there to take are not sent", () => {
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
])("$wanted is a sum of some of $amounts: $is", ({ wanted, amounts, is }) => {
  expect(isSumOfSome(wanted, amounts)).toBe(is);
});
