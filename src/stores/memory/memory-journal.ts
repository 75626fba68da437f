// The journal, the switch and the states of subscribers in the memory of one process, which loses no
// entry while it runs. Stamps, records and journal end together with the process.
import { pause } from "../../base/timeouts.ts";
import {
  type Entry,
  type EntryId,
  lastSwitched,
  markOf,
  type NewEntry,
  releasesIn,
} from "../../purge/journal/entry.ts";
import {
  epochIn,
  type EpochRange,
  epochSize,
  namesCharsMax,
  numberOf,
  shortNames,
} from "../../purge/journal/epoch.ts";
import type { Journal, JournalRead, PlaceState } from "../../purge/journal/journal.ts";
import type { HeldState, Subscribers } from "../../purge/journal/subscribers.ts";
import type { PostEntry, Switch } from "../../purge/journal/switch.ts";
import { namesOf } from "../../purge/journal/target-names.ts";
import {
  type JournalMaker,
  journalMaker,
  type JournalStore,
  randomText,
} from "../../purge/create-purging.ts";
import { Chain } from "../../purge/view/chain.ts";

/** The number of newest entries whose names the journal keeps at least, as in Redis (rule 27 d). */
const namedMax = 131_072;

/** The number of entries after which an append waits for the next turn of the event loop. */
const addedInTurnMax = 1_000;

/** Opens the journal of each namespace, which only this process reads. */
export function memoryJournal(): JournalMaker {
  const stores = new Map<string, JournalStore>();
  return journalMaker(({ namespace, nowAtMs }) => {
    const store = stores.get(namespace) ?? openStore(nowAtMs);
    stores.set(namespace, store);
    return store;
  });
}

function openStore(nowAtMs: () => number): JournalStore {
  const journal = new MemoryJournal(nowAtMs);
  return {
    journal,
    switching: { read: () => journal.readSwitch(), post: (entry) => journal.post(entry) },
    subscribers: new MemorySubscribers(nowAtMs),
    name: `process ${randomText()}`,
    health: {
      trouble: undefined,
      troubleWithWrites: undefined,
      isBreakerOpen: false,
      refusesWrites: false,
      words: {},
    },
    secret: randomText(),
    reach: "process",
  };
}

export class MemoryJournal implements Journal {
  readonly keepsConfirmed = true;
  readonly #nowAtMs: () => number;
  readonly #namedMax: number;
  /** The entries. A chain drops its oldest entries at the bounds of a view. */
  readonly #chain: Chain;
  /** Follows the random text of each `n`, so that stamps of another process are unknown. */
  readonly #process = ` ${randomText()}.`;
  #count = 0;
  /** Ends with the present turn of the event loop. */
  #turn: Promise<void> | undefined;
  #addedInTurn = 0;
  #switched = lastSwitched([]);
  #released = releasesIn([]).at(-1);
  /** The names of the newest entries, from the beginning of an epoch on. */
  readonly #named: { readonly n: string; readonly names: string }[] = [];
  #namesChars = 0;

  /** @param namesOfMax the number of newest entries whose names are kept at least */
  constructor(nowAtMs: () => number, namesOfMax = namedMax) {
    this.#nowAtMs = nowAtMs;
    this.#namedMax = namesOfMax;
    this.#chain = new Chain([this.#placed(markOf("", randomText()))]);
  }

  async newest(): Promise<JournalRead> {
    const { entries } = this.#chain;
    const [sentAtMs, switched, released] = [this.#nowAtMs(), this.#switched, this.#released];
    return { kind: "read", sentAtMs, switched, released, entries: entries.slice() };
  }

  async since(place: EntryId): ReturnType<Journal["since"]> {
    const entries = this.#chain.between(place, this.#chain.end);
    const sentAtMs = this.#nowAtMs();
    return entries ? { kind: "read", sentAtMs, entries } : { kind: "not-joined" };
  }

  sinceOnPrimary(place: EntryId): ReturnType<Journal["since"]> {
    return this.since(place);
  }

  async atPrimary(place: EntryId): ReturnType<Journal["atPrimary"]> {
    const number = numberIn(place.position);
    const upTo = this.#chain.entries.findLast(({ position }) => numberIn(position) <= number);
    return { ...(await this.newest()), upTo, isLost: this.#numberOf(place.n) === 0 };
  }

  async standing(places: readonly EntryId[]): ReturnType<Journal["standing"]> {
    const stateOf = (place: EntryId): PlaceState =>
      this.#chain.knows(place) ? "standing" : this.#numberOf(place.n) > 0 ? "trimmed" : "gone";
    return { kind: "read", states: places.map(stateOf) };
  }

  /** Appends a mark of loss. The journal is never empty, so a mark without a loss is not needed. */
  async appendMark(lost: string): Promise<JournalRead> {
    if (lost !== "") await this.#add([markOf(lost, randomText())]);
    return this.newest();
  }

  async append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    return { kind: "appended", places: await this.#add(entries) };
  }

  async appendAndRead(place: EntryId, entry: NewEntry): ReturnType<Journal["appendAndRead"]> {
    const sentAtMs = this.#nowAtMs();
    const [own = this.#chain.end] = await this.#add([entry]);
    return { kind: "appended", place: own, sentAtMs, since: this.#chain.between(place, own) };
  }

  async epochs({ first, last }: EpochRange): ReturnType<Journal["epochs"]> {
    const from = this.#count - this.#named.length;
    const epochs = Array.from({ length: last - first + 1 }, (_, at) => {
      const before = (first + at) * epochSize - from;
      const own = before < 0 ? [] : this.#named.slice(before, before + epochSize);
      return own.length === 0 ? undefined : epochIn(own);
    });
    return { kind: "read", epochs };
  }

  async after(position: string, count: number): ReturnType<Journal["after"]> {
    const isAfter = (entry: Entry) => numberIn(entry.position) > numberIn(position);
    return this.#chain.entries.filter(isAfter).slice(0, count);
  }

  async newestFirst(count: number): ReturnType<Journal["newestFirst"]> {
    return this.#chain.entries.slice(-count).toReversed();
  }

  async extent(): ReturnType<Journal["extent"]> {
    return { count: this.#chain.entries.length, oldest: this.#chain.floor.position };
  }

  async readSwitch(): ReturnType<Switch["read"]> {
    return { kind: "read", state: this.#switched };
  }

  async post(entry: PostEntry): ReturnType<Switch["post"]> {
    const current = this.#switched;
    if (entry.switched.replaces !== (current?.post ?? "")) return { kind: "overtaken", current };
    const { position, n } = this.#append([entry])[0] ?? this.#chain.end;
    return { kind: "posted", place: { position, n } };
  }

  /**
   * Appends entries, after a pause if this turn of the event loop has appended many. In the pause,
   * the view reads them. Otherwise the chain could drop entries that the view has not read.
   */
  async #add(entries: readonly NewEntry[]): Promise<readonly EntryId[]> {
    while (this.#addedInTurn >= addedInTurnMax) await this.#turn;
    this.#turn ??= this.#endOfTurn();
    this.#addedInTurn += entries.length;
    return this.#append(entries).map(({ position, n }) => ({ position, n }));
  }

  async #endOfTurn(): Promise<void> {
    await pause(0);
    this.#turn = undefined;
    this.#addedInTurn = 0;
  }

  #append(entries: readonly NewEntry[]): readonly Entry[] {
    const placed = entries.map((entry) => this.#placed(entry));
    this.#chain.append(placed);
    this.#switched = lastSwitched(placed) ?? this.#switched;
    this.#released = releasesIn(placed).at(-1) ?? this.#released;
    return placed;
  }

  /** Gives the entry its place, and notes its names. The number orders positions, not the time. */
  #placed(entry: NewEntry): Entry {
    this.#count += 1;
    const n = `${entry.n}${this.#process}${this.#count}`;
    const names = shortNames(namesOf(entry.targets));
    this.#named.push({ n, names });
    this.#namesChars += names.length;
    const { length } = this.#named;
    const isOver = length >= this.#namedMax + epochSize || this.#namesChars > namesCharsMax;
    if (isOver && length > epochSize)
      for (const dropped of this.#named.splice(0, epochSize))
        this.#namesChars -= dropped.names.length;
    return { ...entry, n, position: `${Math.floor(this.#nowAtMs())}-${this.#count}` };
  }

  /** Returns the number in an `n` of this process; 0 for any other. */
  #numberOf(n: string): number {
    return n.includes(this.#process) ? numberOf({ n }) : 0;
  }
}

/** Returns the number of the entry at a position; 0 for the start of the journal. */
function numberIn(position: string): number {
  return Number(position.split("-")[1] ?? 0);
}

/** States are as durable as the records: they end with the process. */
export class MemorySubscribers implements Subscribers {
  readonly #texts = new Map<string, string>();
  readonly #nowAtMs: () => number;

  constructor(nowAtMs: () => number) {
    this.#nowAtMs = nowAtMs;
  }

  async read(names: readonly string[]): ReturnType<Subscribers["read"]> {
    const states = names.map((name): HeldState => {
      const text = this.#texts.get(name);
      return { version: text ?? "", text };
    });
    return { kind: "read", states, atMs: this.#nowAtMs() };
  }

  async replace(name: string, version: string, text: string): ReturnType<Subscribers["replace"]> {
    const held = this.#texts.get(name) ?? "";
    if (held !== version && held !== text) return { kind: "overtaken" };
    this.#texts.set(name, text);
    return { kind: "replaced", version: text };
  }
}
