// Workers with one planted fault each, which a run must find. A fault replaces a part of the cache,
// and breaks one rule.
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import type { TierRead } from "../../src/cache/tiers/tier.ts";
import type { CacheFactories } from "../../src/compose/create-cache.ts";
import { acceptedAtMs } from "../../src/purge/journal/entry.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import { coveredBy } from "../../src/purge/view/target-index.ts";
import {
  type PurgeSubject,
  type JudgementAsk,
  type PurgeJudgement,
  usable,
} from "../../src/purge/view/view-port.ts";
import { changedJournal, type JournalChange } from "./changed-journal.ts";

/** A view whose stamp is its last entry at the first use of the stamp, after the response. */
class LateStampView extends JournalView {
  override async stamp(requester: Parameters<JournalView["stamp"]>[0]) {
    const early = await super.stamp(requester);
    if (early === "none") return early;
    let late: typeof early | undefined;
    const place = () => (late ??= this.tail.chain?.end ?? early);
    return {
      get position() {
        return place().position;
      },
      get n() {
        return place().n;
      },
    };
  }
}

/** Metadata of records from the memory tier. */
const fromMemory = new WeakSet<PurgeSubject>();

class TracedMemory<Detail> extends MemoryTier<Detail> {
  override read(...asked: Parameters<MemoryTier<Detail>["read"]>): TierRead<Detail> {
    const read = super.read(...asked);
    if (read.kind === "found" && read.record.kind === "response") {
      fromMemory.add(read.record.stored.metadata);
    }
    return read;
  }
}

class LowerTiersView extends JournalView {
  override judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    return fromMemory.has(record) ? usable : super.judge(record, ask);
  }
}

class UnboundedView extends JournalView {
  override judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    return super.judge(record, { ...ask, maxLagMs: Infinity });
  }
}

const lossBlindJournal = changedJournal((real, { nowAtMs }) => ({
  async since(place) {
    const sentAtMs = nowAtMs();
    const read = await real.since(place);
    return read.kind === "not-joined" ? { kind: "read", entries: [], sentAtMs } : read;
  },
}));

class NewestPurgeView extends JournalView {
  override judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    const judged = super.judge(record, ask);
    if (judged.kind !== "purged" || judged.mode === "soft") return judged;
    const by = this.tail.entries.findLast(({ targets }) => coveredBy(targets)(record));
    if (by?.mode !== "soft") return judged;
    return { kind: "purged", mode: "soft", sinceAtMs: acceptedAtMs(by.position), by };
  }
}

/** Accepts purges that the journal has not confirmed. */
export const careless: JournalChange = (real) => ({
  async append(entries) {
    const appended = await real.append(entries);
    if (appended.kind === "appended") return appended;
    return { kind: "appended", places: entries.map(({ n }) => ({ position: "1-1", n })) };
  },
});

class UnsureView extends JournalView {
  override judge(): PurgeJudgement {
    return { kind: "unverified", why: "no-view" };
  }
}

export const plantedFaults = {
  /** Rule 1 broken: a response that was purged during its fetch counts as newer than the purge. */
  "stamp-after-fetch": { view: (settings) => new LateStampView(settings) },
  /** The view does not judge records from the memory tier. */
  "memory-not-judged": {
    memory: (settings) => new TracedMemory(settings),
    view: (settings) => new LowerTiersView(settings),
  },
  /** Rule 7 broken: responses that no known purge covers are used, however old the view is. */
  "bound-ignored": { view: (settings) => new UnboundedView(settings) },
  /** Rules 16 and 17 broken: a read without the view's last entry renews the view. */
  "loss-not-detected": { journal: lossBlindJournal },
  /** Rule 5 broken: only the newest purge of a record applies. */
  "soft-hides-hard": { view: (settings) => new NewestPurgeView(settings) },
  /** Rule 21 broken: the site sends 200 even if the journal has not confirmed the append. */
  "accepts-unwritten": { journal: changedJournal(careless) },
  /** The cache keeps the promise, but never answers from a tier. */
  "never-hits": { view: (settings) => new UnsureView(settings) },
} as const satisfies Record<string, CacheFactories>;

export type PlantedFault = keyof typeof plantedFaults;

export const isPlantedFault = (name: string): name is PlantedFault => name in plantedFaults;
