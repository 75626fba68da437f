// A small world for the purge protocol: one journal that may lag, lose entries and come back old,
// and isolates with clocks of their own, each running the product's view over it. Time moves from
// event to event; the same seed gives the same history.
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  type EntryPlace,
  type NewEntry,
} from "../../src/purge/entry.ts";
import type { Journal, JournalRead, Unavailable } from "../../src/purge/journal.ts";
import { type PurgeMode, userTag } from "../../src/purge/purge-target.ts";
import { comparePositions, SimulatedStream, type StreamItem } from "./simulated-stream.ts";

/** A generator of numbers from 0 to below 1 (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface WorldSettings {
  readonly seed: number;
  /** N and A. */
  readonly maxLagMs: number;
  readonly allowanceMs: number;
  /** ε: two clocks are at most this far apart. */
  readonly clockErrorMs: number;
  /** L: the oldest state that a read outside a transaction may be answered from. */
  readonly replicaLagMs: number;
  /** The longest way to the journal, and the longest way back. */
  readonly wayMs: number;
  /** K: how many entries a cold view loads. */
  readonly newestCount: number;
}

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

export class SimulatedWorld {
  readonly settings: WorldSettings;
  readonly draw: () => number;
  readonly stream = new SimulatedStream();
  /** The instant that no clock knows. */
  atMs = 1_000_000;
  /** How far behind the server's own clock is, from which it mints IDs. */
  serverBehindMs = 0;
  isJournalDown = false;
  readonly #sleepers: Sleeper[] = [];

  constructor(settings: WorldSettings) {
    this.settings = settings;
    this.draw = drawsFrom(settings.seed);
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakesAtMs = this.atMs + ms;
    const at = this.#sleepers.findIndex((sleeper) => sleeper.wakesAtMs > wakesAtMs);
    this.#sleepers.splice(at < 0 ? this.#sleepers.length : at, 0, { wakesAtMs, wake: resolve });
    return promise;
  }

  /** @param afterEach called once all has run that can, whenever something has happened */
  async passTo(atMs: number, afterEach: () => void): Promise<void> {
    await settled();
    afterEach();
    for (let next = this.#sleepers[0]; next !== undefined; next = this.#sleepers[0]) {
      if (next.wakesAtMs > atMs) break;
      this.#sleepers.shift();
      this.atMs = next.wakesAtMs;
      next.wake();
      await settled();
      afterEach();
    }
    this.atMs = atMs;
  }

  /** Coarse, so that after a loss the same ID is minted again. */
  append(entry: NewEntry): string {
    const serverAtMs = Math.floor((this.atMs - this.serverBehindMs) / 1_000) * 1_000;
    const fields = Object.entries(encodeEntry(entry)).flat();
    return this.stream.append(fields, { atMs: this.atMs, serverAtMs });
  }
}

/** Lets promises run that wait for nothing but each other. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

const unavailable: Unavailable = { kind: "unavailable" };

/** A page of `since`; small, so that short histories need several. */
const pageCount = 3;

/** The journal as one isolate reaches it: what `RedisJournal` does, over the simulated stream. */
export class SimulatedJournal implements Journal {
  protected readonly world: SimulatedWorld;
  protected readonly nowAtMs: () => number;

  constructor(world: SimulatedWorld, nowAtMs: () => number) {
    this.world = world;
    this.nowAtMs = nowAtMs;
  }

  /** There, done at once, and back; the answer may be lost on the way. */
  protected async trip<T>(work: () => T): Promise<T | Unavailable> {
    const { wayMs } = this.world.settings;
    await this.world.sleep(this.world.between(0, wayMs));
    if (this.world.isJournalDown) return unavailable;
    const done = work();
    await this.world.sleep(this.world.between(0, wayMs));
    return this.world.draw() < 0.02 ? unavailable : done;
  }

  /** Each read may be answered by another replica, with a lag of its own. */
  protected replica(): readonly StreamItem[] {
    const lagMs = this.world.between(0, this.world.settings.replicaLagMs);
    return this.world.stream.seenAt(this.world.atMs - lagMs);
  }

  protected newestAtPrimary(): Entry[] {
    return decoded(this.world.stream.items.slice(-this.world.settings.newestCount));
  }

  async newest(): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.nowAtMs();
    const { newestCount } = this.world.settings;
    return this.trip(() => {
      return { kind: "read", entries: decoded(this.replica().slice(-newestCount)), sentAtMs };
    });
  }

  async since(place: EntryPlace): Promise<JournalRead | { kind: "not-joined" } | Unavailable> {
    const sentAtMs = this.nowAtMs();
    const entries: Entry[] = [];
    for (let end = place; ; end = entries.at(-1) ?? end) {
      const page = await this.trip(() => this.pageFrom(end));
      if ("kind" in page) return page;
      const [joint, ...read] = page;
      if (joint?.position !== end.position || joint.n !== end.n) return { kind: "not-joined" };
      entries.push(...read);
      if (page.length < pageCount) return { kind: "read", entries, sentAtMs };
    }
  }

  protected pageFrom({ position }: EntryPlace): Entry[] {
    const entries = decoded(this.replica());
    const at = entries.findIndex((entry) => comparePositions(entry.position, position) >= 0);
    return at < 0 ? [] : entries.slice(at, at + pageCount);
  }

  async atPrimary(
    position: string,
  ): Promise<(JournalRead & { upTo: Entry | undefined }) | Unavailable> {
    const sentAtMs = this.nowAtMs();
    return this.trip(() => {
      const upTo = decoded(this.world.stream.items).findLast(
        (entry) => comparePositions(entry.position, position) <= 0,
      );
      return { kind: "read", entries: this.newestAtPrimary(), sentAtMs, upTo };
    });
  }

  async standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; areStanding: readonly boolean[] } | Unavailable> {
    return this.trip(() => {
      const found = decoded(this.world.stream.items);
      const areStanding = places.map(({ position, n }) =>
        found.some((entry) => entry.position === position && entry.n === n),
      );
      return { kind: "read", areStanding };
    });
  }

  async appendMark(lost: string): Promise<JournalRead | Unavailable> {
    const sentAtMs = this.nowAtMs();
    return this.trip(() => {
      this.world.append({ ...markOf(lost), n: randomText(this.world) });
      return { kind: "read", entries: this.newestAtPrimary(), sentAtMs };
    });
  }

  /** Trims nothing: a history trims where it wants to. */
  async append(
    entries: readonly NewEntry[],
  ): Promise<{ kind: "appended"; positions: readonly string[] } | Unavailable> {
    return this.trip(() => {
      const positions = entries.map((entry) => this.world.append(entry));
      return { kind: "appended", positions };
    });
  }
}

function decoded(items: readonly StreamItem[]): Entry[] {
  return items.map(({ id, fields }) => decodeEntry(id, fields));
}

function markOf(lost: string): Omit<NewEntry, "n"> {
  return { ...nobodys, mode: "hard", targets: { tags: ["everything"], prefixes: [] }, lost };
}

const nobodys = { id: "", bodyDigest: "", reason: "", by: "test", lost: "" };

export function randomText(world: SimulatedWorld): string {
  return String(world.between(0, 1e9));
}

export function purgeOf(world: SimulatedWorld, tag: string, mode: PurgeMode): NewEntry {
  const targets = { tags: [userTag(tag)], prefixes: [] };
  return { ...nobodys, n: randomText(world), mode, targets };
}
