// Tests scheduled purges (rule 30 of docs/purge-protocol-special.md) in random histories, which must also
// find each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --scheduled --replay <seed>`.
import { describe, expect, it } from "vitest";
import { Acceptances } from "../../src/purge/acceptance/acceptance.ts";
import type { EntryId } from "../../src/purge/journal/entry.ts";
import type { ScheduleOrder } from "../../src/purge/journal/journal.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import { KnownSchedule, type ScheduleSettings } from "../../src/purge/view/known-schedule.ts";
import type { KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { partsWithCopies, SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { writeHistoryOf } from "../../testing/simulation/data/write-history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { scheduledHistoryOf } from "../../testing/simulation/scheduled-history.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";

describe("no response answers after a scheduled purge that it precedes, whatever the faults", () => {
  it.each(["ordinary", "failing", "trimming", "diverging", "crossing", "evicting"] as const)(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) =>
        scheduledHistoryOf(seed, { parts: partsWithCopies().parts, kind });
      const { broken, usableCount } = await sumOf({ count: shareOf(240) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(playsAll ? 150 : 0);
    },
  );

  it("in random histories of a journal in a Durable Object", async () => {
    const play = (seed: number) => scheduledHistoryOf(seed, { Store: ObjectJournal });
    const { broken, usableCount } = await sumOf({ count: shareOf(240) }, play);
    expect(broken).toEqual([]);
    expect(usableCount).toBeGreaterThan(playsAll ? 150 : 0);
  });
});

describe("no tier and no load answers after a scheduled purge", () => {
  it.each(["ordinary", "failing", "crossing", "lying", "trimming", "evicting", "cached"] as const)(
    "in histories of whole requests: %s",
    async (kind) => {
      const play = (seed: number) => requestHistoryOf(seed, { kind, hasPlans: true });
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(20) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(60));
    },
  );

  it.each(["ordinary", "failing", "crossing", "trimming", "evicting"] as const)(
    "in histories of data: %s",
    async (kind) => {
      const play = (seed: number) => writeHistoryOf(seed, { kind, hasPlans: true, setShare: 0.2 });
      const { broken, usableCount } = await sumOf({ count: shareOf(20) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(playsAll ? 10 : 0);
    },
  );
});

/** A journal that changes the reads with which a view begins. */
const adopting = (change: <T extends object>(read: T) => T): Partial<Parts> => ({
  journal: (settings) =>
    new (class extends RedisJournal {
      override async newest() {
        return change(await super.newest());
      }

      override async atPrimary(place: EntryId) {
        return change(await super.atPrimary(place));
      }

      override async appendMark(lost: string) {
        return change(await super.appendMark(lost));
      }
    })(settings),
});

/** A view with another schedule. */
const judgingBy = (
  change: (settings: ScheduleSettings) => Partial<ScheduleSettings>,
  Schedule = KnownSchedule,
): Partial<Parts> => ({
  view: (settings) => {
    const view = new JournalView(settings);
    const { allowanceMs, renewalLagMs: lagMsMax } = settings;
    const sound = { lagMsMax, ...settings.schedule, allowanceMs };
    Object.assign(view, { schedule: new Schedule({ ...sound, ...change(sound) }) });
    return view;
  },
});

/** A schedule that ends responses at the time itself. */
class WithoutA extends KnownSchedule {
  override coverOf(record: Parameters<KnownSchedule["coverOf"]>[0], atMs: number) {
    return super.coverOf(record, atMs - 1_000);
  }
}

/** A schedule that ends no response. */
class Ignored extends KnownSchedule {
  override coverOf() {
    return undefined;
  }
}

const copiesWithoutPlans = () =>
  partsWithCopies({
    Copies: class extends SimulatedCopies {
      protected override copyOf(view: KnownView): ViewCopy {
        return super.copyOf({ ...view, scheduled: undefined });
      }
    },
  }).parts;

const neverPlannedAgain: Partial<Parts> = {
  acceptances: (settings) => {
    const { view } = settings;
    Object.defineProperty(view, "isScheduleLost", { get: () => false, set: () => {} });
    return new Acceptances(settings);
  },
};

/** Claims that each cancel came in time. */
const cancelledLate: Partial<Parts> = {
  journal: (settings) =>
    new (class extends RedisJournal {
      override schedule(entry: ScheduleOrder) {
        const isCancel = entry.scheduled.state === "cancelled";
        const scheduled = { ...entry.scheduled, cancelBeforeMs: 1e12 };
        return super.schedule(isCancel ? { ...entry, scheduled } : entry);
      }
    })(settings),
};

/** Removes a plan from the schedule once trimming has removed its entry. */
const trimmedAway = adopting((read) => {
  const { entries = [], scheduled } = read as {
    entries?: EntryId[];
    scheduled?: { entries: EntryId[] };
  };
  if (scheduled === undefined) return read;
  const standing = new Set(entries.map(({ n }) => n));
  const kept = scheduled.entries.filter(({ n }) => standing.has(n));
  return { ...read, scheduled: { ...scheduled, entries: kept } };
});

describe("histories find a planted fault", () => {
  it.each<{
    fault: string;
    parts: Partial<Parts>;
    kind?: WorldKind;
    within: number;
  }>([
    {
      fault: "a view that begins, also after sleep, ignores the schedule",
      parts: adopting((read) => ({ ...read, scheduled: undefined })),
      kind: "trimming",
      within: 60,
    },
    { fault: "trimming drops plans", parts: trimmedAway, kind: "trimming", within: 60 },
    {
      fault: "copies contain no plans",
      parts: copiesWithoutPlans(),
      kind: "trimming",
      within: 300,
    },
    { fault: "A is not subtracted", parts: judgingBy(() => ({}), WithoutA), within: 60 },
    {
      fault: "a load that began before the time + A counts as after it",
      parts: judgingBy(({ allowanceMs, settleMs }) => ({
        settleMs: (route) => (settleMs?.(route) ?? 0) - allowanceMs,
      })),
      within: 60,
    },
    {
      fault: "settleSeconds is not added",
      parts: judgingBy(() => ({ settleMs: () => 0 })),
      within: 60,
    },
    {
      fault: "the effect is appended before the time",
      parts: judgingBy(() => ({ settleMsMax: -20_000, lagMsMax: -20_000 })),
      kind: "trimming",
      within: 300,
    },
    {
      fault: "a lost plan is not planned again",
      parts: neverPlannedAgain,
      kind: "failing",
      within: 60,
    },
    { fault: "a cancel is accepted too late", parts: cancelledLate, within: 60 },
  ])("$fault, within $within histories", async ({ parts, kind = "ordinary", within }) => {
    const play = (seed: number) => scheduledHistoryOf(seed, { parts, kind });
    expect(await firstBroken({ count: within }, play)).toBeDefined();
  });

  it.each([
    { history: "requests", run: requestHistoryOf, within: 100 },
    { history: "data", run: writeHistoryOf, within: 100 },
  ])("in histories of $history, within $within: plans end nothing", async ({ run, within }) => {
    const parts = judgingBy(() => ({}), Ignored);
    const play = (seed: number) => run(seed, { parts, hasPlans: true });
    expect(await firstBroken({ count: within }, play)).toBeDefined();
  });
});
