// Tests the book of adds for which nobody waits. They may be lost only if an isolate counted them
// as lost, or was ended.
import { describe, expect, it } from "vitest";
import { LivesBook } from "../../../testing/write-behind/proof/lives-book.ts";

const settled = (accepted: number, lost = 0, inDoubt = 0) => ({ accepted, lost, inDoubt });

function rulesOf(book: LivesBook, counted: number, alive: readonly string[]): string[] {
  return book.judge(counted, new Set(alive)).violations.map(({ rule }) => rule);
}

describe("the adds of a living isolate", () => {
  const book = new LivesBook();
  book.seen("one", settled(0), 50);
  book.seen("one", settled(90, 6, 4), 50);

  it.each([
    { counted: 90, found: [] },
    { counted: 94, found: [] },
    { counted: 89, found: ["loss-uncounted"] },
    { counted: 95, found: ["loss-uncounted"] },
  ])("may count as 90 accepted and 0 to 4 doubtful adds: $counted", ({ counted, found }) => {
    expect(rulesOf(book, counted, ["one"])).toEqual(found);
  });

  it("include each call once", () => {
    const short = new LivesBook();
    short.seen("one", settled(99), 100);
    expect(rulesOf(short, 99, ["one"])).toEqual(["call-uncounted"]);
    const long = new LivesBook();
    long.seen("one", settled(101), 100);
    expect(rulesOf(long, 101, ["one"])).toEqual(["call-uncounted"]);
    long.unansweredCount = 1;
    expect(rulesOf(long, 101, ["one"])).toEqual([]);
  });
});

describe("the adds of an isolate that was ended", () => {
  it("may count or not if the isolate held them", () => {
    const book = new LivesBook();
    book.seen("one", settled(40), 100);
    expect(rulesOf(book, 40, [])).toEqual([]);
    expect(rulesOf(book, 100, [])).toEqual([]);
    expect(rulesOf(book, 101, [])).toEqual(["loss-uncounted"]);
    expect(book.judge(40, new Set()).heldAtEnd).toBe(60);
  });

  it("may not be more than an isolate may hold", () => {
    const book = new LivesBook();
    book.seen("one", settled(0), 10_001);
    expect(rulesOf(book, 0, [])).toEqual(["held-too-much"]);
  });

  it("are not affected by a response that comes late", () => {
    const book = new LivesBook();
    book.seen("one", settled(60), 50);
    book.seen("one", settled(20), 50);
    expect(book.judge(60, new Set()).heldAtEnd).toBe(40);
  });
});
