// Copies of views in the cache of a simulated colo. Copies appear after a delay, may be evicted,
// and come from isolates with different clocks.
import { encodeEntry } from "../../src/purge/journal/entry.ts";
import { JournalView, type JournalViewSettings } from "../../src/purge/view/journal-view.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import type { Requester, PurgeSubject } from "../../src/purge/view/view-port.ts";
import { type KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import type { Parts, SimulatedColo, SimulatedIsolate } from "./simulated-isolate.ts";

const claimMs = 2_000;
/** The number of entries in a copy. Small, so that a copy often lacks the reader's last entry. */
const copiedCount = 3;

/** The content of one colo's cache. */
class ColoCache {
  copy: ViewCopy | undefined;
  claim: { by: SimulatedCopies; atMs: number } | undefined;
}

export class SimulatedCopies {
  protected readonly isolate: SimulatedIsolate;
  readonly #cache: ColoCache;
  readonly #onTaken: () => void;

  constructor(isolate: SimulatedIsolate, cache: ColoCache, onTaken: () => void) {
    this.isolate = isolate;
    this.#cache = cache;
    this.#onTaken = onTaken;
  }

  async #trip(): Promise<void> {
    const { world } = this.isolate;
    await world.sleep(world.between(0, 20));
  }

  async read(): Promise<ViewCopy | undefined> {
    await this.#trip();
    if (this.isolate.world.draw() < 0.05) this.#cache.copy = undefined;
    const { copy } = this.#cache;
    const arrives = copy && this.isolate.trace?.findsCopy();
    await this.#trip();
    arrives?.();
    if (copy !== undefined) this.#onTaken();
    return copy;
  }

  async publish(_: string, view: KnownView): Promise<void> {
    const copy = this.copyOf(view);
    const arrives = this.isolate.trace?.copies(copy);
    await this.#trip();
    arrives?.();
    this.#cache.copy = copy;
  }

  protected copyOf({ entries, sentAtMs, ...ofSwitch }: KnownView): ViewCopy {
    return new ViewCopy(sentAtMs, itemsOf(entries.slice(-copiedCount)), ofSwitch);
  }

  async claim(): Promise<"ours" | "others"> {
    await this.#trip();
    const { claim } = this.#cache;
    const atMs = this.isolate.nowAtMs();
    if (claim?.by !== this && Math.abs(atMs - (claim?.atMs ?? -Infinity)) < claimMs)
      return "others";
    this.#cache.claim = { by: this, atMs };
    return "ours";
  }
}

export function itemsOf(entries: KnownView["entries"]): unknown[] {
  return entries.map((entry) => [entry.position, Object.entries(encodeEntry(entry)).flat()]);
}

/** A journal that gives cold views only the newest entry. Epochs must answer for older stamps. */
class JournalFromNewest extends RedisJournal {
  override async newest() {
    const read = await super.newest();
    return read.kind === "read" ? { ...read, entries: read.entries.slice(-1) } : read;
  }
}

/** Returns a record that is older than all entries. */
const oldestRecord = (): PurgeSubject => ({
  url: "https://www.example.com/oldest",
  route: "",
  tags: [],
  stamp: { position: "1-0", n: "older than all" },
  colo: "",
  requestedAtMs: 0,
  respondedAtMs: 0,
  fillCostMs: 0,
});

/** A view whose requests name a host, and sometimes seek a record older than all entries. */
class ViewInColo extends JournalView {
  readonly #draw: () => number;

  constructor(settings: JournalViewSettings, draw: () => number) {
    super(settings);
    this.#draw = draw;
  }

  override renewIfDue(requester: Requester) {
    if (this.#draw() < 0.3) void this.seek(requester);
    return super.renewIfDue({ ...requester, host: "www.example.com" });
  }

  override seek(requester: Requester, record = oldestRecord()) {
    return super.seek({ ...requester, host: "www.example.com" }, record);
  }

  override async stamp(requester: Requester) {
    return super.stamp({ ...requester, host: "www.example.com" });
  }
}

/** Returns the parts of isolates that share copies within their colo, and often read epochs. */
export function partsWithCopies(given: { Copies?: typeof SimulatedCopies } = {}): {
  parts: Partial<Parts>;
  takenCount: () => number;
} {
  const { Copies = SimulatedCopies } = given;
  const caches = new WeakMap<SimulatedColo, ColoCache>();
  let takenCount = 0;
  const cacheOf = (colo: SimulatedColo) => {
    const cache = caches.get(colo) ?? new ColoCache();
    caches.set(colo, cache);
    return cache;
  };
  const parts: Partial<Parts> = {
    journal: (settings) => new JournalFromNewest(settings),
    view: (settings, isolate) => {
      const copies = new Copies(isolate, cacheOf(isolate.place.colo), () => (takenCount += 1));
      const { draw } = isolate.world;
      return new ViewInColo({ ...settings, copies, random: draw }, draw);
    },
  };
  return { parts, takenCount: () => takenCount };
}
