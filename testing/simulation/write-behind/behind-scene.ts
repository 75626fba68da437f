// A small world of write-behind, for histories that a test writes step by step. The set is a
// counter, and each chunk has one key. Messages arrive when the test delivers them.
import { adds } from "../../../src/write-behind/change-kind.ts";
import { type ChunkBudget, flush, type FlushReport } from "../../../src/write-behind/flush.ts";
import { readExactly } from "../../../src/write-behind/change-set.ts";
import type { Add } from "../../../src/write-behind/sinks/sink.ts";
import type { Acceptance, Batch } from "../../../src/write-behind/change-slices.ts";
import { usualTimes } from "../../../src/write-behind/slice-times.ts";
import { AddsLedger } from "./adds-ledger.ts";
import { calm } from "./behind-weather.ts";
import { PartiesWorld, type Party } from "./parties-world.ts";
import { SimulatedDatabase } from "./simulated-database.ts";
import { SimulatedSlices } from "./simulated-slices.ts";

/** The keys, in the order in which a flush applies them. */
const sceneKeys = ["a", "b"] as const;

export class BehindScene {
  readonly world = new PartiesWorld(1, calm);
  readonly database: SimulatedDatabase<Add, number>;
  readonly store: SimulatedSlices<Add, number>;
  #batchCount = 0;

  constructor() {
    const { world } = this;
    const database = new SimulatedDatabase<Add, number>({ world, kind: adds, faults: {} });
    this.database = database;
    this.store = new SimulatedSlices<Add, number>({
      world,
      kind: adds,
      ledger: new AddsLedger(),
      backlogMax: 100,
      chunkKeysMax: 1,
      faults: {},
      isKept: (slice, key) => database.hasApplied(slice, key),
    });
  }

  /** Creates a batch that adds 1 to `a` and 4 to `b`, in the current slice by the set's time. */
  batch(): Batch<Add> {
    this.#batchCount += 1;
    const { slice } = this.store;
    const changes = sceneKeys.map((key, at) => ({ key, by: 4 ** at, isReset: false }));
    return { id: `batch ${this.#batchCount}`, slice, changes };
  }

  party(name: string): Party {
    return { name, aheadMs: 0, endsSilently: 0, isAlive: true };
  }

  /** Advances the time until a flush may take the current slice. */
  async rest(): Promise<void> {
    const { sliceMs, restMs } = usualTimes;
    const { world } = this;
    await world.time.passTo(Math.floor(world.atMs / sliceMs + 1) * sliceMs + restMs);
  }

  async pass(ms: number): Promise<void> {
    await this.world.time.passTo(this.world.atMs + ms);
  }

  /** Delivers and answers all messages of a party. */
  async deliverAll(party: Party): Promise<void> {
    while ((await this.world.deliver(party)) !== undefined);
  }

  async accept(batch: Batch<Add>): Promise<Acceptance["kind"]> {
    const party = this.party("isolate");
    const accepted = this.store.portOf(party).accept(batch);
    await this.deliverAll(party);
    const answer = await accepted;
    if (answer.kind === "unavailable") throw new Error("Nothing is lost here.");
    return answer.value.kind;
  }

  /** Begins a flush. The caller delivers its messages. */
  begin(party: Party, budget: ChunkBudget = { left: 100 }): Promise<FlushReport> {
    const [store, sink] = [this.store.portOf(party), this.database.portOf(party)];
    return flush({ set: "set", store, sink }, budget);
  }

  async flush(): Promise<FlushReport> {
    const party = this.party("flusher");
    const flushed = this.begin(party);
    await this.deliverAll(party);
    return flushed;
  }

  /** Begins an exact read. The caller delivers its two messages. */
  async read(party: Party): Promise<Readonly<Record<string, number>>> {
    const [store, sink] = [this.store.portOf(party), this.database.portOf(party)];
    const read = await readExactly({ set: "set", kind: adds, store, sink }, sceneKeys);
    if (read.kind === "unavailable") throw new Error("Nothing is lost here.");
    return Object.fromEntries(read.value);
  }

  async readNow(): Promise<Readonly<Record<string, number>>> {
    const reader = this.party("reader");
    const read = this.read(reader);
    await this.deliverAll(reader);
    return read;
  }

  get inDatabase(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.database.valuesOf(sceneKeys));
  }
}
