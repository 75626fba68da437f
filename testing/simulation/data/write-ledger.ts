// Records the commits whose values isolates may no longer return, in a history of writes.
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedIsolate } from "../simulated-isolate.ts";
import type { SimulatedRows } from "./simulated-store.ts";

/** A commit that a completed call of one isolate made or purged. */
interface Ended {
  readonly nth: number;
  /** The number of entries ever appended to the journal when the call began. */
  readonly appendedCount: number;
}

export class WriteLedger {
  readonly #world: SimulatedWorld;
  readonly #database: SimulatedRows;
  /** Completed calls, by isolate and key. */
  readonly #ended = new Map<string, Ended[]>();
  /** Commits whose purge was accepted, with the time of the acceptance. */
  readonly #purged: { readonly key: string; readonly nth: number; readonly atMs: number }[] = [];
  /** Whether entries may be lost. From then on, purges have no deadline for other isolates. */
  hasLost = false;

  constructor(world: SimulatedWorld, database: SimulatedRows) {
    this.#world = world;
    this.#database = database;
  }

  afterLoss(): void {
    this.hasLost = true;
  }

  /** Records that the purge of a commit was accepted. */
  purged(key: string, value: string): void {
    const { atMs } = this.#world;
    this.#purged.push({ key, nth: this.#database.nthOf(value), atMs });
  }

  /** Records that an isolate may return no value of an older commit from now on. */
  endOlder({ name }: SimulatedIsolate, key: string, ended: Ended): void {
    const id = `${name} ${key}`;
    this.#ended.set(id, [...(this.#ended.get(id) ?? []), ended]);
  }

  /**
   * Records the start of a call.
   *
   * @returns a function for the end of the call, which returns the oldest allowed commit
   */
  begin({ name }: SimulatedIsolate, key: string): () => number {
    const { settings, stream } = this.#world;
    const due = this.#due(key);
    const ended = this.#ended.get(`${name} ${key}`) ?? [];
    // If as many entries follow as the journal keeps, the purge may be trimmed. Then only N counts.
    const isKept = ({ appendedCount }: Ended) =>
      stream.appendedCount - appendedCount < settings.keptCount;
    // The journal may lose the purge during the call, and an accepted purge may be lost.
    return () => Math.max(this.hasLost ? 0 : due, ...ended.filter(isKept).map(({ nth }) => nth));
  }

  /** Returns the oldest commit that an isolate may return by the bound; 0 if there is no limit. */
  #due(key: string): number {
    const { maxLagMs, clockErrorMs, replicaLagMs, allowanceMs } = this.#world.settings;
    const windowMs = maxLagMs.usual + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    const byMs = this.#world.atMs - windowMs;
    const due = this.#purged.filter((each) => each.key === key && each.atMs < byMs);
    return Math.max(0, ...due.map(({ nth }) => nth));
  }
}
