// Rules 19 and 22: a trimmed entry does not count as lost, and no longer covers new responses.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newestCount } from "../../../src/purge/journal/journal.ts";
import {
  type Isolate,
  maxLagMs,
  newEntry,
  orderOf,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const keptCount = 4;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Accepts a purge, and appends this many entries before the isolate reads on. */
async function followedBy(laterCount: number, kept: { keptCount?: number } = {}) {
  const isolate = await warmIsolate();
  const { journal } = isolate;
  Object.assign(journal, kept);
  const before = await isolate.filled();
  Object.assign(journal, { down: ["since"], isPageFull: true });
  await isolate.acceptances().accept(orderOf(["tag:red"]), isolate.requester);
  for (let at = 0; at < laterCount; at += 1) journal.write(newEntry({ n: `later ${at}` }));
  journal.down = [];
  return { isolate, journal, before };
}

/** Accepts a purge, which trimming then removes from the journal. */
const trimmedPurge = () => followedBy(keptCount, { keptCount });

const standingIn = ({ journal }: Isolate) => journal.stream.items.map(({ fields }) => fields[3]);

describe("an accepted purge that was trimmed", () => {
  it("is not appended again", async () => {
    const { isolate } = await trimmedPurge();
    const later = standingIn(isolate);
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.settle();
    expect(standingIn(isolate)).toEqual(later);
  });

  it("covers older responses, and no newer ones after its read-back", async () => {
    const { isolate, before } = await trimmedPurge();
    expect(isolate.judge(before)).toBe("hard");
    await vi.advanceTimersByTimeAsync(maxLagMs);
    await isolate.renew();
    expect(isolate.judge(before)).not.toBe("usable");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });

  it("covers new responses until the isolate has read on", async () => {
    const { isolate, journal } = await trimmedPurge();
    journal.down = ["since", "atPrimary"];
    await vi.advanceTimersByTimeAsync(maxLagMs);
    expect(isolate.judge(await isolate.filled())).toBe("hard");
  });
});

it("a purge that is older than the whole view ends after its read-back", async () => {
  const { isolate, journal, before } = await followedBy(newestCount);
  // The replica lacks the view's last entry, and the primary returns the newest entries.
  journal.replicaLagMs = 3_600_000;
  isolate.clock.advance(maxLagMs / 1_000);
  await isolate.view.renewIfDue(isolate.requester)?.();
  expect(isolate.judge(await isolate.filled())).toBe("hard");
  await vi.advanceTimersByTimeAsync(maxLagMs);
  await isolate.renew();
  expect(isolate.judge(before)).not.toBe("usable");
  expect(isolate.judge(await isolate.filled())).toBe("usable");
  journal.asked.splice(0);
  await isolate.renew();
  expect(journal.asked).not.toContain("standing");
});
