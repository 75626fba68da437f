// A journal that answers at once from a simulated stream, and records the calls. Reads outside
// transactions see the stream with the lag of a replica.
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  type EntryId,
  markOf,
  type NewEntry,
} from "../../src/purge/journal/entry.ts";
import {
  type Journal,
  type JournalRead,
  newestCount,
  pageCount,
  type PlaceState,
} from "../../src/purge/journal/journal.ts";
import type { EpochRange } from "../../src/purge/journal/epoch.ts";
import { numberedAfter } from "../../src/stores/redis/journal/joined-appends.ts";
import { epochFields, epochsIn } from "../../src/stores/redis/journal/journal-scripts.ts";
import type { FakeClock } from "./fake-clock.ts";
import { epochTexts, nOf, numberIn } from "./journal-scripts-model.ts";
import {
  comparePositions,
  SimulatedStream,
  type StreamItem,
} from "../simulation/simulated-stream.ts";

const unavailable = { kind: "unavailable" } as const;

export class FakeJournal implements Journal {
  readonly stream = new SimulatedStream();
  readonly #clock: FakeClock;
  /** The names of calls, in order. */
  readonly asked: (keyof Journal)[] = [];
  /** The number of entries that trimming keeps. */
  keptCount = 8_192;
  /** The methods that answer "unavailable". */
  down: readonly (keyof Journal)[] | "all" = [];
  replicaLagMs = 0;
  /** Whether so many entries follow a place that `appendAndRead` returns none of them. */
  isPageFull = false;
  /** Delays every answer after the journal has done its work. */
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  #marks = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** The number of reads. */
  get readCount(): number {
    return this.asked.filter((name) => name !== "append" && name !== "standing").length;
  }

  async newest() {
    return this.#answer("newest", () => this.#read(this.#replica()));
  }

  async since(place: EntryId) {
    return this.#answer("since", () => {
      const entries = decoded(this.#replica());
      const at = entries.findIndex((entry) => isSame(entry, place));
      if (at < 0) return { kind: "not-joined" } as const;
      return { ...this.#read([]), entries: entries.slice(at + 1) };
    });
  }

  async sinceOnPrimary(place: EntryId) {
    return this.#answer("sinceOnPrimary", () => {
      const entries = decoded(this.stream.items);
      const at = entries.findIndex((entry) => isSame(entry, place));
      const isJoined = at >= 0 && entries.length - at < pageCount;
      if (!isJoined) return { kind: "not-joined" } as const;
      return { ...this.#read([]), entries: entries.slice(at + 1) };
    });
  }

  async atPrimary(place: EntryId) {
    return this.#answer("atPrimary", () => {
      const { position } = place;
      const upTo = decoded(this.stream.items).findLast(
        (entry) => comparePositions(entry.position, position) <= 0,
      );
      const isTrimmed = upTo === undefined && this.#isFull && this.#isNoted(place);
      const isLost = !isTrimmed && !(upTo !== undefined && isSame(upTo, place));
      return { ...this.#read(this.stream.items), upTo, isLost };
    });
  }

  async standing(places: readonly EntryId[]) {
    return this.#answer("standing", () => {
      const entries = decoded(this.stream.items);
      const oldest = entries[0]?.position ?? "0-0";
      const states = places.map((place): PlaceState => {
        if (entries.some((entry) => isSame(entry, place))) return "standing";
        const isOlder = comparePositions(place.position, oldest) < 0;
        return isOlder && this.#isFull && this.#isNoted(place) ? "trimmed" : "gone";
      });
      return { kind: "read", states } as const;
    });
  }

  async appendMark(lost: string) {
    return this.#answer("appendMark", () => {
      if (lost === "" && this.stream.items.length > 0) return this.#read(this.stream.items);
      this.write(markOf(lost, `mark-${(this.#marks += 1)}`));
      return this.#read(this.stream.items);
    });
  }

  async append(entries: readonly NewEntry[]) {
    return this.#answer("append", () => {
      const places = entries.map((entry) => this.#placeOf(entry));
      return { kind: "appended", places } as const;
    });
  }

  async appendAndRead(place: EntryId, entry: NewEntry) {
    return this.#answer("appendAndRead", () => {
      const own = this.#placeOf(entry);
      const entries = decoded(this.stream.items);
      const at = entries.findIndex((each) => isSame(each, place));
      const isWhole = at >= 0 && entries.length - at < pageCount && !this.isPageFull;
      const since = isWhole ? entries.slice(at + 1) : undefined;
      return { kind: "appended", place: own, sentAtMs: this.#clock.atMs, since } as const;
    });
  }

  async epochs({ first, last }: EpochRange) {
    return this.#answer("epochs", () => {
      const { lined } = this.stream.at(this.#clock.atMs - this.replicaLagMs).lineages;
      const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
      const texts = epochTexts(
        numbers.flatMap(epochFields),
        lined.map(({ fields }) => fields),
      );
      return { kind: "read", epochs: epochsIn(texts, numbers.length) } as const;
    });
  }

  async after(position: string, count: number) {
    return this.#answer("after", () =>
      decoded(this.#replica())
        .filter((entry) => comparePositions(entry.position, position) > 0)
        .slice(0, count),
    );
  }

  async newestFirst(count: number) {
    return this.#answer("newestFirst", () => decoded(this.#replica()).toReversed().slice(0, count));
  }

  async extent() {
    return this.#answer("extent", () => {
      const items = this.#replica();
      return { count: items.length, oldest: items[0]?.id ?? null };
    });
  }

  #isNoted(place: EntryId): boolean {
    return decoded(this.stream.lineages.lined).some((entry) => isSame(entry, place));
  }

  get #isFull(): boolean {
    return this.stream.items.length >= this.keptCount;
  }

  #placeOf(entry: NewEntry): EntryId {
    const position = this.write(entry);
    return { position, n: nOf(this.stream.items.at(-1)?.fields) };
  }

  /** Appends an entry like another isolate. Numbers it if the entry before has a number. @returns its position */
  write(entry: NewEntry): string {
    const before = nOf(this.stream.items.at(-1)?.fields);
    const n = numberIn(before) > 0 ? numberedAfter(before, [entry.n]) : entry.n;
    const fields = Object.entries(encodeEntry({ ...entry, n })).flat();
    const { atMs } = this.#clock;
    const position = this.stream.append(fields, { atMs });
    this.stream.trimTo(this.keptCount, atMs);
    return position;
  }

  #replica(): readonly StreamItem[] {
    return this.stream.at(this.#clock.atMs - this.replicaLagMs).items;
  }

  #read(items: readonly StreamItem[]): JournalRead {
    const entries = decoded(items.slice(-newestCount));
    return { kind: "read", entries, sentAtMs: this.#clock.atMs };
  }

  async #answer<T>(name: keyof Journal, work: () => T): Promise<T | typeof unavailable> {
    this.asked.push(name);
    if (this.down === "all" || this.down.includes(name)) return unavailable;
    const done = work();
    await this.beforeAnswer();
    return done;
  }
}

function decoded(items: readonly StreamItem[]): Entry[] {
  return items.map(({ id, fields }) => decodeEntry(id, fields));
}

function isSame(entry: Entry, { position, n }: EntryId): boolean {
  return entry.position === position && entry.n === n;
}
