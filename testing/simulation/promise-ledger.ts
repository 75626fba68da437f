// Keeps account, by the true time, of what was purged and from when on nobody may answer with it.
// What was lost before anybody read it is not owed; what somebody missed is, from then on.
import { decodeEntry, type Entry, type EntryPlace } from "../../src/purge/journal/entry.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { isNamed, pages } from "./simulated-pages.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import type { StreamItem } from "./simulated-stream.ts";

/** A purge or a mark. */
export interface Owed {
  readonly entry: Entry;
  readonly appendedAtMs: number;
  /** From then on the bound runs for everybody: appended, or once lost, its loss noticed. */
  countsFromMs: number;
  lostAtMs: number;
  /** For those who have had it, it holds whatever becomes of the journal. */
  readonly readBy: Set<SimulatedIsolate>;
  /** Those in whose chain it stood when it was lost: they can notice. */
  missedBy: readonly SimulatedIsolate[];
}

/** What an isolate's view was when it was last looked at. */
interface Seen {
  readonly chain: unknown;
  readonly count: number;
  readonly sentAtMs: number;
  readonly version: number;
}

export class PromiseLedger {
  readonly #world: SimulatedWorld;
  readonly #byPlace = new Map<string, Owed>();
  readonly #seen = new Map<SimulatedIsolate, Seen>();

  readonly #onAdded: (owed: Owed) => void;

  constructor(world: SimulatedWorld, onAdded: (owed: Owed) => void) {
    this.#world = world;
    this.#onAdded = onAdded;
    world.onAppended = (id, fields) => {
      const entry = decodeEntry(id, fields);
      if (pages.some((page) => isNamed(entry.targets, page))) this.#add(entry);
    };
  }

  get all(): Iterable<Owed> {
    return this.#byPlace.values();
  }

  /** When what is owed to all falls due, at the N that is given. */
  dueAtMs(owed: Owed, isolate: SimulatedIsolate | undefined, maxLagMs: number): number {
    const { clockErrorMs, replicaLagMs, allowanceMs } = this.#world.settings;
    const isHad = isolate !== undefined && owed.readBy.has(isolate);
    const fromMs = isHad ? owed.appendedAtMs : owed.countsFromMs;
    return fromMs + maxLagMs + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
  }

  #add(entry: Entry): Owed {
    const { atMs } = this.#world;
    const again = this.#byPlace.get(keyOf(entry));
    if (again !== undefined) {
      // That very entry, written again where it stood: it is owed anew.
      again.countsFromMs = atMs;
      again.lostAtMs = Infinity;
      return again;
    }
    const since = { appendedAtMs: atMs, countsFromMs: atMs, lostAtMs: Infinity };
    const owed: Owed = { entry, ...since, readBy: new Set(), missedBy: [] };
    this.#byPlace.set(keyOf(entry), owed);
    this.#onAdded(owed);
    return owed;
  }

  /** A 200 is owed, whether or not the journal has ever heard of it. */
  accepted(entry: Entry, by: SimulatedIsolate): Owed {
    const owed = this.#byPlace.get(keyOf(entry)) ?? this.#add(entry);
    owed.readBy.add(by);
    return owed;
  }

  /**
   * After something happened to the journal, which may have taken entries. What was trimmed before is
   * owed as ever while the journal begins where it began: whoever has not read it knows nothing older.
   */
  afterLoss(isolates: readonly SimulatedIsolate[]): void {
    const { atMs, stream } = this.#world;
    const { items, itemsBefore } = stream;
    const standing = keysOf(items);
    const stoodBefore = keysOf(itemsBefore);
    const isBegunAsBefore = items.length > 0 && items[0] === itemsBefore[0];
    for (const [key, owed] of this.#byPlace) {
      const wasTrimmed = owed.lostAtMs === Infinity && !stoodBefore.has(key);
      if (standing.has(key) || (wasTrimmed && isBegunAsBefore)) continue;
      owed.lostAtMs = atMs;
      owed.countsFromMs = Infinity;
      owed.missedBy = isolates.filter(({ view }) => view.chain?.knows(owed.entry));
    }
  }

  /** How often its view has changed. */
  versionOf(isolate: SimulatedIsolate): number {
    return this.#seen.get(isolate)?.version ?? 0;
  }

  /** What an isolate has read since it was last looked at. @returns whether its view has changed */
  note(isolate: SimulatedIsolate): boolean {
    const { chain, sentAtMs } = isolate.view;
    const count = chain?.entries.length ?? 0;
    const seen = this.#seen.get(isolate);
    if (seen?.chain === chain && seen?.count === count && seen.sentAtMs === sentAtMs) return false;
    const version = (seen?.version ?? 0) + 1;
    this.#seen.set(isolate, { chain, count, sentAtMs, version });
    for (const entry of chain?.entries.slice(seen?.chain === chain ? seen?.count : 0) ?? []) {
      this.#byPlace.get(keyOf(entry))?.readBy.add(isolate);
    }
    for (const owed of this.#byPlace.values()) this.#noticeLossOf(owed, isolate);
    return true;
  }

  /** Somebody who had it has read a journal without it: from then on all have to know. */
  #noticeLossOf(owed: Owed, isolate: SimulatedIsolate): void {
    const { lostAtMs, missedBy } = owed;
    if (lostAtMs === Infinity || !missedBy.includes(isolate)) return;
    const { atMs, settings } = this.#world;
    const isNoticed = isolate.view.sentAtMs - isolate.offsetMs > lostAtMs + settings.replicaLagMs;
    if (isNoticed) owed.countsFromMs = Math.min(owed.countsFromMs, atMs);
  }
}

function keysOf(items: readonly StreamItem[]): Set<string> {
  return new Set(items.map(({ id, fields }) => keyOf(decodeEntry(id, fields))));
}

function keyOf({ position, n }: EntryPlace): string {
  return `${position} ${n}`;
}
