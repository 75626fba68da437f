// Rules 19 and 22: an accepted purge that no read on brings any more was not lost, and is let go.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import { newestCount } from "../../../src/purge/journal/journal.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

const keptCount = 4;
const hourMs = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Accepted, and followed by so many newer entries before its isolate has read on. */
async function followedBy(laterCount: number, kept: { keptCount?: number } = {}) {
  const isolate = new Isolate();
  const { journal, view, clock } = isolate;
  Object.assign(journal, kept);
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
  isolate.onOverdue = (entries) => acceptances.lookFor(entries);
  const targets = { tags: ["tag:red"], prefixes: [] };
  const order = { id: "msg_1", bodyDigest: "d1", by: "webhook", reason: "" };
  await acceptances.accept({ ...order, mode: "hard", targets }, isolate.attention);
  for (let at = 0; at < laterCount; at += 1) journal.write(newEntry({ n: `later ${at}` }));
  journal.down = [];
  return { isolate, journal, before };
}

/** By as many as trimming leaves. */
const pushedOut = () => followedBy(keptCount, { keptCount });

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

describe("an accepted purge that stands before all that the view has read", () => {
  it("is let go once it was read back, and looked for no more", async () => {
    const { isolate, journal, before } = await followedBy(newestCount);
    // What the view joins at has not come here yet, and the primary gives what is newest.
    journal.replicaLagMs = hourMs;
    isolate.clock.advance(maxLagMs / 1_000);
    await isolate.view.attend(isolate.attention)?.();
    expect(isolate.judge(await isolate.filled())).toBe("hard");
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.renew();
    expect(isolate.judge(before)).not.toBe("usable");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
    journal.asked.splice(0);
    await isolate.renew();
    expect(journal.asked).not.toContain("standing");
  });
});
