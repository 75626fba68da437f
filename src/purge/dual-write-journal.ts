// A journal in two stores, while a site moves from one to the other. Each write goes to both, and
// isolates of different deployments may read different stores.
import { type EntryPlace, lastSwitched, type NewEntry } from "./journal/entry.ts";
import type { Journal, PlaceState, Unavailable } from "./journal/journal.ts";
import { subscribersWhileMoving } from "./journal/subscribers.ts";
import {
  type PostEntry,
  postEntry,
  type PostResult,
  postUnlessNewer,
  type Switch,
} from "./journal/switch.ts";
import { newestOf } from "./journal/switch-state.ts";
import type { OpenJournal } from "./journal-in-code.ts";
import type { DatabaseHealth } from "../redis/database-way.ts";

type Store = Pick<OpenJournal, "journal" | "switching">;

export interface DualWriteSettings {
  /** The store that this isolate reads. Its places are the places of the journal. */
  readonly read: Store;
  /** The store that isolates of another deployment read. */
  readonly other: Store;
  readonly randomText: () => string;
}

/** The maximum number of entries whose places in the other store are known. */
const placesMax = 4_096;

/**
 * A purge is accepted once both stores have confirmed it. The two journals share no place, so each
 * isolate treats the stamps of the other journal as unknown (rule 6). A mark of loss concerns only
 * the store that was read.
 */
export class DualWriteJournal implements Journal, Switch {
  readonly isInTwoStores = true;
  readonly #settings: DualWriteSettings;
  /** The places in the other store, by the entry's `n` in the store that is read. */
  readonly #otherPlaces = new Map<string, EntryPlace>();
  #isSwitchCopied = false;

  constructor(settings: DualWriteSettings) {
    this.#settings = settings;
  }

  get #own(): Journal {
    return this.#settings.read.journal;
  }

  get #other(): Journal {
    return this.#settings.other.journal;
  }

  newest(): ReturnType<Journal["newest"]> {
    void this.#copySwitch();
    return this.#own.newest();
  }

  /** An isolate that begins with a copy of a view never reads `newest`, so it copies the switch here. */
  async since(place: EntryPlace): ReturnType<Journal["since"]> {
    const read = await this.#own.since(place);
    const isPosted = read.kind === "read" && lastSwitched(read.entries) !== undefined;
    if (isPosted || !this.#isSwitchCopied) void this.#copySwitch();
    return read;
  }

  /**
   * Returns `not-joined`, so a namespace of the shared tier alone sets values by a purge (rule 28
   * d). Otherwise two records of one key would be compared by positions in different journals.
   */
  sinceOnPrimary(_place: EntryPlace): ReturnType<Journal["sinceOnPrimary"]> {
    return Promise.resolve({ kind: "not-joined" });
  }

  atPrimary(place: EntryPlace): ReturnType<Journal["atPrimary"]> {
    return this.#own.atPrimary(place);
  }

  /** Reports `gone` if either store has lost the entry: some isolates read only that store. */
  async standing(places: readonly EntryPlace[]): ReturnType<Journal["standing"]> {
    const known = places.map(({ n }) => this.#otherPlaces.get(n));
    const otherPlaces = known.filter((place) => place !== undefined);
    const [own, other] = await Promise.all([
      this.#own.standing(places),
      otherPlaces.length === 0 ? noStates : this.#other.standing(otherPlaces),
    ]);
    if (own.kind === "unavailable") return own;
    if (other.kind === "unavailable") return other;
    const rest = other.states.values();
    const states = own.states.map((state, at) =>
      known[at] !== undefined && rest.next().value === "gone" ? "gone" : state,
    );
    return { kind: "read", states };
  }

  appendMark(lost: string): ReturnType<Journal["appendMark"]> {
    return this.#own.appendMark(lost);
  }

  async append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    const [own, other] = await Promise.all([
      this.#own.append(entries),
      this.#other.append(entries),
    ]);
    if (own.kind === "unavailable") return own;
    if (other.kind === "unavailable") return other;
    this.#note(own.places, other.places);
    return own;
  }

  async appendAndRead(place: EntryPlace, entry: NewEntry): ReturnType<Journal["appendAndRead"]> {
    const [own, other] = await Promise.all([
      this.#own.appendAndRead(place, entry),
      this.#other.append([entry]),
    ]);
    if (own.kind === "unavailable") return own;
    if (other.kind === "unavailable") return other;
    this.#note([own.place], other.places);
    return own;
  }

  unpurged(...given: Parameters<Journal["unpurged"]>): ReturnType<Journal["unpurged"]> {
    return this.#own.unpurged(...given);
  }

  at(position: string): ReturnType<Journal["at"]> {
    return this.#own.at(position);
  }

  after(position: string, count: number): ReturnType<Journal["after"]> {
    return this.#own.after(position, count);
  }

  newestFirst(count: number): ReturnType<Journal["newestFirst"]> {
    return this.#own.newestFirst(count);
  }

  extent(): ReturnType<Journal["extent"]> {
    return this.#own.extent();
  }

  /** Reads both stores, because the next post must be newer than the posts of both. */
  async read(): ReturnType<Switch["read"]> {
    const { read, other } = this.#settings;
    const [own, there] = await Promise.all([read.switching.read(), other.switching.read()]);
    if (own.kind === "unavailable") return own;
    if (there.kind === "unavailable") return there;
    return { ...own, state: newestOf(own.state, there.state) };
  }

  async post(entry: PostEntry): Promise<PostResult> {
    const posted = await this.#settings.read.switching.post(entry);
    if (posted.kind === "posted") return (await this.#copyPost(entry, posted.place)) ?? posted;
    // This very post is current, so only the other store may have lost it.
    const isKept = posted.kind === "overtaken" && posted.current?.post === entry.switched.post;
    return (isKept ? await this.#copyPost(entry, posted.current) : undefined) ?? posted;
  }

  /** @returns why the other store has neither the post nor a newer one; else `undefined` */
  async #copyPost(entry: PostEntry, place: EntryPlace): Promise<Unavailable | undefined> {
    const copied = await postUnlessNewer(this.#settings.other.switching, entry);
    if (copied.kind === "posted") this.#note([place], [copied.place]);
    return copied.kind === "unavailable" ? copied : undefined;
  }

  /** Copies a post from before the move to the other store, unless that store has a newer one. */
  async #copySwitch(): Promise<void> {
    const { read, randomText } = this.#settings;
    const own = await read.switching.read();
    if (own.kind === "unavailable") return;
    const about = { by: "tidemark", reason: "the journal moves" };
    const entry = own.state && postEntry(randomText(), { ...own.state, replaces: "" }, about);
    const failure = entry && (await this.#copyPost(entry, own.state));
    this.#isSwitchCopied = failure === undefined;
  }

  #note(places: readonly EntryPlace[], otherPlaces: readonly EntryPlace[]): void {
    for (const [at, { n }] of places.entries()) {
      const other = otherPlaces[at];
      if (other !== undefined) this.#otherPlaces.set(n, other);
    }
    for (const n of this.#otherPlaces.keys()) {
      if (this.#otherPlaces.size <= placesMax) return;
      this.#otherPlaces.delete(n);
    }
  }
}

const noStates = { kind: "read", states: [] as readonly PlaceState[] } as const;
/**
 * Joins two open journals.
 *
 * @param read the journal that this isolate reads
 */
export function dualWritten(
  read: OpenJournal,
  other: OpenJournal,
  randomText: () => string,
): OpenJournal {
  const journal = new DualWriteJournal({ read, other, randomText });
  const subscribers = subscribersWhileMoving(read.subscribers, other.subscribers);
  const { name, secret = other.secret } = read;
  const health = jointHealth(read, other);
  return { journal, switching: journal, subscribers, name, health, secret };
}

/** Returns the troubles of the store that is read, or else those of the other store. */
function jointHealth(
  { health: read }: OpenJournal,
  { health: other }: OpenJournal,
): DatabaseHealth {
  const isWell = ({ trouble, troubleWithWrites }: DatabaseHealth) =>
    trouble?.isOver !== false && troubleWithWrites?.isOver !== false;
  const worst = () => (isWell(read) && !isWell(other) ? other : read);
  return {
    get trouble() {
      return worst().trouble;
    },
    get troubleWithWrites() {
      return worst().troubleWithWrites;
    },
    get words() {
      return worst().words;
    },
    get isShutOff() {
      return read.isShutOff;
    },
    get refusesWrites() {
      return read.refusesWrites || other.refusesWrites;
    },
  };
}
