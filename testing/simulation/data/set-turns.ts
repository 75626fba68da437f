// Changes a key of a history of writes by one isolate at a time: the value is set everywhere, or deleted.
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedRows, SimulatedStore } from "./simulated-store.ts";
import type { WriteLedger } from "./write-ledger.ts";

export const setKey = "c";

export class SetTurns {
  readonly #world: SimulatedWorld;
  readonly #database: SimulatedRows;
  readonly #ledger: WriteLedger;
  #last = Promise.resolve();
  #values = 0;

  constructor(world: SimulatedWorld, database: SimulatedRows, ledger: WriteLedger) {
    this.#world = world;
    this.#database = database;
    this.#ledger = ledger;
  }

  /** Changes the row, and then the cache until it accepts, after all earlier changes. */
  next({ isolate, rows }: SimulatedStore): Promise<void> {
    const world = this.#world;
    const value = `e${(this.#values += 1)}`;
    const change =
      world.draw() < 0.7
        ? () => rows.set(setKey, value, { everywhere: true })
        : () => rows.delete(setKey);
    const turn = async () => {
      this.#database.commit(setKey, value);
      for (let tries = 0; tries < 40; tries += 1) {
        const { appendedCount } = world.stream;
        const told = await change().then(
          () => "accepted",
          (cause: unknown) => String(cause),
        );
        world.tell(() => `${isolate.name} sets or deletes ${setKey}, now ${value}: ${told}`);
        if (told === "accepted") {
          this.#ledger.purged(setKey, value);
          const nth = this.#database.nthOf(value);
          this.#ledger.endOlder(isolate, setKey, { nth, appendedCount });
          return;
        }
        await world.sleep(1_000);
      }
    };
    return (this.#last = this.#last.then(turn));
  }
}
