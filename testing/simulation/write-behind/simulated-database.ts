// The application's database in histories: a sink whose calls are atomic, unless a fault is
// planted. It never loses committed data.
import type { ChangeKind } from "../../../src/write-behind/change-kind.ts";
import type { Chunk, Mark, ReadFromSink, Sink } from "../../../src/write-behind/sinks/sink.ts";
import type { PartiesWorld, Party } from "./parties-world.ts";

/** Faults that break a promise of the sink. */
export interface SinkFaults {
  /** Whether changes before the mark are applied, too. */
  readonly ignoresMark?: boolean;
  /** Whether the mark moves in a separate transaction. */
  readonly marksApart?: boolean;
  /** Whether each chunk sets the mark, even backwards. */
  readonly marksBackwards?: boolean;
  /** Treats the mark as if it had no key, and its whole slice as applied or not applied. */
  readonly marksWholeSlices?: "applied" | "not applied";
  /** Whether keys are compared by UTF-16, like JavaScript strings. */
  readonly ordersByUtf16?: boolean;
  /** Whether values and mark are read separately. */
  readonly readsApart?: boolean;
}

interface DatabaseSettings<Change, Value> {
  readonly world: PartiesWorld;
  readonly kind: Pick<ChangeKind<Change & { readonly key: string }, Value>, "applied">;
  readonly faults: SinkFaults;
}

export class SimulatedDatabase<Change extends { readonly key: string }, Value> {
  readonly #settings: DatabaseSettings<Change, Value>;
  readonly #values = new Map<string, Value>();
  #mark: Mark | undefined;

  constructor(settings: DatabaseSettings<Change, Value>) {
    this.#settings = settings;
  }

  portOf(party: Party): Sink<Change, Value> {
    const { world, faults } = this.#settings;
    const send = <T>(what: string, run: () => T) => world.send(party, what, run);
    return {
      apply: async (chunk) => {
        if (faults.marksApart !== true) return send("apply", () => this.#commit(chunk));
        await send("apply", () => this.#applyChanges(chunk));
        await send("mark", () => this.#moveMark(chunk));
      },
      read: async (_, keys) => {
        if (faults.readsApart !== true) return send("select", () => this.#read(keys));
        const values = await send("select", () => this.valuesOf(keys));
        return { values, mark: await send("select mark", () => this.#mark) };
      },
    };
  }

  /**
   * Returns whether the mark is past the slice's changes of the key. A loss in Redis then has no
   * effect on them.
   */
  hasApplied(slice: number, key: string): boolean {
    return !this.#isPast({ slice, key });
  }

  get mark(): Mark | undefined {
    return this.#mark;
  }

  /** Sets a mark that no flush of the history has set, as in the backup of another database. */
  restoreMark(mark: Mark): void {
    this.#mark = mark;
  }

  valuesOf(keys: readonly string[]): Map<string, Value> {
    const values = new Map<string, Value>();
    for (const key of keys) {
      const value = this.#values.get(key);
      if (value !== undefined) values.set(key, value);
    }
    return values;
  }

  #commit(chunk: Chunk<Change>): void {
    this.#applyChanges(chunk);
    this.#moveMark(chunk);
  }

  #applyChanges({ slice, changes }: Chunk<Change>): void {
    const { kind, faults } = this.#settings;
    for (const change of changes) {
      const { key } = change;
      if (!this.#isPast({ slice, key }) && faults.ignoresMark !== true) continue;
      const value = kind.applied(this.#values.get(key), change);
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }

  #moveMark({ mark }: Chunk<Change>): void {
    if (this.#isPast(mark) || this.#settings.faults.marksBackwards === true) this.#mark = mark;
  }

  #read(keys: readonly string[]): ReadFromSink<Value> {
    return { values: this.valuesOf(keys), mark: this.#mark };
  }

  #isPast(place: Mark): boolean {
    return this.#mark === undefined || isPast(place, this.#mark, this.#settings.faults);
  }
}

/** Returns whether a place is past the mark. A mark without a key is at the end of its slice. */
function isPast(place: Mark, mark: Mark, faults: SinkFaults): boolean {
  if (place.slice !== mark.slice) return place.slice > mark.slice;
  if (faults.marksWholeSlices !== undefined) return faults.marksWholeSlices === "not applied";
  if (mark.key === null) return false;
  if (place.key === null) return true;
  if (faults.ordersByUtf16 === true) return place.key > mark.key;
  return Buffer.compare(Buffer.from(place.key), Buffer.from(mark.key)) > 0;
}
