// Changes a key of a history of writes by one isolate at a time: its value is set, deleted or loaded by force.
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
  #wasRefused = false;
  /** Whether the cache never accepted a change, so that it may return a value from before it. */
  hasGivenUp = false;
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
   * `set`, or if a loss or the retry of a refused purge may have ended the value.
   */
  keptIn(kind: WorldKind): string | undefined {
    const mayBeGone = this.#wasRefused || this.#ledger.hasLost || !kindsThatKeep.includes(kind);
    return mayBeGone ? undefined : this.#kept;
  }

  /** Waits for all earlier changes. Then changes the row, and retries until the cache accepts. */
  next(store: SimulatedStore): Promise<void> {
    const world = this.#world;
    const key = this.#key;
    const { isolate, unpurged } = store;
    const rows = store.rowsOf(key);
    const value = `${key}${(this.#values += 1)}`;
    const forced = async () => {
      const { refusedCount } = unpurged;
      const loaded = await rows.getOrSet(key, () => value, { forceFresh: true });
      return unpurged.refusedCount === refusedCount ? { loaded } : "The purge is refused.";
    };
    const drawn = world.draw();
    const changeLess = drawn < 0.8 ? forced : () => rows.delete(key);
    const change = drawn < 0.6 ? () => rows.set(key, value) : changeLess;
    const turn = async () => {
      this.#database.commit(key, value);
      this.#kept = undefined;
      for (let tries = 0; tries < 40; tries += 1) {
        const { appendedCount } = world.stream;
        const changed: unknown = await change().catch(String);
        const told = Array.isArray(changed) ? changed.join(" ") : JSON.stringify(changed);
        world.tell(() => `${isolate.name} changes ${key}, now ${value}: ${told}`);
        if (typeof changed === "object") {
          this.#ledger.purged(key, value);
          const nth = this.#database.nthOf(value);
          this.#ledger.endOlder(isolate, key, { nth, appendedCount });
          if (Array.isArray(changed) && changed.includes("shared")) this.#kept = value;
          return;
        }
        this.#wasRefused = true;
        await world.sleep(1_000);
      }
      this.hasGivenUp = true;
    };
    return (this.#last = this.#last.then(turn));
  }
}
