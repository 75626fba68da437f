// What a read-back writes again must not be taken for the entry that was lost: the same position
// can be minted anew, and then the random field alone tells the two apart (rules 11 and 22).
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeJournal } from "../../../testing/fakes/fake-journal.ts";
import { entryAt, Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/**
 * An isolate accepts a purge, reads it, and a fail-over takes it back with the entry before it.
 * Another purge gets the place of that one, so that ours, written again, gets its own place again.
 * The clock stands still: that is what makes IDs that are told apart by their sequence alone.
 *
 * @returns how a response is judged that the other purge covers
 */
async function judgedAfterLoss(): Promise<string> {
  const clock = new FakeClock();
  const isolate = new Isolate({ clock, journal: new FakeJournal(clock) });
  const { journal, view } = isolate;
  journal.write(newEntry({ n: "first" }));
  const stored = await isolate.filled();
  journal.write(newEntry({ n: "lost with ours" }));
  let nth = 0;
  const randomText = () => `ours ${(nth += 1)}`;
  const settings = { journal, view, nowAtMs: clock.nowAtMs, randomText };
  const acceptances = new Acceptances({ ...settings, maxLagMs: 1 });
  const behind: Promise<void>[] = [];
  const targets = { tags: ["tag:green"], prefixes: [] };
  await acceptances.accept(
    { mode: "hard", targets, id: "", bodyDigest: "", by: "test", reason: "" },
    { atMs: clock.atMs, afterAnswer: (work) => void behind.push(work()) },
  );
  await view.catchUp();
  journal.stream.loseNewest(2, clock.atMs);
  journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
  await vi.runAllTimersAsync();
  await Promise.all(behind);
  await isolate.renew();
  return isolate.judge(stored);
}

it("hides no purge that came between", async () => {
  expect(await judgedAfterLoss()).toBe("hard");
});

it("is looked for a piece at a time, however much is overdue", async () => {
  const clock = new FakeClock();
  const { journal, view } = new Isolate({ clock, journal: new FakeJournal(clock) });
  let nth = 0;
  const randomText = () => `again ${(nth += 1)}`;
  const settings = { journal, view, nowAtMs: clock.nowAtMs, randomText, maxLagMs };
  const standing = vi.spyOn(journal, "standing");
  const lost = Array.from({ length: 300 }, (_, at) => entryAt(`1-${at}`, { n: `lost ${at}` }));
  await new Acceptances(settings).lookFor(lost);
  const counts = standing.mock.calls.map(([places]) => places.length);
  expect([counts, view.chain?.entries.length]).toEqual([[128, 128, 44], 300]);
});

/**
 * A value that was written through bears the place of its own purge. That is lost, and written again.
 *
 * @returns how the value is judged by the isolate that has accepted the purge, and by another one
 */
async function judgedUnderLostStamp(): Promise<string[]> {
  const clock = new FakeClock();
  const isolate = new Isolate({ clock, journal: new FakeJournal(clock) });
  const { journal, view } = isolate;
  journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  let nth = 0;
  const randomText = () => `ours ${(nth += 1)}`;
  const settings = { journal, view, nowAtMs: clock.nowAtMs, randomText, maxLagMs };
  const acceptances = new Acceptances(settings);
  const targets = { tags: ["tag:red"], prefixes: [] };
  const order = { mode: "hard", targets, id: "w", bodyDigest: "", by: "data", reason: "" } as const;
  const attention = { atMs: clock.atMs, afterAnswer: () => undefined };
  const accepted = await acceptances.acceptAfter(order, before.stamp, attention);
  if (accepted.kind !== "accepted") throw new Error("The journal is away.");
  const { placed } = accepted;
  const written = { ...before, stamp: { position: placed.position, n: placed.n } };
  const usable = isolate.judge(written);
  journal.stream.loseNewest(1, clock.atMs);
  await acceptances.lookFor([placed]);
  const other = new Isolate({ clock, journal });
  await other.filled();
  return [usable, isolate.judge(written), other.judge(written)];
}

it("keeps a value from answering that was stored under the entry that is lost", async () => {
  expect(await judgedUnderLostStamp()).toEqual(["usable", "unverified", "unverified"]);
});
