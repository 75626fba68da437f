// Rules 11, 22 and 25: an entry that is appended again differs from the lost entry. Both may have
// the same position, so the new entry gets another `n`.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeJournal } from "../../../testing/fakes/fake-journal.ts";
import { entryAt, Isolate, newEntry, orderOf } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Creates an isolate whose clock stands still, so that positions differ only in their sequence. */
function isolateInOneInstant() {
  const clock = new FakeClock();
  return new Isolate({ clock, journal: new FakeJournal(clock) });
}

it("an entry that is appended again hides no purge from after the loss", async () => {
  const isolate = isolateInOneInstant();
  const { journal, view, clock } = isolate;
  journal.write(newEntry({ n: "first" }));
  const stored = await isolate.filled();
  journal.write(newEntry({ n: "lost with ours" }));
  await isolate.acceptances(1).accept(orderOf(["tag:green"]), isolate.requester);
  await view.tail.catchUp();
  journal.stream.loseNewest(2, clock.atMs);
  // This entry gets the position of the first lost entry, and the green purge its old position.
  journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
  await vi.runAllTimersAsync();
  await isolate.settle();
  await isolate.renew();
  expect(isolate.judge(stored)).toBe("hard");
});

it("lost entries are read back in batches of 128, and all are appended again", async () => {
  const isolate = isolateInOneInstant();
  const standing = vi.spyOn(isolate.journal, "standing");
  const lost = Array.from({ length: 300 }, (_, at) => entryAt(`1-${at}`, { n: `lost ${at}` }));
  await isolate.acceptances().lookFor(lost);
  const counts = standing.mock.calls.map(([places]) => places.length);
  expect([counts, isolate.view.tail.chain?.entries.length]).toEqual([[128, 128, 44], 300]);
});

it("a value is not used if its stamp names the lost entry of its own write", async () => {
  const isolate = isolateInOneInstant();
  const { journal, clock } = isolate;
  journal.write(newEntry({ n: "first" }));
  const before = await isolate.filled();
  const acceptances = isolate.acceptances();
  const accepted = await acceptances.acceptAfter(
    orderOf(["tag:red"], { id: "w", by: "data" }),
    before.stamp,
    { atMs: clock.atMs, afterAnswer: () => undefined },
  );
  if (accepted.kind !== "accepted") throw new Error("The journal is unavailable.");
  const { placed } = accepted;
  const written = { ...before, stamp: { position: placed.position, n: placed.n } };
  expect(isolate.judge(written)).toBe("usable");
  journal.stream.loseNewest(1, clock.atMs);
  await acceptances.lookFor([placed]);
  const other = new Isolate({ clock, journal });
  await other.filled();
  expect([isolate.judge(written), other.judge(written)]).toEqual(["unverified", "unverified"]);
});
