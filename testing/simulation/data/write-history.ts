// Random histories of an application's data: isolates write through, load, read and purge, and
// other writers use the cache only for purges. Invariants: after a write has succeeded or failed,
// its isolate returns no older value. In the end, no tier returns a value that the database no
// longer has.
import { LoadFailed } from "../../../src/data/value/load-context.ts";
import { type History, worldWithTiers } from "../course.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedIsolate } from "../simulated-isolate.ts";
import { SimulatedRows, type SimulatedStore, wayOf } from "./simulated-store.ts";
import { type SetKey, setKeys, SetTurns } from "./set-turns.ts";
import { StoreCourse, type StoreHistoryOptions } from "./store-course.ts";
import { WriteLedger } from "./write-ledger.ts";

interface WriteHistoryOptions extends StoreHistoryOptions {
  /** The share of events about a key whose values are set everywhere, 0 to 1. Default: 0. */
  readonly setShare?: number;
}

/** Runs one history. The same seed gives the same history. */
export function writeHistoryOf(
  seed: number,
  options: WriteHistoryOptions = {},
): Promise<History & { readonly keptCount: number }> {
  return new WriteCourse(worldWithTiers(seed, options), options).played();
}

const keys = ["a", "b"] as const;
type Key = (typeof keys)[number] | SetKey;

class WriteCourse extends StoreCourse {
  /** The number of reads that had to find a value that was set. */
  keptCount = 0;
  readonly #setShare: number | undefined;
  readonly #database = new SimulatedRows();
  readonly #suffer: () => void;
  readonly #ledger: WriteLedger;
  readonly #sets: ReadonlyMap<SetKey, SetTurns>;
  #values = 0;

  constructor(world: SimulatedWorld, options: WriteHistoryOptions) {
    super(world, options);
    this.#setShare = options.setShare;
    this.#ledger = new WriteLedger(world, this.#database);
    const [database, ledger] = [this.#database, this.#ledger];
    const turnsOf = (key: SetKey) => new SetTurns(world, { database, ledger, key });
    this.#sets = new Map(setKeys.map((key) => [key, turnsOf(key)]));
    this.#suffer = this.misfortunes(
      () => this.stores.map(({ isolate }) => isolate),
      () => this.#ledger.afterLoss(),
    );
  }

  protected readOnce(store: SimulatedStore, when: "beside" | "after"): Promise<void> {
    return this.#read(store, when === "beside" ? "a" : this.world.any(keys));
  }

  protected readInQuiet(store: SimulatedStore): Promise<unknown> {
    const all: readonly Key[] = this.#setShare === undefined ? keys : [...keys, ...setKeys];
    return Promise.all(all.map((key) => this.#readAtEnd(store, key)));
  }

  protected act(): void {
    const { world } = this;
    if (world.draw() < this.misfortune) return this.#suffer();
    const setShare = this.#setShare ?? 0;
    if (setShare > 0 && world.draw() < setShare) return this.#actOnSetKey();
    const store = world.any(this.stores);
    const key = world.draw() < 0.8 ? "a" : "b";
    const drawn = world.draw();
    if (drawn < 0.35) {
      void this.#write(store, key);
      if (world.draw() < 0.4) void this.#writeAside(world.any(this.stores), key);
    } else if (drawn < 0.58) void this.#load(store, key);
    else if (drawn < 0.68) void this.#read(store, key);
    else if (drawn < 0.95) void this.#writeAside(store, key);
    else if (this.stores.length < 6) this.open(world.any(this.colos));
  }

  #actOnSetKey(): void {
    const world = this.world;
    const [one, other] = [world.any(this.stores), world.any(this.stores)];
    const key = world.any(setKeys);
    const drawn = world.draw();
    if (drawn < 0.45) void this.#setInTurn(one, key);
    if (drawn < 0.7) void this.#load(other, key);
    else void this.#read(other, key, drawn < 0.85 ? "touch" : "get");
  }

  async #setInTurn(store: SimulatedStore, key: SetKey): Promise<void> {
    this.underWay += 1;
    await this.#sets.get(key)?.next(store);
    this.underWay -= 1;
  }

  async #write(store: SimulatedStore, key: Key): Promise<void> {
    const { isolate, rows } = store;
    const world = this.world;
    const value = `w${(this.#values += 1)}`;
    this.underWay += 1;
    const before = this.#database.row(key).nth;
    const { appendedCount } = world.stream;
    world.tell(() => `${isolate.name} writes ${key} = ${value}`);
    const told = await rows
      .write(key, value, () => this.#database.receive(world, key, value))
      .then((tiers) => tiers.join(" ") || "stored nowhere")
      .catch((cause: unknown) => String(cause));
    world.tell(() => `${isolate.name} has written ${key} = ${value}: ${told}`);
    const isRefused = told.startsWith("Error") || told.startsWith("OperatorError");
    if (!isRefused) this.#ledger.purged(key, value);
    const nth = Math.max(before, this.#database.nthOf(value));
    this.#ledger.endOlder(isolate, key, { nth, appendedCount });
    if (isRefused && world.draw() < 0.5) void this.#loadAroundPurge(store, key);
    this.underWay -= 1;
  }

  /** After a refused purge, loads the key, purges it during the load, and loads it again. */
  async #loadAroundPurge(store: SimulatedStore, key: Key): Promise<void> {
    const { world } = store.isolate;
    this.underWay += 1;
    void this.#load(store, key);
    await Promise.all([
      this.#writeAside(store, key),
      world.sleep(wayOf(world)).then(() => this.#load(store, key)),
    ]);
    await this.#load(store, key);
    this.underWay -= 1;
  }

  /** Writes to the database without the cache, and then purges the key in one of several ways. */
  async #writeAside({ isolate, rows }: SimulatedStore, key: Key): Promise<void> {
    const world = this.world;
    const value = `s${(this.#values += 1)}`;
    this.underWay += 1;
    await this.#database.receive(world, key, value).catch(() => undefined);
    const { accept, isHard } = world.any<{ accept: () => Promise<unknown>; isHard: boolean }>([
      { accept: () => rows.delete(key), isHard: true },
      { accept: () => rows.expire(key), isHard: false },
      { accept: () => rows.clear(), isHard: true },
      { accept: () => this.purgeTag(isolate), isHard: true },
    ]);
    for (let tries = 0; tries < 40; tries += 1) {
      const { appendedCount } = world.stream;
      const isAccepted = await accept().then(
        (purged) => purged !== undefined,
        () => false,
      );
      world.tell(() => `${isolate.name} purges ${key}, now ${value}: ${isAccepted}`);
      if (isAccepted) {
        this.#ledger.purged(key, value);
        const nth = this.#database.nthOf(value);
        if (isHard) this.#ledger.endOlder(isolate, key, { nth, appendedCount });
        break;
      }
      await world.sleep(1_000);
    }
    this.underWay -= 1;
  }

  async #load(store: SimulatedStore, key: Key): Promise<void> {
    const { isolate } = store;
    const rows = store.rowsOf(key);
    const world = this.world;
    this.underWay += 1;
    const least = this.#ledger.begin(isolate, key);
    world.tell(() => `${isolate.name} asks for ${key}`);
    const load = async () => {
      await world.sleep(wayOf(world));
      const { value } = this.#database.row(key);
      world.tell(() => `  ${isolate.name} loads ${key} = ${value}`);
      await world.sleep(wayOf(world));
      return value;
    };
    const given = await rows.getOrSet(key, load).then(
      (value) => ({ value }),
      (cause: unknown) => {
        if (!(cause instanceof LoadFailed)) throw cause;
        return cause;
      },
    );
    const told = given instanceof LoadFailed ? String(given) : given.value;
    world.tell(() => `${isolate.name} is given ${key} = ${told}`);
    if (!(given instanceof LoadFailed)) this.#check(isolate, key, { value: given.value, least });
    this.underWay -= 1;
  }

  /** Reads, and checks that a stored value is not older than allowed. */
  async #read(store: SimulatedStore, key: Key, call: "get" | "touch" = "get"): Promise<void> {
    const { isolate } = store;
    const rows = store.rowsOf(key);
    const least = this.#ledger.begin(isolate, key);
    this.judgedCount += 1;
    const value = await rows[call](key);
    if (value === undefined || value === null) return;
    this.usableCount += 1;
    this.world.tell(() => `${isolate.name} reads ${key} = ${value} (${call})`);
    this.#check(isolate, key, { value, least });
  }

  #check(
    { name }: SimulatedIsolate,
    key: Key,
    { value, least }: { readonly value: string | null; readonly least: () => number },
  ): void {
    const nth = this.#database.nthOf(value ?? "");
    if (nth < least()) this.breach(`${name} returns ${key} = ${value} after a later write`);
  }

  async #readAtEnd(store: SimulatedStore, key: Key): Promise<void> {
    const { isolate } = store;
    if (this.#sets.get(key as SetKey)?.hasGivenUp === true) return;
    const kept = this.#sets.get(key as SetKey)?.keptIn(this.kind);
    let value = await store.rowsOf(key).get(key);
    // A read whose reply is lost finds no value, so read a value that must be there again.
    for (let left = kept === undefined ? 0 : 20; value === undefined && left > 0; left -= 1) {
      await this.world.sleep(500);
      value = await store.rowsOf(key).get(key);
    }
    const held = this.#database.row(key).value;
    if (kept !== undefined) this.keptCount += 1;
    if (value === held || (value === undefined && kept === undefined)) return;
    this.breach(`at the end ${isolate.name} returns ${key} = ${value} instead of ${held}`);
  }
}
