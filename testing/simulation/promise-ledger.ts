// Records purges with their deadlines, by the true time. After its deadline, no response that the
// purge covers may answer. A purge that was lost before any isolate read it has no deadline. If an
// isolate detects the loss, the bound begins at that time. If the proof that the entry existed was
// dropped for room, no isolate detects the loss.
import { decodeEntry, type Entry, type EntryId } from "../../src/purge/journal/entry.ts";
import type { Chain } from "../../src/purge/view/chain.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { isNamed, pages } from "./simulated-pages.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import type { StreamItem } from "./simulated-stream.ts";
import { nOf, numberIn } from "../fakes/journal-scripts-model.ts";

/** A purge or a mark. */
export interface Owed {
  readonly entry: Entry;
  readonly appendedAtMs: number;
  /** When the bound begins for all isolates: at the append, or when its loss is detected. */
  countsFromMs: number;
  /** Infinity while the entry is not lost. */
  lostAtMs: number;
  /** The isolates that have read or accepted the entry. Its loss does not change their deadline. */
  readonly readBy: Set<SimulatedIsolate>;
  /** The isolates whose chain contained the entry when it was lost. They can detect the loss. */
  missedBy: readonly SimulatedIsolate[];
}

/** The last known state of an isolate's view. */
interface Seen {
  readonly chain: Chain | undefined;
  readonly end: EntryId | undefined;
  readonly count: number;
  readonly sentAtMs: number;
  readonly version: number;
}

export class PromiseLedger {
  readonly #world: SimulatedWorld;
  readonly #byPlace = new Map<string, Owed>();
  readonly #seen = new Map<SimulatedIsolate, Seen>();

  readonly #onAdded: (owed: Owed) => void;
  /** The number of losses before each entry. */
  readonly #harmsBefore = new Map<string, number>();
  /** The marks that name an entry although the database had lost nothing since. */
  readonly falseMarks: string[] = [];

  constructor(world: SimulatedWorld, onAdded: (owed: Owed) => void) {
    this.#world = world;
    this.#onAdded = onAdded;
    world.onAppended = (id, fields) => {
      const entry = decodeEntry(id, fields);
      const { harmedCount } = world.stream;
      if (this.#harmsBefore.get(entry.lost) === harmedCount)
        this.falseMarks.push(`a mark names ${entry.lost}, but nothing was lost`);
      this.#harmsBefore.set(keyOf(entry), harmedCount);
      if (pages.some((page) => isNamed(entry.targets, page))) this.#add(entry);
    };
  }

  get all(): Iterable<Owed> {
    return this.#byPlace.values();
  }

  /**
   * Returns the deadline of a purge for one isolate.
   *
   * @param isolate `undefined` for any isolate that has not read the entry
   * @param maxLagMs N of the page
   */
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
      // A lost entry was appended again with its old ID and `n`, so the bound begins again.
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

  /** Records an accepted purge. Its deadline applies even if the journal never received it. */
  accepted(entry: Entry, by: SimulatedIsolate): Owed {
    const owed = this.#byPlace.get(keyOf(entry)) ?? this.#add(entry);
    owed.readBy.add(by);
    return owed;
  }

  /**
   * Records a change of the journal that may have removed entries. Entries that were trimmed
   * earlier are not lost if the journal still begins with the same entry. An isolate that never
   * read them knows no stamp before them.
   */
  afterLoss(isolates: readonly SimulatedIsolate[]): void {
    const { atMs, stream } = this.#world;
    const { items, before } = stream;
    const itemsBefore = before.items;
    const standing = keysOf(items);
    const stoodBefore = keysOf(itemsBefore);
    const isBegunAsBefore = items.length > 0 && items[0] === itemsBefore[0];
    for (const [key, owed] of this.#byPlace) {
      const wasTrimmed = owed.lostAtMs === Infinity && !stoodBefore.has(key);
      if (standing.has(key) || (wasTrimmed && isBegunAsBefore)) continue;
      owed.lostAtMs = atMs;
      owed.countsFromMs = Infinity;
      owed.missedBy = isolates.filter(({ view }) => view.tail.chain?.knows(owed.entry));
    }
  }

  /** Returns the number of changes of the isolate's view. */
  versionOf(isolate: SimulatedIsolate): number {
    return this.#seen.get(isolate)?.version ?? 0;
  }

  /**
   * Records the entries that an isolate has read since the last call.
   *
   * @returns whether its view has changed
   */
  note(isolate: SimulatedIsolate): boolean {
    const { chain, sentAtMs } = isolate.view.tail;
    const count = chain?.entries.length ?? 0;
    const seen = this.#seen.get(isolate);
    if (seen?.chain === chain && seen?.count === count && seen.sentAtMs === sentAtMs) return false;
    const version = (seen?.version ?? 0) + 1;
    this.#seen.set(isolate, { chain, end: chain?.end, count, sentAtMs, version });
    if (seen?.end !== undefined && seen.chain !== chain) this.#beginAgain(isolate, seen.end);
    for (const entry of chain?.entries.slice(seen?.chain === chain ? seen?.count : 0) ?? []) {
      this.#byPlace.get(keyOf(entry))?.readBy.add(isolate);
    }
    for (const owed of this.#byPlace.values()) this.#noticeLossOf(owed, isolate);
    return true;
  }

  /**
   * Records that an isolate has begun a new chain. If the proof of the former end was dropped for
   * room, the isolate does not notice whether that entry was lost.
   */
  #beginAgain(isolate: SimulatedIsolate, { position, n }: EntryId): void {
    const { lined, unprovenBelow } = this.#world.stream.lineages;
    const isDropped =
      lined.length > 0 &&
      numberIn(n) >= unprovenBelow &&
      numberIn(n) < numberIn(nOf(lined[0]?.fields));
    const isMarked = isolate.view.tail.chain?.entries.some(
      ({ lost }) => lost === `${position} ${n}`,
    );
    if (!isDropped || isMarked === true) return;
    for (const owed of this.#byPlace.values())
      owed.missedBy = owed.missedBy.filter((each) => each !== isolate);
  }

  /**
   * Records that an isolate which knew the entry has read a journal without it. The bound for all
   * isolates then begins.
   */
  #noticeLossOf(owed: Owed, isolate: SimulatedIsolate): void {
    const { lostAtMs, missedBy } = owed;
    if (lostAtMs === Infinity || !missedBy.includes(isolate)) return;
    const { atMs, settings } = this.#world;
    const isNoticed =
      isolate.view.tail.sentAtMs - isolate.offsetMs > lostAtMs + settings.replicaLagMs;
    if (isNoticed) owed.countsFromMs = Math.min(owed.countsFromMs, atMs);
  }
}

function keysOf(items: readonly StreamItem[]): Set<string> {
  return new Set(items.map(({ id, fields }) => keyOf(decodeEntry(id, fields))));
}

function keyOf({ position, n }: EntryId): string {
  return `${position} ${n}`;
}
