// Faults in the use of the journal's book (rule 27), for planted-faults.test.ts.
import type { Coverage } from "../../src/cache/record/record.ts";
import { namesCovering, namesOf } from "../../src/purge/journal/book.ts";
import { decodeEntry, type EntryId, isSameEntry } from "../../src/purge/journal/entry.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import { urlTag } from "../../src/purge/journal/purge-target.ts";
import { restamp } from "../../src/purge/view/book-checks.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import { nOf, numberIn } from "../../testing/fakes/journal-scripts-model.ts";
import type { Lineages } from "../../testing/simulation/simulated-stream.ts";
import type { Parts, SimulatedIsolate } from "../../testing/simulation/simulated-isolate.ts";

type Planted = Partial<Parts>;
type Records = Parameters<Journal["unpurged"]>[1];

/** A journal with access to its isolate, and thus to the world. */
class Faulty extends RedisJournal {
  readonly #isolate: SimulatedIsolate;

  constructor(settings: RedisJournalSettings, isolate: SimulatedIsolate) {
    super(settings);
    this.#isolate = isolate;
  }

  /** Whether the journal has as many entries as trimming leaves. */
  protected get isFull(): boolean {
    const { stream, settings } = this.#isolate.world;
    return stream.items.length >= settings.keptCount;
  }

  protected get lineages(): Lineages {
    return this.#isolate.world.stream.lineages;
  }

  /** Whether the book ends with the journal's last entry. */
  protected get isBookCurrent(): boolean {
    const { noted, items } = this.#isolate.world.stream;
    return noted.at(-1) === items.at(-1);
  }

  /** Whether the book notes a purge of the record after its stamp. */
  protected isCovered(record: Records[number]): boolean {
    const names = namesCovering(record);
    const since = record.stamp === "none" ? 0 : numberIn(record.stamp.n);
    return this.#isolate.world.stream.noted.some(({ id, fields }) => {
      const { n, targets } = decodeEntry(id, fields);
      return numberIn(n) > since && namesOf(targets).some((name) => names.includes(name));
    });
  }

  /** Whether the book notes a purge of the tag. */
  protected isNoted(tag: string): boolean {
    return JSON.stringify(this.#isolate.world.stream.noted).includes(tag);
  }
}

const withJournal = (Journal: typeof Faulty): Planted => ({
  journal: (settings, isolate) => new Journal(settings, isolate),
});

/** Counts a record as unpurged even if the book lacks its stamp, or notes a later purge of it. */
export const stampUnchecked = withJournal(
  class extends Faulty {
    override async unpurged(end: EntryId, records: Records) {
      const read = await super.unpurged(end, records);
      if (read.kind !== "read" || read.answers[0] === true) return read;
      return super.unpurged(
        end,
        records.map((record) => ({ ...record, stamp: end })),
      );
    }
  },
);

/** Uses the answer of a book that lacks the view's last entry. */
export const endUnchecked = withJournal(
  class extends Faulty {
    override async unpurged(end: EntryId, records: Records) {
      const [stamp] = records.map((record) => record.stamp);
      return super.unpurged(stamp === undefined || stamp === "none" ? end : stamp, records);
    }
  },
);

/** Looks up purges by tag and route only, not by prefix or URL. */
export const prefixesUnnoted = withJournal(
  class extends Faulty {
    override async unpurged(end: EntryId, records: Records) {
      const url = "https://elsewhere.example/none";
      return super.unpurged(
        end,
        records.map((record) => ({ ...record, url })),
      );
    }
  },
);

/** Looks up a record without its last directory, by which the book notes prefixes of pages there. */
export const directoryCutEarlier = withJournal(
  class extends Faulty {
    override async unpurged(end: EntryId, records: Records) {
      const read = await super.unpurged(end, records);
      if (read.kind !== "read" || records.some(({ url }) => this.isNoted(urlTag(url)))) return read;
      const url = (record: Coverage) => record.url.replace(/[^/]*\/[^/]*$/, "");
      return super.unpurged(
        end,
        records.map((record) => ({ ...record, url: url(record) })),
      );
    }
  },
);

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
      const { lined } = this.lineages;
      return { ...read, isLost: !lined.some(({ fields }) => nOf(fields) === place.n) };
    }
  },
);

/** Uses the book for stamps from before its oldest names, because the lineages prove them. */
export const namesUnchecked = withJournal(
  class extends Faulty {
    override async unpurged(end: EntryId, records: Records) {
      const read = await super.unpurged(end, records);
      const isProven = ({ stamp }: Records[number]) =>
        stamp !== "none" && this.lineages.lined.some(({ fields }) => nOf(fields) === stamp.n);
      if (read.kind !== "read" || !this.isBookCurrent || !records.every(isProven)) return read;
      const answers = records.map((record) => !this.isCovered(record));
      return { kind: "read" as const, answers };
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

/** Sets the stamp to the view's last entry when the book has answered, not when it was asked. */
export const restampedLate: Planted = {
  view: (settings) =>
    new (class extends JournalView {
      override seek(...[requester, record]: Parameters<JournalView["seek"]>) {
        const before = record?.stamp;
        const late = () => {
          const end = this.chain?.end;
          if (record !== undefined && record.stamp !== before && end) restamp(record, end);
        };
        return super.seek(requester, record)?.then(late);
      }
    })(settings),
};

/** Counts each record as unpurged without asking the book. */
export const unasked = withJournal(
  class extends Faulty {
    override async unpurged(_: EntryId, records: Records) {
      return { kind: "read" as const, answers: records.map(() => true) };
    }
  },
);
