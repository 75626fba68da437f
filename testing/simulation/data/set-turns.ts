// Changes a key of a history of writes by one isolate at a time: its value is set or deleted.
import type { WorldKind } from "../simulated-weather.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedRows, SimulatedStore } from "./simulated-store.ts";
import type { WriteLedger } from "./write-ledger.ts";

/** The keys whose values are set. Those of `alone` are only in Redis. */
export const setKeys = ["c", "alone"] as const;
export type SetKey = (typeof setKeys)[number];

/** In these worlds, nothing but a refused purge may end a value that was set. */
const kindsThatKeep: readonly WorldKind[] = ["ordinary", "crossing"];

export class SetTurns {
  readonly #world: SimulatedWorld;
  readonly #database: SimulatedRows;
  readonly #ledger: WriteLedger;
  readonly #key: SetKey;
  #last = Promise.resolve();
  #values = 0;
  #mayHaveEnded = false;
  /** The value of the last change, if Redis has it. */
  #kept: string | undefined;

  constructor(
    world: SimulatedWorld,
    { database, ledger, key }: { database: SimulatedRows; ledger: WriteLedger; key: SetKey },
  ) {
    this.#world = world;
    this.#database = database;
    this.#ledger = ledger;
    this.#key = key;
  }

  /**
   * The value that every isolate must read once all is quiet; `undefined` if the last change was no
   * `set`, or if a loss, a forced load or the retry of a refused purge may have ended the value.
   */
  keptIn(kind: WorldKind): string | undefined {
    const mayBeGone = this.#mayHaveEnded || this.#ledger.hasLost || !kindsThatKeep.includes(kind);
    return mayBeGone ? undefined : this.#kept;
  }

  /** Records that something else may have ended the value, such as a forced load. */
  mayHaveEnded(): void {
    this.#mayHaveEnded = true;
  }

  /** Waits for all earlier changes. Then changes the row, and retries until the cache accepts. */
  next(store: SimulatedStore): Promise<void> {
    const world = this.#world;
    const key = this.#key;
    const { isolate } = store;
    const rows = store.rowsOf(key);
    const value = `${key}${(this.#values += 1)}`;
    const change = world.draw() < 0.7 ? () => rows.set(key, value) : () => rows.delete(key);
    const turn = async () => {
      this.#database.commit(key, value);
      this.#kept = undefined;
      for (let tries = 0; tries < 40; tries += 1) {
        const { appendedCount } = world.stream;
        const changed = await change().catch(String);
        world.tell(
          () => `${isolate.name} sets or deletes ${key}, now ${value}: ${String(changed)}`,
        );
        if (typeof changed === "object") {
          this.#ledger.purged(key, value);
          const nth = this.#database.nthOf(value);
          this.#ledger.endOlder(isolate, key, { nth, appendedCount });
          if (Array.isArray(changed) && changed.includes("shared")) this.#kept = value;
          return;
        }
        this.mayHaveEnded();
        await world.sleep(1_000);
      }
    };
    return (this.#last = this.#last.then(turn));
  }
}
