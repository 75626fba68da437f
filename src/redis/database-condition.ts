// How a database fares, for the operator: its reads and its writes each by themselves.
import { Condition, type Trouble } from "../observe/condition.ts";
import { type RedisTrouble, troubleLine, type TroubleWords } from "./trouble.ts";

/** Which part of a database an answer tells of. */
export type Of = "reads" | "writes";

/** What a database that answers reads may say to a write. A wrong token is not among it. */
export const refusalsOfWrites: readonly string[] = [
  "full",
  "read-only",
  "refused",
] satisfies RedisTrouble[];

/** Who is told of it, and by which clock. */
export interface DatabaseConditionSettings {
  readonly nowAtMs: () => number;
  /** Told in a line for the operator when it gets into trouble, and out of it; unheard unless set. */
  readonly tell?: (line: string) => void;
  /** All commands are about one key, so that another type of value there is trouble like any. */
  readonly hasOneKey?: boolean;
  /** How its troubles are told, if not as those of Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
}

/** One for each client of a database. */
export class DatabaseCondition {
  readonly #settings: DatabaseConditionSettings;
  readonly #reads: Condition<RedisTrouble>;
  readonly #writes: Condition<RedisTrouble>;
  /** Never over: it is told once. */
  readonly #sizes: Condition<RedisTrouble>;

  constructor(settings: DatabaseConditionSettings) {
    this.#settings = settings;
    const tell = settings.tell ?? (() => undefined);
    const lineOf = (trouble: RedisTrouble) => troubleLine(trouble, settings.words);
    this.#reads = new Condition({
      tell,
      troubleLine: lineOf,
      wellLine: (lasted) => `The database works again after ${lasted}.`,
    });
    this.#writes = new Condition({
      tell,
      troubleLine: (trouble) => `Writes fail. ${lineOf(trouble)}`,
      wellLine: (lasted) => `The database takes writes again after ${lasted}.`,
    });
    this.#sizes = new Condition({ tell, troubleLine: lineOf, wellLine: () => "" });
  }

  /** The last trouble that concerned more than writes. */
  get trouble(): Trouble<RedisTrouble> | undefined {
    return this.#reads.trouble;
  }

  /** The last trouble of writes that failed while reads did not. */
  get troubleWithWrites(): Trouble<RedisTrouble> | undefined {
    return this.#writes.trouble;
  }

  /** It has answered a read, or has taken a write. */
  answered(of: Of): void {
    (of === "writes" ? this.#writes : this.#reads).succeeded(this.#settings.nowAtMs());
  }

  /** Reads that are answered do not end what only a write meets, also within a transaction. */
  failed(trouble: RedisTrouble, of: Of): void {
    // Of one key among many; who asked for it knows what that means.
    if (trouble === "wrong-type" && this.#settings.hasOneKey !== true) return;
    this.#conditionOf(trouble, of).failed(trouble, this.#settings.nowAtMs());
  }

  #conditionOf(trouble: RedisTrouble, of: Of): Condition<RedisTrouble> {
    if (trouble === "too-large") return this.#sizes;
    const isRefusal =
      refusalsOfWrites.includes(trouble) && (trouble !== "refused" || of === "writes");
    const areReadsWell = this.#reads.trouble?.isOver !== false;
    const isOfWrites = isRefusal || (of === "writes" && areReadsWell && trouble !== "wrong-type");
    return isOfWrites ? this.#writes : this.#reads;
  }
}
