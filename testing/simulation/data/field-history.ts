// Random histories of fields: isolates set, increment and read the fields of one hash, and writers
// change its source and purge it. Invariants: no field answers beside a field that its setter knew
// to be purged. After the bound, no purged field answers. An increment counts at most once. In the
// end, no answer differs from the source.
import { keptCount as usualKeptCount } from "../../../src/purge/journal/journal.ts";
import type { History } from "../history.ts";
import { SimulatedWorld } from "../journal-simulator.ts";
import { SimulatedIsolate, type SimulatedColo, soundParts } from "../simulated-isolate.ts";
import { settledTurn, SimulatedTime } from "../simulated-time.ts";
import {
  colosOf,
  misfortunes,
  misfortuneShare,
  placeOf,
  settingsOf,
} from "../simulated-weather.ts";
import { FieldLedger, newest, noVersions, type PartName, type Versions } from "./field-ledger.ts";
import { SimulatedHashes } from "./simulated-hashes.ts";
import { type Parted, SimulatedStore, soundStoreParts, wayOf } from "./simulated-store.ts";
import type { WriteHistoryOptions } from "./write-history.ts";

/** Runs one history. The same seed gives the same history. */
export async function fieldHistoryOf(
  seed: number,
  options: WriteHistoryOptions = {},
): Promise<History> {
  const { tell, kind = "ordinary" } = options;
  const time = new SimulatedTime(settledTurn);
  const world = new SimulatedWorld(settingsOf(seed, kind), { time, tell });
  world.tell(() => JSON.stringify(world.settings));
  const course = new FieldCourse(world, options);
  await time.keeping(() => course.run());
  return course;
}

const stepCount = 22;
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

class FieldCourse implements History {
  readonly violations: string[] = [];
  judgedCount = 0;
  usableCount = 0;
  readonly #world: SimulatedWorld;
  readonly #options: WriteHistoryOptions;
  readonly #ledger = new FieldLedger();
  readonly #hashes: SimulatedHashes;
  readonly #stores: SimulatedStore[];
  readonly #colos: readonly SimulatedColo[];
  readonly #suffer: () => void;
  readonly #misfortune: number;
  readonly #purged: PurgedVersions[] = [];
  /** For each isolate, the oldest versions that may answer after its own purges. */
  readonly #told = new Map<SimulatedIsolate, Versions>();
  #hasLost = false;
  #isolates = 0;
  #underWay = 0;

  constructor(world: SimulatedWorld, options: WriteHistoryOptions) {
    const { kind = "ordinary" } = options;
    this.#world = world;
    this.#options = options;
    this.#hashes = new SimulatedHashes(world);
    this.#misfortune = misfortuneShare(world, kind) / 2;
    this.#colos = colosOf(world);
    this.#stores = this.#colos.map((colo) => this.#begin(colo));
    this.#suffer = misfortunes(world, kind, {
      isolates: () => this.#stores.map(({ isolate }) => isolate),
      afterLoss: () => {
        this.#hasLost = true;
        this.#hashes.goBackTo(world.atMs - world.any([0, 1_000, 6_000]));
      },
    });
  }

  #begin(colo: SimulatedColo): SimulatedStore {
    const { parts, storeParts, kind } = this.#options;
    this.#isolates += 1;
    const place = placeOf(colo, this.#isolates, kind);
    const isolate = new SimulatedIsolate(this.#world, place, { ...soundParts, ...parts });
    return new SimulatedStore(isolate, { ...soundStoreParts, ...storeParts }, this.#hashes);
  }

  async run(): Promise<void> {
    const world = this.#world;
    for (let step = 0; step < stepCount; step += 1) {
      this.#act();
      void this.#read(world.any(this.#stores));
      await world.time.passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 9_000 : 1_500));
    }
    world.isRedisDown = false;
    for (let turn = 0; this.#underWay > 0 && turn < 600; turn += 1) {
      await world.time.passTo(world.atMs + 1_000);
    }
    if (this.#underWay > 0) this.#breach("a call never ends");
    // Let isolates append lost entries again and renew their views.
    for (let turn = 0; turn < 10; turn += 1) {
      for (const store of this.#stores) void this.#read(store);
      await world.time.passTo(world.atMs + 4_000);
    }
    for (const colo of this.#colos) this.#stores.push(this.#begin(colo));
    for (const store of this.#stores) void this.#readInQuiet(store);
    await world.time.passTo(world.atMs + 12_000);
    for (const stray of this.#hashes.strays) this.#breach(`${stray} has no head, or never expires`);
    for (const { failures } of this.#stores) this.violations.push(...failures);
  }

  #act(): void {
    const world = this.#world;
    if (world.draw() < this.#misfortune) return this.#suffer();
    const store = world.any(this.#stores);
    const drawn = world.draw();
    if (drawn < 0.35) {
      void this.#set(store);
      // At about the same time, another store may change the source, set or increment.
      const other = world.any(this.#stores);
      const also = world.draw();
      if (also < 0.3) void this.#change(other);
      else if (also < 0.55) void this.#set(other);
      else if (also < 0.65) void this.#raise(other);
    } else if (drawn < 0.55) void this.#raise(store);
    else if (drawn < 0.7) void this.#read(store);
    else if (drawn < 0.95) void this.#change(store);
    else if (this.#stores.length < 6) this.#stores.push(this.#begin(world.any(this.#colos)));
  }

  async #set({ isolate, parted }: SimulatedStore): Promise<void> {
    const world = this.#world;
    const names = world.any(choices);
    const known = this.#knownTo(isolate);
    this.#underWay += 1;
    const isKept = await parted.fields(key).set(async () => {
      await world.sleep(wayOf(world));
      const parts = this.#ledger.read(names, known);
      world.tell(() => `${isolate.name} has read ${JSON.stringify(parts)} of the source`);
      await world.sleep(wayOf(world));
      return parts;
    });
    world.tell(() => `${isolate.name} has set ${names.join(" ")}: ${isKept}`);
    this.#underWay -= 1;
  }

  async #raise({ isolate, parted }: SimulatedStore): Promise<void> {
    const by = this.#ledger.beginIncrement();
    if (by === undefined) return;
    const least = this.#leastFor(isolate);
    this.#underWay += 1;
    const views = await parted.fields(key).increment("views", by);
    this.#world.tell(() => `${isolate.name} raises views by ${by}: ${views}`);
    this.#underWay -= 1;
    if (views !== undefined) this.#judged(isolate, { views }, least);
  }

  /** Changes the source without the cache, and then purges the hash in one of several ways. */
  async #change({ isolate, parted }: SimulatedStore): Promise<void> {
    const world = this.#world;
    this.#underWay += 1;
    await world.sleep(wayOf(world));
    const names = world.any(choices);
    this.#ledger.change(names);
    world.tell(() => `the source has another ${names.join(" ")}`);
    await world.sleep(wayOf(world));
    const accept = world.any<() => Promise<{ readonly position: string } | undefined>>([
      () => parted.delete(key),
      () => parted.expire(key),
      () => parted.clear(),
      () => this.#purgeTag(isolate),
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
    this.#underWay -= 1;
  }

  #purgeTag(isolate: SimulatedIsolate) {
    const order = isolate.orderOf("usual", "hard");
    return isolate.accept({ ...order, id: "", targets: { tags: ["tag:red"], prefixes: [] } });
  }

  #noted(isolate: SimulatedIsolate, position: string, versions: Versions): void {
    const entry = isolate.view.entries.findLast((each) => each.position === position);
    this.#purged.push({ n: entry?.n ?? "", versions, acceptedAtMs: this.#world.atMs });
    this.#told.set(isolate, newest(versions, this.#told.get(isolate) ?? noVersions));
  }

  /** Returns the oldest versions that may answer, by the isolate's view and its own purges. */
  #knownTo(isolate: SimulatedIsolate): Versions {
    const known = new Set(isolate.view.entries.map(({ n }) => n));
    const told = this.#told.get(isolate) ?? noVersions;
    return this.#purged
      .filter(({ n }) => known.has(n))
      .reduce((sum, { versions }) => newest(sum, versions), told);
  }

  /** Returns the oldest versions that may answer: by what the isolate knows, and by the bound. */
  #leastFor(isolate: SimulatedIsolate): Versions {
    const { settings, atMs } = this.#world;
    const { maxLagMs, clockErrorMs, replicaLagMs, allowanceMs } = settings;
    const windowMs = maxLagMs.usual + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    // If the journal keeps few entries, a view may drop a purge within N.
    const known = settings.keptCount < usualKeptCount ? noVersions : this.#knownTo(isolate);
    if (this.#hasLost) return known;
    return this.#purged
      .filter(({ acceptedAtMs }) => acceptedAtMs < atMs - windowMs)
      .reduce((sum, { versions }) => newest(sum, versions), known);
  }

  async #read({ isolate, parted }: SimulatedStore): Promise<void> {
    const least = this.#leastFor(isolate);
    this.judgedCount += 1;
    const names = this.#world.any(choices);
    const fields = parted.fields(key);
    const answer = await (names.length === 3 ? fields.all() : fields.get(names));
    if (answer !== undefined) this.#judged(isolate, answer, least);
  }

  #judged({ name }: SimulatedIsolate, answer: Partial<Parted>, least: Versions): void {
    this.usableCount += 1;
    this.#world.tell(() => `${name} is given ${JSON.stringify(answer)}`);
    const [fault] = this.#ledger.faultsOf(answer, least);
    if (fault !== undefined) this.#breach(`${name} is given ${JSON.stringify(answer)}: ${fault}`);
  }

  async #readInQuiet({ isolate, parted }: SimulatedStore): Promise<void> {
    const answer = await parted.fields(key).all();
    if (answer === undefined || this.#ledger.isOfNow(answer)) return;
    const [given, held] = [answer, this.#ledger.source].map((each) => JSON.stringify(each));
    this.#breach(`at the end ${isolate.name} is given ${given} instead of ${held}`);
  }

  #breach(text: string): void {
    this.#world.tell(() => `VIOLATION: ${text}`);
    this.violations.push(text);
  }
}
