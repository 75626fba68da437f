// Faults in reads, appends and checks of the journal, for planted-faults.test.ts.
import { Acceptances } from "../../src/purge/acceptance/acceptance.ts";
import {
  decodeEntry,
  type Entry,
  type EntryId,
  type NewEntry,
} from "../../src/purge/journal/entry.ts";
import type { JournalRead, PrimaryRead, Unavailable } from "../../src/purge/journal/journal.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import type { SimulatedIsolate, Parts } from "../../testing/simulation/simulated-isolate.ts";
import { comparePositions } from "../../testing/simulation/simulated-stream.ts";

type Planted = Partial<Parts>;
type Since = JournalRead | { kind: "not-joined" } | Unavailable;
type AtPrimary = PrimaryRead | Unavailable;

/** A journal with access to its isolate, and thus to the clock and the world. */
class Faulty extends RedisJournal {
  protected readonly isolate: SimulatedIsolate;

  constructor(settings: RedisJournalSettings, isolate: SimulatedIsolate) {
    super(settings);
    this.isolate = isolate;
  }
}

const withJournal = (Journal: typeof Faulty): Planted => ({
  journal: (settings, isolate) => new Journal(settings, isolate),
});

/** Dates a read by its answer, not by its request. */
export const datedLate = withJournal(
  class extends Faulty {
    override async newest() {
      return this.#dated(await super.newest());
    }

    override async since(place: EntryId): Promise<Since> {
      return this.#dated(await super.since(place));
    }

    #dated<T extends { kind: string }>(read: T): T {
      return read.kind === "read" ? { ...read, sentAtMs: this.isolate.nowAtMs() } : read;
    }
  },
);

/** Reads newer entries, even if the view's last entry is gone. */
export const unjoined = withJournal(
  class extends Faulty {
    override async since({ position }: EntryId): Promise<Since> {
      const read = await super.newest();
      if (read.kind !== "read") return read;
      const isNewer = (entry: Entry) => comparePositions(entry.position, position) > 0;
      return { ...read, entries: read.entries.filter(isNewer) };
    }
  },
);

/** Joins a read to the view by the ID alone, which may have occurred again after a loss. */
export const joinedByIdAlone = withJournal(
  class extends Faulty {
    override async since(place: EntryId): Promise<Since> {
      const read = await super.newest();
      if (read.kind !== "read") return read;
      const at = read.entries.findIndex(({ position }) => position === place.position);
      return at < 0 ? { kind: "not-joined" } : { ...read, entries: read.entries.slice(at + 1) };
    }
  },
);

/** Ends a read after its first page, even if the page is full. */
export const onePageAlone = withJournal(
  class extends Faulty {
    override async since(place: EntryId): Promise<Since> {
      const read = await super.since(place);
      return read.kind === "read" ? { ...read, entries: read.entries.slice(0, 127) } : read;
    }
  },
);

/** Treats a page without the view's last entry as a page without new entries. */
export const failedJoinIsNothingNew = withJournal(
  class extends Faulty {
    override async since(place: EntryId): Promise<Since> {
      const sentAtMs = this.isolate.nowAtMs();
      const read = await super.since(place);
      return read.kind === "not-joined" ? { kind: "read", entries: [], sentAtMs } : read;
    }
  },
);

/** Appends the entries of an overtaken read to those of a later read. */
export const lateAnswersMerged = withJournal(
  class extends Faulty {
    #late: readonly Entry[] = [];

    override async since(place: EntryId): Promise<Since> {
      const read = await super.since(place);
      if (read.kind !== "read") return read;
      if (this.isolate.view.tail.chain?.end.n === place.n) {
        return { ...read, entries: [...read.entries, ...this.#late] };
      }
      this.#late = read.entries;
      return read;
    }
  },
);

/** Renews the view even if the check at the primary has failed. */
export const failedCheckRenews = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId): Promise<AtPrimary> {
      const sentAtMs = this.isolate.nowAtMs();
      const read = await super.atPrimary(place);
      const upTo = this.isolate.view.tail.chain?.entries.at(-1);
      if (read.kind === "read" || upTo?.position !== place.position) return read;
      return { kind: "read", entries: [upTo], sentAtMs, upTo, isLost: false };
    }
  },
);

/** Appends no mark after a loss. */
export const unmarked = withJournal(
  class extends Faulty {
    override async appendMark(lost: string): Promise<JournalRead | Unavailable> {
      const [position = "", n = ""] = lost.split(" ");
      return lost === "" ? super.appendMark(lost) : this.atPrimary({ position, n });
    }
  },
);

/** Accepts each mark, whichever loss it names. */
export const anyMarkWillDo = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId): Promise<AtPrimary> {
      const read = await super.atPrimary(place);
      const end = this.isolate.view.tail.chain?.end;
      if (read.kind !== "read" || end === undefined) return read;
      const lost = `${end.position} ${end.n}`;
      const entries = read.entries.map((entry) => (entry.lost === "" ? entry : { ...entry, lost }));
      return { ...read, entries };
    }
  },
);

/** Treats an empty journal as if the view's last entry were still there. */
export const emptyIsNoLoss = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId): Promise<AtPrimary> {
      const read = await super.atPrimary(place);
      const upTo = this.isolate.view.tail.chain?.entries.at(-1);
      if (read.kind !== "read" || read.entries.length > 0 || upTo === undefined) return read;
      return { ...read, entries: [upTo], upTo };
    }
  },
);

/** Treats a loss as trimming, unless an entry has the position of the view's last entry. */
export const trimmedInsteadOfLost = withJournal(
  class extends Faulty {
    override async atPrimary(place: EntryId): Promise<AtPrimary> {
      const read = await super.atPrimary(place);
      if (read.kind !== "read" || read.upTo?.position === place.position) return read;
      return { ...read, upTo: undefined, isLost: false };
    }
  },
);

const beginning: Entry = decodeEntry("0-0", ["v", "1", "tags", "[]", "prefixes", "[]"]);

/** Begins a view of an empty journal with an invented entry. */
export const emptyView = withJournal(
  class extends Faulty {
    /** Treats losses as trimming, because a mark would hide the fault. */
    override async atPrimary(place: EntryId): Promise<AtPrimary> {
      const read = await super.atPrimary(place);
      if (read.kind !== "read" || read.entries.length === 0) return read;
      return { ...read, isLost: read.isLost && read.upTo !== undefined };
    }

    override async newest() {
      const read = await super.newest();
      if (read.kind !== "read" || read.entries.length > 0) return read;
      return { ...read, entries: [beginning] };
    }

    override async since(place: EntryId): Promise<Since> {
      if (place.position !== "0-0") return super.since(place);
      return super.newest();
    }
  },
);

/** Withdraws the first entry of each append at once. */
export const undone = withJournal(
  class extends Faulty {
    override async append(entries: readonly NewEntry[]) {
      const appended = await super.append(entries);
      const { stream, atMs } = this.isolate.world;
      if (appended.kind === "appended") stream.remove(appended.places[0]?.position ?? "", atMs);
      return appended;
    }
  },
);

/** Reports an append without an answer as confirmed. */
export const acceptsUnanswered = withJournal(
  class extends Faulty {
    override async append(entries: readonly NewEntry[]) {
      const appended = await super.append(entries);
      const position = `${Math.floor(this.isolate.world.atMs)}-9`;
      const places = entries.map(({ n }) => ({ position, n }));
      return appended.kind === "appended" ? appended : ({ kind: "appended", places } as const);
    }
  },
);

/** Reports accepted entries as standing without reading them back. */
export const neverReadBack = withJournal(
  class extends Faulty {
    override async standing(places: readonly EntryId[]) {
      return { kind: "read" as const, states: places.map(() => "standing" as const) };
    }
  },
);

/** Reads accepted entries back after 1.5 N, not after N/2. */
export const readBackLate: Planted = {
  acceptances: (settings) =>
    new Acceptances({ ...settings, visibleWithinMs: 3 * settings.visibleWithinMs }),
};

/** Appends a lost entry again only if a second read-back, 5 s later, also lacks it. */
export const appendedAgainLate = withJournal(
  class extends Faulty {
    readonly #gone = new Set<string>();

    override async standing(places: readonly EntryId[]) {
      const read = await super.standing(places);
      if (read.kind !== "read") return read;
      const isNewlyGone = ({ n }: EntryId, at: number) =>
        read.states[at] === "gone" && !this.#gone.has(n);
      const gone = places.filter(isNewlyGone);
      for (const { n } of gone) this.#gone.add(n);
      return gone.length > 0 ? ({ kind: "unavailable" } as const) : read;
    }
  },
);

/** Answers a repeated webhook without reading its entry back. */
export const answeredFromMemory: Planted = {
  acceptances: (settings) =>
    new (class extends Acceptances {
      override async accept(...[order, requester]: Parameters<Acceptances["accept"]>) {
        const known = settings.view.tail.entries.find(({ id }) => id === order.id);
        if (known === undefined) return super.accept(order, requester);
        const { position, n } = known;
        return { kind: "accepted" as const, position, n, visibleByAtMs: 0 };
      }
    })(settings),
};
