// Random histories of fields: isolates set, increment and read the fields of one hash, and writers
// change its source and purge it. Invariants: no field answers beside a field that its setter knew
// to be purged. After the bound, no purged field answers. An increment counts at most once. In the
// end, no answer differs from the source.
import { keptCount as usualKeptCount } from "../../../src/purge/journal/journal.ts";
import { type History, worldWithTiers } from "../course.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedIsolate } from "../simulated-isolate.ts";
import { FieldLedger, newest, noVersions, type PartName, type Versions } from "./field-ledger.ts";
import { SimulatedHashes } from "./simulated-hashes.ts";
import { type Parted, type SimulatedStore, wayOf } from "./simulated-store.ts";
import { StoreCourse, type StoreHistoryOptions } from "./store-course.ts";

/** Runs one history. The same seed gives the same history. */
export function fieldHistoryOf(seed: number, options: StoreHistoryOptions = {}): Promise<History> {
  return new FieldCourse(worldWithTiers(seed, options), options).played();
}

const key = "a";
const choices: readonly (readonly PartName[])[] = [
  ["title"],
  ["text"],
  ["views"],
  ["title", "views"],
  ["title", "text", "views"],
];

/** The versions of the source when a purge was sent. Older versions must not answer. */
interface PurgedVersions {
  readonly n: string;
  readonly versions: Versions;
  readonly acceptedAtMs: number;
}

class FieldCourse extends StoreCourse {
  readonly #ledger = new FieldLedger();
  readonly #hashes: SimulatedHashes;
  readonly #suffer: () => void;
  readonly #purged: PurgedVersions[] = [];
  /** For each isolate, the oldest versions that may answer after its own purges. */
  readonly #told = new Map<SimulatedIsolate, Versions>();
  #hasLost = false;

  constructor(
    world: SimulatedWorld,
    options: StoreHistoryOptions,
    hashes = new SimulatedHashes(world),
  ) {
    super(world, options, hashes);
    this.#hashes = hashes;
    this.#suffer = this.misfortunes(
      () => this.stores.map(({ isolate }) => isolate),
      () => {
        this.#hasLost = true;
        this.#hashes.goBackTo(world.atMs - world.any([0, 1_000, 6_000]));
      },
    );
  }

  protected override async run(): Promise<void> {
    await super.run();
    for (const stray of this.#hashes.strays) this.breach(`${stray} has no head, or never expires`);
  }

  protected act(): void {
    const { world } = this;
    if (world.draw() < this.misfortune) return this.#suffer();
    const store = world.any(this.stores);
    const drawn = world.draw();
    if (drawn < 0.35) {
      void this.#set(store);
      // At about the same time, another store may change the source, set or increment.
      const other = world.any(this.stores);
      const also = world.draw();
      if (also < 0.3) void this.#change(other);
      else if (also < 0.55) void this.#set(other);
      else if (also < 0.65) void this.#raise(other);
    } else if (drawn < 0.55) void this.#raise(store);
    else if (drawn < 0.7) void this.readOnce(store);
    else if (drawn < 0.95) void this.#change(store);
    else if (this.stores.length < 6) this.open(world.any(this.colos));
  }

  async #set({ isolate, parted }: SimulatedStore): Promise<void> {
    const world = this.world;
    const names = world.any(choices);
    const known = this.#knownTo(isolate);
    this.underWay += 1;
    const isKept = await parted.fields(key).set(async () => {
      await world.sleep(wayOf(world));
      const parts = this.#ledger.read(names, known);
      world.tell(() => `${isolate.name} has read ${JSON.stringify(parts)} of the source`);
      await world.sleep(wayOf(world));
      return parts;
    });
    world.tell(() => `${isolate.name} has set ${names.join(" ")}: ${isKept}`);
    this.underWay -= 1;
  }

  async #raise({ isolate, parted }: SimulatedStore): Promise<void> {
    const by = this.#ledger.beginIncrement();
    if (by === undefined) return;
    const least = this.#leastFor(isolate);
    this.underWay += 1;
    const views = await parted.fields(key).increment("views", by);
    this.world.tell(() => `${isolate.name} raises views by ${by}: ${views}`);
    this.underWay -= 1;
    if (views !== undefined) this.#judged(isolate, { views }, least);
  }

  /** Changes the source without the cache, and then purges the hash in one of several ways. */
  async #change({ isolate, parted }: SimulatedStore): Promise<void> {
    const world = this.world;
    this.underWay += 1;
    await world.sleep(wayOf(world));
    const names = world.any(choices);
    this.#ledger.change(names);
    world.tell(() => `the source has another ${names.join(" ")}`);
    await world.sleep(wayOf(world));
    const accept = world.any<() => Promise<{ readonly position: string } | undefined>>([
      () => parted.delete(key),
      () => parted.expire(key),
      () => parted.clear(),
      () => this.purgeTag(isolate),
    ]);
    for (let tries = 0; tries < 40; tries += 1) {
      const versions = this.#ledger.source;
      const purged = await accept().catch(() => undefined);
      world.tell(() => `${isolate.name} purges: ${purged?.position ?? "refused"}`);
      if (purged !== undefined) {
        this.#noted(isolate, purged.position, versions);
        break;
      }
      await world.sleep(1_000);
    }
    this.underWay -= 1;
  }

  #noted(isolate: SimulatedIsolate, position: string, versions: Versions): void {
    const entry = isolate.view.tail.entries.findLast((each) => each.position === position);
    this.#purged.push({ n: entry?.n ?? "", versions, acceptedAtMs: this.world.atMs });
    this.#told.set(isolate, newest(versions, this.#told.get(isolate) ?? noVersions));
  }

  /** Returns the oldest versions that may answer, by the isolate's view and its own purges. */
  #knownTo(isolate: SimulatedIsolate): Versions {
    const known = new Set(isolate.view.tail.entries.map(({ n }) => n));
    const told = this.#told.get(isolate) ?? noVersions;
    return this.#purged
      .filter(({ n }) => known.has(n))
      .reduce((sum, { versions }) => newest(sum, versions), told);
  }

  /**
   * Returns the oldest versions that may answer a request of now: by what the isolate knows, and by the
   * bound. A loss of the journal during the request ends the bound.
   */
  #leastFor(isolate: SimulatedIsolate): () => Versions {
    const { settings, atMs } = this.world;
    const { maxLagMs, clockErrorMs, replicaLagMs, allowanceMs } = settings;
    const windowMs = maxLagMs.usual + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    // If the journal keeps few entries, a view may drop a purge within N.
    const known = settings.keptCount < usualKeptCount ? noVersions : this.#knownTo(isolate);
    const due = this.#purged
      .filter(({ acceptedAtMs }) => acceptedAtMs < atMs - windowMs)
      .reduce((sum, { versions }) => newest(sum, versions), known);
    return () => (this.#hasLost ? known : due);
  }

  protected async readOnce({ isolate, parted }: SimulatedStore): Promise<void> {
    const least = this.#leastFor(isolate);
    this.judgedCount += 1;
    const names = this.world.any(choices);
    const fields = parted.fields(key);
    const answer = await (names.length === 3 ? fields.all() : fields.get(names));
    if (answer !== undefined) this.#judged(isolate, answer, least);
  }

  #judged({ name }: SimulatedIsolate, answer: Partial<Parted>, least: () => Versions): void {
    this.usableCount += 1;
    this.world.tell(() => `${name} is given ${JSON.stringify(answer)}`);
    const [fault] = this.#ledger.faultsOf(answer, least());
    if (fault !== undefined) this.breach(`${name} is given ${JSON.stringify(answer)}: ${fault}`);
  }

  protected async readInQuiet({ isolate, parted }: SimulatedStore): Promise<void> {
    const answer = await parted.fields(key).all();
    if (answer === undefined || this.#ledger.isOfNow(answer)) return;
    const [given, held] = [answer, this.#ledger.source].map((each) => JSON.stringify(each));
    this.breach(`at the end ${isolate.name} is given ${given} instead of ${held}`);
  }
}
