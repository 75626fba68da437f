// Rule 30 (f, h): isolates put plans into effect, and plan again what the database has lost.
import { describe, expect, it } from "vitest";
import type { LaterOrder } from "../../../src/purge/acceptance/schedules.ts";
import { nothing } from "../../../src/purge/journal/purge-target.ts";
import { scheduledKeptMs } from "../../../src/purge/journal/scheduled.ts";
import { Isolate, newEntry, orderOf } from "../../../testing/examples/purges.ts";

const reads = ["newest", "since", "sinceOnPrimary", "atPrimary"] as const;

const later = (scheduledId: string, atMs: number): LaterOrder => ({
  ...orderOf(["tag:red"], { id: "", bodyDigest: "" }),
  scheduledId,
  atMs,
});

/** Opens an isolate that has planned purges the given seconds ahead, each under these seconds as its id. */
async function planning(...seconds: readonly number[]) {
  const isolate = new Isolate();
  const { clock, journal, view } = isolate;
  journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  const acceptances = isolate.acceptances();
  for (const ahead of seconds)
    await acceptances.plan(later(`${ahead}`, clock.atMs + ahead * 1_000), isolate.requester);
  // These are read-backs, which wait.
  isolate.pending.length = 0;
  await view.catchUp();
  const scheduled = () => [...journal.stream.schedule.keys()];
  const written = () => journal.asked.filter((call) => call === "schedule").length;
  return { isolate, acceptances, scheduled, written };
}

it("a plan that is lost while an effect is written is planned again", async () => {
  const { isolate, acceptances, scheduled } = await planning(60, 6_000);
  const { clock, journal, view } = isolate;
  clock.advance(62);
  await view.catchUp();
  const gate = Promise.withResolvers<void>();
  journal.beforeAnswer = () => gate.promise;
  const keeping = acceptances.keepSchedule();
  journal.beforeAnswer = () => Promise.resolve();
  journal.stream.loseNewest(journal.stream.items.length, clock.atMs);
  for (const id of scheduled()) journal.stream.keepScheduled(id);
  await view.catchUp();
  expect(view.isScheduleLost).toBe(true);
  gate.resolve();
  await keeping;
  await isolate.renew();
  expect(scheduled()).toContain("6000");
});

it("a plan is planned again once the journal answers", async () => {
  const { isolate, scheduled } = await planning(6_000);
  const { clock, journal } = isolate;
  journal.stream.loseNewest(journal.stream.items.length, clock.atMs);
  journal.stream.keepScheduled("6000");
  journal.down = ["schedule"];
  await isolate.renew();
  journal.down = [];
  await isolate.renew();
  expect(scheduled()).toEqual(["6000"]);
});

it("an isolate writes no effect that it has read since", async () => {
  const { isolate, acceptances, written } = await planning(60, 61, 62);
  const { clock, journal, view } = isolate;
  clock.advance(64);
  await view.catchUp();
  const known = view.schedule.of("62");
  if (known === undefined) throw new Error("The plan is unknown.");
  const before = written();
  journal.beforeAnswer = async () => {
    journal.beforeAnswer = () => Promise.resolve();
    const scheduled = { ...known.scheduled, state: "effective" } as const;
    journal.write(newEntry({ n: "of another", targets: nothing, scheduled }));
    await view.catchUp();
  };
  await acceptances.keepSchedule();
  expect(written() - before).toBe(2);
});

it("isolates that renew their views together write each effect about once", async () => {
  const { isolate, scheduled, written } = await planning(60, 61, 62, 63, 64, 65);
  const { clock, journal, view } = isolate;
  const isolates = Array.from({ length: 9 }, () => new Isolate({ clock, journal }));
  for (const one of isolates) {
    one.acceptances();
    await one.filled();
  }
  clock.advance(70);
  const before = written();
  await Promise.all([isolate, ...isolates].map((one) => one.renew()));
  expect(written() - before).toBeLessThanOrEqual(6 + isolates.length);
  for (let turn = 0; turn < 3; turn += 1) await isolate.renew();
  expect([scheduled().length, view.schedule.plans]).toEqual([6, []]);
});

describe("an isolate that slept until the schedule has dropped a cancel writes no effect", () => {
  it.each([
    { how: "after a read", aheadSeconds: 1, down: [], isForgotten: true },
    { how: "if its clock is behind by 2 A", aheadSeconds: -1.5, down: [], isForgotten: true },
    { how: "if it cannot read", aheadSeconds: 1, down: reads, isForgotten: false },
    {
      how: "if the database is shut off",
      aheadSeconds: 1,
      down: reads,
      isForgotten: false,
      isShutOff: true,
    },
  ])("$how", async ({ aheadSeconds, down, isForgotten, isShutOff = false }) => {
    const { isolate, scheduled, written } = await planning(60);
    const { clock, journal, view } = isolate;
    journal.stream.keepScheduled("60");
    const renewalSeconds = 9;
    clock.advance(60 + scheduledKeptMs / 1_000 + aheadSeconds - renewalSeconds);
    // Trimming has removed what the isolate has read.
    for (let nth = 0; nth < journal.keptCount; nth += 1) journal.write(newEntry({ n: `n${nth}` }));
    const before = written();
    journal.down = down;
    isolate.isShutOff = isShutOff;
    await isolate.renew();
    expect([written() - before, scheduled()]).toEqual([0, []]);
    expect(view.schedule.plans.length).toBe(isForgotten ? 0 : 1);
  });
});
