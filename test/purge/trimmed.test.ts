// Rules 19 and 22: an accepted purge that newer entries push out of the journal was not lost.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acceptances } from "../../src/purge/acceptance.ts";
import { Isolate, maxLagMs, newEntry } from "./examples.ts";

const keptCount = 4;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Accepted, and pushed out by as many newer entries before its isolate has read on. */
async function pushedOut() {
  const isolate = new Isolate();
  const { journal, view, clock } = isolate;
  journal.keptCount = keptCount;
  journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  await isolate.settle();
  journal.down = ["since"];
  let nth = 0;
  const randomText = () => `red ${(nth += 1)}`;
  const acceptances = new Acceptances({
    journal,
    view,
    nowAtMs: clock.nowAtMs,
    randomText,
    maxLagMs,
  });
  const targets = { tags: ["tag:red"], prefixes: [] };
  const order = { id: "msg_1", bodyDigest: "d1", by: "webhook", reason: "" };
  await acceptances.accept({ ...order, mode: "hard", targets }, isolate.attention);
  for (let at = 0; at < keptCount; at += 1) journal.write(newEntry({ n: `later ${at}` }));
  journal.down = [];
  return { isolate, journal, before };
}

const standingIn = ({ journal }: Isolate) => journal.stream.items.map(({ fields }) => fields[3]);

describe("an accepted purge that newer entries have pushed out", () => {
  it("is not written again", async () => {
    const { isolate } = await pushedOut();
    const later = standingIn(isolate);
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.settle();
    expect(standingIn(isolate)).toEqual(later);
  });

  it("still covers what is older, and no more what its isolate fills", async () => {
    const { isolate, before } = await pushedOut();
    expect(isolate.judge(before)).toBe("hard");
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.renew();
    expect(isolate.judge(before)).not.toBe("usable");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });

  it("covers what its isolate fills until it has read on past it", async () => {
    const { isolate, journal } = await pushedOut();
    journal.down = ["since", "atPrimary"];
    await vi.advanceTimersByTimeAsync(maxLagMs);
    expect(isolate.judge(await isolate.filled())).toBe("hard");
  });
});
