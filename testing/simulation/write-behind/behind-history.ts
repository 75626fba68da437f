// One history of write-behind. Isolates gather, flushers flush and readers read, by the code of
// src/. Their messages may overtake each other. The same seed gives the same history.
import { flush } from "../../../src/write-behind/flush.ts";
import { readExactly } from "../../../src/write-behind/change-set.ts";
import { usualTimes } from "../../../src/write-behind/slice-times.ts";
import { settledPromises, settledTurn } from "../simulated-time.ts";
import type { BehindFaults, BehindPorts } from "./behind-faults.ts";
import { bufferSubject, counterSubject, type Subject } from "./behind-subject.ts";
import { type BehindKind, behindKinds, calm, type Climate, climates } from "./behind-weather.ts";
import { GatheringIsolate } from "./gathering-isolate.ts";
import { PartiesWorld, type Party } from "./parties-world.ts";
import { SimulatedDatabase } from "./simulated-database.ts";
import { SimulatedSlices } from "./simulated-slices.ts";

export interface BehindHistory {
  readonly seed: number;
  /** Default: selected by the seed. */
  readonly kind?: BehindKind | undefined;
  /** The kind of set. Default: selected by the seed. */
  readonly of?: "counter" | "buffer" | undefined;
  readonly faults?: BehindFaults | undefined;
  readonly tell?: ((line: string) => void) | undefined;
}

/** The result of a history. */
interface BehindOutcome {
  /** The first violation; `undefined` if there is none. */
  readonly violation: string | undefined;
  readonly reads: number;
  readonly slices: number;
  readonly accepted: number;
}

const stepsMax = 160;
/** Sorted by UTF-8 bytes. In UTF-16, the last two have the opposite order. */
const allKeys = ["", "a", "b\uFF5E", "b\u{1F600}"] as const;

interface Actor {
  readonly party: Party;
  isBusy: boolean;
}

class History<Change extends { readonly key: string }, Value> {
  readonly world: PartiesWorld;
  violation: string | undefined;
  reads = 0;
  slices = 0;
  readonly #subject: Subject<Change, Value>;
  readonly #climate: Climate;
  readonly #faults: BehindFaults;
  readonly #store: SimulatedSlices<Change, Value>;
  readonly #database: SimulatedDatabase<Change, Value>;
  readonly #isolates: GatheringIsolate<Change, Value>[] = [];
  readonly #flushers: Actor[] = [];
  readonly #readers: Actor[] = [];
  readonly #isSentOnce: boolean;
  readonly #keys: readonly string[];
  #partyCount = 0;

  constructor(subject: Subject<Change, Value>, of: BehindHistory) {
    const { seed, faults = {}, tell } = of;
    const kind = of.kind ?? behindKinds[Math.floor(seed / 3) % behindKinds.length] ?? "steady";
    const climate = climates[kind];
    const world = new PartiesWorld(seed, climate.weather, tell);
    this.#isSentOnce = world.isLucky(0.5);
    if (this.#isSentOnce) world.weather = { ...climate.weather, twice: 0 };
    world.serverBehindMs = world.between(0, climate.serverBehindMsMax);
    this.world = world;
    // Fewer keys make it likelier that a key has changes in several slices.
    this.#keys = world.any([allKeys, allKeys.slice(2), allKeys.slice(2)]);
    this.#subject = subject;
    this.#climate = climate;
    this.#faults = faults;
    this.#database = new SimulatedDatabase({ world, kind: subject.kind, faults });
    const isKept = (slice: number, key: string) => this.#database.hasApplied(slice, key);
    const backlogMax = world.any([1_000, 1_000, 12]);
    const { ledger } = subject;
    const limits = { backlogMax, chunkKeysMax: 2 };
    const settings = { world, kind: subject.kind, ledger, isKept, faults, ...limits };
    this.#store = new SimulatedSlices(settings);
    for (let at = world.between(2, 3); at > 0; at -= 1) this.#isolates.push(this.#isolate());
    for (let at = world.between(1, 3); at > 0; at -= 1) this.#flushers.push(this.#actor("flusher"));
    for (let at = world.between(1, 2); at > 0; at -= 1) this.#readers.push(this.#actor("reader"));
  }

  get accepted(): number {
    return this.#subject.ledger.now;
  }

  #party(name: string, endsSilently = 0): Party {
    const aheadMs = this.world.any(this.#climate.aheadMs);
    this.#partyCount += 1;
    return { name: `${name} ${this.#partyCount}`, aheadMs, endsSilently, isAlive: true };
  }

  #actor(name: string): Actor {
    return { party: this.#party(name), isBusy: false };
  }

  #ports(party: Party): BehindPorts<Change, Value> {
    const ports = { store: this.#store.portOf(party), sink: this.#database.portOf(party) };
    return this.#faults.ports?.(ports, this.world) ?? ports;
  }

  #isolate(): GatheringIsolate<Change, Value> {
    const { world } = this;
    const party = this.#party("isolate", 0.2);
    const cutOff = world.weather.lost / 2;
    const { store } = this.#ports(party);
    return new GatheringIsolate({ world, subject: this.#subject, party, store, cutOff });
  }

  /**
   * Draws what happens next: a change, a flush, a read, a pause, or the progress of a message.
   * Before that, a party may be killed, and the store may fail over.
   */
  async step(): Promise<void> {
    const { world } = this;
    const drawn = world.draw();
    if (world.isLucky(this.#climate.kill)) this.#kill();
    if (world.isLucky(this.#climate.failOver)) this.#failOver();
    if (this.#climate.setClocks > 0 && world.isLucky(this.#climate.setClocks)) this.#setClocks();
    if (drawn < 0.2) this.#change();
    else if (drawn < 0.27) this.#begin(this.#flushers, (actor) => this.#flush(actor));
    else if (drawn < 0.33) this.#begin(this.#readers, (actor) => this.#read(actor));
    else if (drawn < 0.48) await world.time.passTo(world.atMs + this.#anyMs());
    else return world.step();
    await settledPromises();
  }

  #anyMs(): number {
    const { world } = this;
    return world.between(0, world.any(this.#climate.quietMs));
  }

  #change(): void {
    const { world } = this;
    const isRemoval = world.isLucky(0.06);
    const isDurable = world.isLucky(0.4);
    const living = this.#isolates.filter(({ party }) => party.isAlive);
    world.any(living).change(world.any(this.#keys), { isRemoval, isDurable });
  }

  #begin(actors: readonly Actor[], act: (actor: Actor) => Promise<void>): void {
    const actor = this.world.any(actors);
    if (actor.isBusy) return;
    actor.isBusy = true;
    void act(actor).finally(() => (actor.isBusy = false));
  }

  async #flush({ party }: Actor): Promise<void> {
    const budget = { left: this.world.any([1, 2, 4, 15]) };
    const { end, sliceCount } = await flush({ set: "set", ...this.#ports(party) }, budget);
    this.world.tell(() => `${party.name}: ${end.kind}, ${sliceCount} slices`);
    this.slices += sliceCount;
  }

  async #read({ party }: Actor): Promise<void> {
    const { ledger, kind } = this.#subject;
    const from = ledger.now;
    try {
      const read = await readExactly({ set: "set", kind, ...this.#ports(party) }, this.#keys);
      if (read.kind === "unavailable") return;
      const { value } = read;
      this.reads += 1;
      this.world.tell(() => `${party.name} reads ${JSON.stringify([...value])}`);
      const span = { from, to: ledger.now };
      this.violation ??= this.#violationIn(value, span, `${party.name} reads: `);
    } catch {
      // The database did not reply.
    }
  }

  #violationIn(
    values: ReadonlyMap<string, Value>,
    { from, to }: { from: number; to: number },
    what: string,
  ): string | undefined {
    for (const key of this.#keys) {
      const violation = this.#subject.ledger.violationOf(key, values.get(key), from, to);
      if (violation !== undefined) return what + violation;
    }
    return undefined;
  }

  /** Kills a party, and starts another one in its place. */
  #kill(): void {
    const { world } = this;
    const living = this.#isolates.filter(({ party }) => party.isAlive);
    const victim = world.any([...living, ...this.#flushers, ...this.#readers]);
    world.kill(victim.party);
    if (victim instanceof GatheringIsolate) this.#isolates.push(this.#isolate());
    for (const actors of [this.#flushers, this.#readers]) {
      const at = actors.indexOf(victim as Actor);
      if (at >= 0) actors[at] = this.#actor(actors === this.#flushers ? "flusher" : "reader");
    }
  }

  #failOver(): void {
    const { lostMax, serverBehindMsMax } = this.#climate;
    const behindMs = this.world.between(0, serverBehindMsMax);
    const lostCount = this.world.between(0, this.world.any([Math.min(3, lostMax), lostMax]));
    this.#store.failOver(lostCount, this.world.any([0, behindMs, serverBehindMsMax]));
  }

  /** Sets the clock of Redis, of one party, or of all, or gives the database a mark of the future. */
  #setClocks(): void {
    const { world } = this;
    const wrongMs = world.any([0, 60_000, -60_000, 3_600_000, -3_600_000]);
    const whose = world.any(["server", "party", "all", "mark"] as const);
    if (whose === "mark") return this.#restoreMark(wrongMs);
    // A restored mark must be found before the set's time has passed it.
    const isMarkAhead = (this.#database.mark?.slice ?? -Infinity) >= this.#store.slice;
    if (isMarkAhead && whose !== "party") return;
    world.tell(() => `the clock of ${whose} is ahead by ${wrongMs} ms`);
    if (whose !== "party") world.serverBehindMs = -wrongMs;
    if (whose === "server") return;
    const actors = [...this.#isolates, ...this.#flushers, ...this.#readers];
    for (const { party } of whose === "all" ? actors : [world.any(actors)]) party.aheadMs = wrongMs;
  }

  /** Restores a database, if no flush runs and Redis has no slice of the former mark. */
  #restoreMark(aheadMs: number): void {
    const { world } = this;
    const isQuiet = this.#flushers.every(({ isBusy }) => !isBusy) && !world.areUnderWay;
    const isDropped = !this.#store.has(this.#database.mark?.slice ?? NaN);
    if (!isQuiet || !isDropped || aheadMs <= 0) return;
    const mark = { slice: this.#store.slice + aheadMs / usualTimes.sliceMs, key: null };
    world.tell(() => `the database gets the mark ${mark.slice}`);
    this.#database.restoreMark(mark);
    // A history may have no flush or read for a minute, in which the set's time would pass the mark.
    if (aheadMs <= 60_000) this.#store.passMark(mark);
  }

  /** Completes all work without further faults. */
  async drain(): Promise<void> {
    const { world } = this;
    world.weather = calm;
    for (const isolate of this.#isolates) if (isolate.party.isAlive) void isolate.settle();
    for (let round = 0; round < 120; round += 1) {
      while (world.areUnderWay) await world.step();
      await world.time.passTo(world.atMs + 5_000);
      this.#begin([this.#flushers[0] as Actor], (actor) => this.#flush(actor));
      await settledTurn();
      if (round > 12 && this.#store.isEmpty && !world.areUnderWay) break;
    }
    const now = this.#subject.ledger.now;
    const values = this.#database.valuesOf(this.#keys);
    if (!this.#store.isEmpty) this.violation ??= "some slices are never flushed";
    this.violation ??= this.#violationIn(values, { from: now, to: now }, "at the end ");
    for (const isolate of this.#isolates) this.violation ??= isolate.violation(this.#isSentOnce);
  }
}

async function outcomeOf<Change extends { readonly key: string }, Value>(
  subject: Subject<Change, Value>,
  of: BehindHistory,
): Promise<BehindOutcome> {
  const history = new History(subject, of);
  await history.world.time.keeping(async () => {
    for (let step = 0; step < stepsMax && history.violation === undefined; step += 1) {
      await history.step();
    }
    if (history.violation === undefined) await history.drain();
  });
  const { violation, reads, slices, accepted } = history;
  return { violation, reads, slices, accepted };
}

/** Runs one history. */
export function behindHistoryOf(of: BehindHistory): Promise<BehindOutcome> {
  const about = of.of ?? (of.seed % 3 === 2 ? "buffer" : "counter");
  return about === "buffer" ? outcomeOf(bufferSubject(), of) : outcomeOf(counterSubject(), of);
}
