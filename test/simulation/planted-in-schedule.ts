// Faults that tests plant in scheduled purges (rule 30 of docs/purge-protocol-special.md), and the rule by which
// the proof's model refuses a trace of each.
import { Acceptances } from "../../src/purge/acceptance/acceptance.ts";
import type { EntryId } from "../../src/purge/journal/entry.ts";
import type { ScheduleOrder } from "../../src/purge/journal/journal.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import { KnownSchedule, type ScheduleSettings } from "../../src/purge/view/known-schedule.ts";
import type { KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { partsWithCopies, SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";

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

export const plansEndNothing = judgingBy(() => ({}), Ignored);

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

interface ScheduleFault {
  readonly fault: string;
  readonly parts: Partial<Parts>;
  readonly kind?: WorldKind;
  /** The number of histories within which one shows the fault. */
  readonly within: number;
  /** The rule by which the model refuses a trace. Absent for a fault of liveness. */
  readonly rule?: string;
  /** A seed whose trace the model refuses. Default: 0. */
  readonly fromSeed?: number;
}

export const scheduleFaults: readonly ScheduleFault[] = [
  {
    fault: "a view that begins, also after sleep, ignores the schedule",
    rule: "30 c",
    fromSeed: 41,
    parts: adopting((read) => ({ ...read, scheduled: undefined })),
    kind: "trimming",
    within: 60,
  },
  {
    fault: "trimming drops plans",
    rule: "30 c",
    fromSeed: 18,
    parts: trimmedAway,
    kind: "trimming",
    within: 60,
  },
  {
    fault: "copies contain no plans",
    rule: "30 c",
    fromSeed: 58,
    parts: copiesWithoutPlans(),
    kind: "trimming",
    within: 300,
  },
  {
    fault: "A is not subtracted",
    rule: "30 c",
    parts: judgingBy(() => ({}), WithoutA),
    within: 60,
  },
  {
    fault: "a load that began before the time + A counts as after it",
    rule: "30 c",
    parts: judgingBy(({ allowanceMs, settleMs }) => ({
      settleMs: (route) => (settleMs?.(route) ?? 0) - allowanceMs,
    })),
    within: 60,
  },
  {
    fault: "settleSeconds is not added",
    rule: "30 c",
    parts: judgingBy(() => ({ settleMs: () => 0 })),
    within: 60,
  },
  {
    fault: "the effect is appended before the time",
    rule: "30 f due",
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
  {
    fault: "a cancel is accepted too late",
    rule: "30 g position",
    parts: cancelledLate,
    within: 60,
  },
];
