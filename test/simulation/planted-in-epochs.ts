// Faults in the use of the journal's lineages and epochs (rule 27), for planted-faults.test.ts.
import { type EntryId, isSameEntry } from "../../src/purge/journal/entry.ts";
import { type Epoch, epochOf, lineageIn, numberedIn } from "../../src/purge/journal/epoch.ts";
import type { Chain } from "../../src/purge/view/chain.ts";
import { restamp } from "../../src/cache/record/record.ts";
import { EpochWindow } from "../../src/purge/view/epoch-window.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type { PurgeSubject } from "../../src/purge/view/view-port.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import { epochFields, epochsIn } from "../../src/stores/redis/journal/journal-scripts.ts";
import { epochTexts, nOf } from "../../testing/fakes/journal-scripts-model.ts";
import type { Parts, SimulatedIsolate } from "../../testing/simulation/simulated-isolate.ts";

type Planted = Partial<Parts>;
type Read = readonly (Epoch | undefined)[];

/** Returns an epoch with these names, and then none for the entries whose names it lacks. */
function completed({ lineages, names }: Epoch): Epoch {
  const lists = names.slice(8).split(",").slice(0, -1);
  const missing = lineages.length / 8 - lists.length;
  const texts = [...lists, ...Array.from({ length: missing }, () => "")];
  return { lineages, names: `${lineages.slice(-8)}${texts.map((text) => `${text},`).join("")}` };
}

const withWindow = (Window: typeof EpochWindow): Planted => ({ window: () => new Window() });

/** Counts the entries of an absent epoch as entries without names. */
export const absentIsUnpurged: Planted = {
  journal: (settings, { world }) =>
    new (class extends RedisJournal {
      override async epochs(range: Parameters<RedisJournal["epochs"]>[0]) {
        const read = await super.epochs(range);
        if (read.kind !== "read") return read;
        const lined = world.stream.lineages.lined.map(({ fields }) => fields);
        const epochs = read.epochs.map((epoch, at) => {
          const [kept] = epochsIn(epochTexts(epochFields(range.first + at), lined), 1);
          return epoch ?? (kept && completed({ ...kept, names: "" }));
        });
        return { ...read, epochs };
      }
    })(settings),
};

/** Counts the entries that a partial epoch lacks as entries without names. */
export const partialIsWhole = withWindow(
  class extends EpochWindow {
    override take(first: number, epochs: Read): boolean {
      return super.take(
        first,
        epochs.map((epoch) => epoch && completed(epoch)),
      );
    }
  },
);

/** Uses epochs for a stamp with the number of one of their entries, but another lineage. */
export const lineageUnchecked = withWindow(
  class extends EpochWindow {
    readonly #read = new Map<number, Epoch>();

    override take(first: number, epochs: Read): boolean {
      for (const [at, epoch] of epochs.entries()) if (epoch) this.#read.set(first + at, epoch);
      return super.take(first, epochs);
    }

    override verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
      const { stamp } = record;
      const { number = 0 } = (stamp !== "none" && numberedIn(stamp.n)) || {};
      const epoch = this.#read.get(epochOf(number));
      if (stamp === "none" || epoch === undefined) return super.verifiedUpTo(record, chain);
      const line = Number.parseInt(lineageIn(epoch.lineages, number), 16);
      return super.verifiedUpTo({ ...record, stamp: { ...stamp, n: `.${number}.${line}` } }, chain);
    }
  },
);

/** Uses epochs that end before the chain begins. */
export const unjoined = withWindow(
  class extends EpochWindow {
    #hasRead = false;

    override take(first: number, epochs: Read): boolean {
      this.#hasRead = super.take(first, epochs) || this.#hasRead;
      return this.#hasRead;
    }

    override joint(chain: Chain): ReturnType<EpochWindow["joint"]> {
      const { number = 0 } = numberedIn(chain.end.n) ?? {};
      return super.joint(chain) ?? (this.#hasRead ? { place: chain.end, number } : undefined);
    }
  },
);

/** Uses epochs for a stamp from before their first entry. */
export const olderThanEpochs = withWindow(
  class extends EpochWindow {
    override verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
      const { stamp } = record;
      const { position, n } = chain.floor;
      const isOlder = stamp !== "none" && chain.isAfter(stamp);
      const known = super.verifiedUpTo(record, chain);
      return (
        known ??
        (isOlder ? super.verifiedUpTo({ ...record, stamp: { position, n } }, chain) : known)
      );
    }
  },
);

/** Uses the names of tags and routes only, not those of prefixes and URLs. */
export const prefixesUnnamed = withWindow(
  class extends EpochWindow {
    override verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
      return super.verifiedUpTo({ ...record, url: "https://elsewhere.example/none" }, chain);
    }
  },
);

/** Gives a record the view's end as its stamp, although a later entry covers the record. */
export const coveredMovesForward: Planted = {
  view: (settings) =>
    new (class extends JournalView {
      override judge(...[record, ask]: Parameters<JournalView["judge"]>) {
        const judged = super.judge(record, ask);
        const { chain } = this.tail;
        if (chain?.knows(record.stamp) === true) restamp(record, chain.end);
        return judged;
      }
    })(settings),
};

/** Gives a record that epochs have verified the view's end as its stamp, although a later entry may cover the record. */
export const verifiedMovesPastJoint: Planted = {
  view: (settings) =>
    new (class extends JournalView {
      override seek(...[requester, record]: Parameters<JournalView["seek"]>) {
        const before = record?.stamp;
        const late = () => {
          const end = this.tail.chain?.end;
          if (record !== undefined && record.stamp !== before && end) restamp(record, end);
        };
        return super.seek(requester, record)?.then(late);
      }
    })(settings),
};

/** A journal with access to its isolate, and thus to the world. */
class Faulty extends RedisJournal {
  protected readonly isolate: SimulatedIsolate;

  constructor(settings: RedisJournalSettings, isolate: SimulatedIsolate) {
    super(settings);
    this.isolate = isolate;
  }

  /** Whether the journal has as many entries as trimming leaves. */
  protected get isFull(): boolean {
    const { stream, settings } = this.isolate.world;
    return stream.items.length >= settings.keptCount;
  }
}

const withJournal = (Journal: typeof Faulty): Planted => ({
  journal: (settings, isolate) => new Journal(settings, isolate),
});

/** Treats a missing entry before the oldest one as trimmed, even if it never existed. */
export const lostCountsAsTrimmed = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId) {
      const read = await super.atPrimary(place);
      if (read.kind !== "read" || read.upTo !== undefined) return read;
      return { ...read, isLost: !this.isFull };
    }
  },
);

/** Treats an entry whose proof was dropped for room as lost. */
export const droppedCountsAsLost = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId) {
      const read = await super.atPrimary(place);
      if (read.kind !== "read" || isSameEntry(read.upTo, place)) return read;
      const { lined } = this.isolate.world.stream.lineages;
      return { ...read, isLost: !lined.some(({ fields }) => nOf(fields) === place.n) };
    }
  },
);

/** Treats a gone entry as trimmed if the journal is full, even if the lineages do not note it. */
export const unnotedIsNotReadBack = withJournal(
  class extends Faulty {
    override async standing(places: readonly EntryId[]) {
      const read = await super.standing(places);
      if (read.kind !== "read" || !this.isFull) return read;
      const states = read.states.map((state) => (state === "gone" ? "trimmed" : state));
      return { ...read, states };
    }
  },
);
