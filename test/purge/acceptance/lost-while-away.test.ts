// A purge that the journal loses while it is away at the one instant of rule 22's read back.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

const hoursMs = 3 * 3_600_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Accepted, lost before its isolate read on, and the journal back three hours ago. */
async function long() {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  await isolate.settle();
  const { journal, view, clock } = isolate;
  let nth = 0;
  const settings = {
    journal,
    view,
    nowAtMs: clock.nowAtMs,
    maxLagMs,
    randomText: () => `red ${(nth += 1)}`,
  };
  journal.down = ["since", "newest", "atPrimary", "standing"];
  const targets = { tags: ["tag:red"], prefixes: [] };
  const sender = { id: "msg_1", bodyDigest: "d1", by: "webhook", reason: "" };
  const acceptances = new Acceptances(settings);
  isolate.onOverdue = (entries) => acceptances.lookFor(entries);
  await acceptances.accept({ ...sender, mode: "hard", targets }, isolate.attention);
  journal.stream.loseNewest(1, clock.atMs);
  await vi.advanceTimersByTimeAsync(60_000);
  await isolate.settle();
  journal.down = [];
  clock.advance(hoursMs / 1_000);
  await vi.advanceTimersByTimeAsync(hoursMs);
  await isolate.renew();
  return { isolate, before };
}

it("is written again by the isolate that took it", async () => {
  const { isolate, before } = await long();
  const other = new Isolate(isolate);
  await other.filled();
  expect(other.judge(before)).toBe("hard");
});

it("does not cover for ever what that isolate fills", async () => {
  const { isolate } = await long();
  expect(isolate.judge(await isolate.filled())).toBe("usable");
});
