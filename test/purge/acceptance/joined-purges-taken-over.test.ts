// Purges of invalidated responses: another request sends a batch whose request has ended.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sender } from "./invalidation-sender.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let sender: Sender;
beforeEach(() => void (sender = new Sender()));

describe("a batch whose request has ended", () => {
  it("is sent by another request of the batch", async () => {
    sender.name("a");
    sender.nameAndEnd("b");
    sender.name("c");
    await sender.pass(3_000);
    expect(sender.tagsTried).toEqual([["a"], ["b", "c"]]);
  });

  it("is sent by the next request if all of its requests have ended", async () => {
    for (let nth = 0; nth < 8; nth += 1) sender.nameAndEnd(`${nth}`);
    await sender.pass(5_000);
    sender.name("late");
    await sender.pass(100);
    expect(sender.tagsTried.map(({ length }) => length)).toEqual([9]);
  });

  it.each([
    { silentMs: 1_000, sentAtMs: 2_000 },
    { silentMs: 1_100, sentAtMs: 1_100 },
  ])("is sent by the next request after over 1 s of silence: $silentMs ms", async (given) => {
    sender.nameAndEnd("a");
    await sender.pass(given.silentMs);
    sender.name("late");
    await sender.pass(3_000);
    expect(sender.tries).toEqual([{ atMs: given.sentAtMs, tags: ["a", "late"] }]);
  });

  it("is sent again if the request ended during a try", async () => {
    sender.name("a", "b", "c");
    const beforeAnswer = vi.fn<() => Promise<void>>(() => Promise.resolve());
    sender.beforeAnswer = beforeAnswer.mockImplementationOnce(() => new Promise(() => undefined));
    await sender.pass(10_000);
    expect(sender.tagsTried).toEqual([["a"], ["b", "c"], ["b", "c"]]);
    expect(sender.counts.purged).toBe(2);
  });

  it("is sent again without closing the batch that is open by then", async () => {
    sender.name("a", "b", "c");
    const beforeAnswer = vi.fn<() => Promise<void>>(() => Promise.resolve());
    sender.beforeAnswer = beforeAnswer.mockImplementationOnce(() => new Promise(() => undefined));
    for (const [tag, atMs] of Object.entries({ d: 8_500, e: 8_900, f: 9_200 })) {
      await sender.pass(Math.round(atMs - sender.passedMs));
      sender.name(tag);
    }
    await sender.pass(3_000);
    expect(sender.tagsTried).toEqual([["a"], ["b", "c"], ["d"], ["b", "c"], ["e", "f"]]);
  });
});
