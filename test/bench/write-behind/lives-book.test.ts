// Adds for which nobody waits are lost only where an isolate has counted them so, or was ended.
import { describe, expect, it } from "vitest";
import { LivesBook } from "../../../testing/write-behind/proof/lives-book.ts";

const settled = (accepted: number, lost = 0, inDoubt = 0) => ({ accepted, lost, inDoubt });

function rulesOf(book: LivesBook, counted: number, alive: readonly string[]): string[] {
  return book.judge(counted, new Set(alive)).violations.map(({ rule }) => rule);
}

describe("of an isolate that lives", () => {
  const book = new LivesBook();
  book.seen("one", settled(0), 50);
  book.seen("one", settled(90, 6, 4), 50);

  it.each([
    { counted: 90, found: [] },
    { counted: 94, found: [] },
    { counted: 89, found: ["loss-uncounted"] },
    { counted: 95, found: ["loss-uncounted"] },
  ])("$counted of 90 accepted and 4 doubtful", ({ counted, found }) => {
    expect(rulesOf(book, counted, ["one"])).toEqual(found);
  });

  it("each call is in one count", () => {
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

describe("of an isolate that was ended", () => {
  it("what it held may count or not", () => {
    const book = new LivesBook();
    book.seen("one", settled(40), 100);
    expect(rulesOf(book, 40, [])).toEqual([]);
    expect(rulesOf(book, 100, [])).toEqual([]);
    expect(rulesOf(book, 101, [])).toEqual(["loss-uncounted"]);
    expect(book.judge(40, new Set()).heldAtEnd).toBe(60);
  });

  it("no more was held than an isolate may hold", () => {
    const book = new LivesBook();
    book.seen("one", settled(0), 10_001);
    expect(rulesOf(book, 0, [])).toEqual(["held-too-much"]);
  });

  it("an answer that comes late takes nothing back", () => {
    const book = new LivesBook();
    book.seen("one", settled(60), 50);
    book.seen("one", settled(20), 50);
    expect(book.judge(60, new Set()).heldAtEnd).toBe(40);
  });
});
