// A journal that answers at once, over a simulated stream, and remembers what it was asked. Reads
// outside of transactions see the stream as a replica has it.
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  type EntryPlace,
  type NewEntry,
} from "../../src/purge/entry.ts";
import { type Journal, newestCount } from "../../src/purge/journal.ts";
import type { FakeClock } from "./fake-clock.ts";
import { comparePositions, SimulatedStream, type StreamItem } from "./simulated-stream.ts";

const unavailable = { kind: "unavailable" } as const;

export class FakeJournal implements Journal {
  readonly stream = new SimulatedStream();
  readonly #clock: FakeClock;
  /** Names of what was asked, in order. */
  readonly asked: (keyof Journal)[] = [];
  /** Thresholds that appends came with. */
  readonly keptFrom: (string | undefined)[] = [];
  /** These fail; the rest works. */
  down: readonly (keyof Journal)[] = [];
  replicaLagMs = 0;
  /** What every answer waits for, once the journal has done its part. */
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  #marks = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** Reads alone. */
  get readCount(): number {
    return this.asked.filter((name) => name !== "append" && name !== "standing").length;
  }

  async newest() {
    return this.#answer("newest", () => this.#read(this.#replica()));
  }

  async since(place: EntryPlace) {
    return this.#answer("since", () => {
      const entries = decoded(this.#replica());
      const at = entries.findIndex((entry) => isSame(entry, place));
      if (at < 0) return { kind: "not-joined" } as const;
      return { ...this.#read([]), entries: entries.slice(at + 1) };
    });
  }

  async atPrimary(position: string) {
    return this.#answer("atPrimary", () => {
      const upTo = decoded(this.stream.items).findLast(
        (entry) => comparePositions(entry.position, position) <= 0,
      );
      return { ...this.#read(this.stream.items), upTo };
    });
  }

  async standing(places: readonly EntryPlace[]) {
    return this.#answer("standing", () => {
      const entries = decoded(this.stream.items);
      const areStanding = places.map((place) => entries.some((entry) => isSame(entry, place)));
      return { kind: "read", areStanding } as const;
    });
  }

  async appendMark(lost: string) {
    return this.#answer("appendMark", () => {
      const targets = { tags: ["everything"], prefixes: [] };
      const n = `mark-${(this.#marks += 1)}`;
      this.write({ ...nobodys, n, mode: "hard", targets, lost });
      return this.#read(this.stream.items);
    });
  }

  async append(entries: readonly NewEntry[], keepFrom: string | undefined) {
    return this.#answer("append", () => {
      this.keptFrom.push(keepFrom);
      return { kind: "appended", positions: entries.map((entry) => this.write(entry)) } as const;
    });
  }

  /** As somebody else would, past this isolate. @returns its position */
  write(entry: NewEntry): string {
    const fields = Object.entries(encodeEntry(entry)).flat();
    return this.stream.append(fields, { atMs: this.#clock.atMs });
  }

  #replica(): readonly StreamItem[] {
    return this.stream.seenAt(this.#clock.atMs - this.replicaLagMs);
  }

  #read(items: readonly StreamItem[]) {
    const entries = decoded(items.slice(-newestCount));
    return { kind: "read", entries, sentAtMs: this.#clock.atMs } as const;
  }

  async #answer<T extends { kind: string }>(
    name: keyof Journal,
    work: () => T,
  ): Promise<T | typeof unavailable> {
    this.asked.push(name);
    if (this.down.includes(name)) return unavailable;
    const done = work();
    await this.beforeAnswer();
    return done;
  }
}

const nobodys = { id: "", bodyDigest: "", reason: "", by: "test", lost: "" };

function decoded(items: readonly StreamItem[]): Entry[] {
  return items.map(({ id, fields }) => decodeEntry(id, fields));
}

function isSame(entry: Entry, { position, n }: EntryPlace): boolean {
  return entry.position === position && entry.n === n;
}
