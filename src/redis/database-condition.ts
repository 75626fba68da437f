// How a database fares, for the operator: its reads and its writes each by themselves.
import { Condition, type Trouble } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import { type RedisTrouble, troubleLine, type TroubleWords } from "./trouble.ts";

/** Which part of a database an answer tells of. */
export type Of = "reads" | "writes";

/** What a database that answers reads may say to a write. A wrong token is not among it. */
export const refusalsOfWrites: readonly string[] = [
  "full",
  "read-only",
  "refused",
] satisfies RedisTrouble[];

/**
 * A write may fail by these while the database is up: they are about one command, or it is full and
 * still answers reads.
 */
export const causesWhileUp: readonly string[] = ["wrong-type", "too-large", ...refusalsOfWrites];

/** Who is told of it, and by which clock. */
export interface DatabaseConditionSettings {
  readonly nowAtMs: () => number;
  /** Told in a line for the operator when it gets into trouble, and out of it; unheard unless set. */
  readonly tell?: Log;
  /** All commands are about one key, so that another type of value there is trouble like any. */
  readonly hasOneKey?: boolean;
  /** How its troubles are told, if not as those of Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
}

/** Troubles of the operator's settings, not of the database. */
const refusalsOfCredentials: readonly RedisTrouble[] = ["token-refused", "forbidden"];

const aboutReads = (kind: RedisTrouble) =>
  ({ event: refusalsOfCredentials.includes(kind) ? "credentials" : "database" }) as const;
const aboutWrites = (kind: RedisTrouble) => ({ ...aboutReads(kind), of: "writes" });

/** One for each client of a database. */
export class DatabaseCondition {
  readonly #settings: DatabaseConditionSettings;
  readonly #reads: Condition<RedisTrouble>;
  readonly #writes: Condition<RedisTrouble>;
  /** Never over: it is told once. */
  readonly #sizes: Condition<RedisTrouble>;
  /** Only probes are sent to the database. */
  readonly #shutOff: Condition<"shut-off">;
  /** The same of writes alone. */
  readonly #writesShutOff: Condition<"shut-off">;

  constructor(settings: DatabaseConditionSettings) {
    this.#settings = settings;
    const tell = settings.tell ?? (() => undefined);
    const lineOf = (trouble: RedisTrouble) => troubleLine(trouble, settings.words);
    this.#reads = new Condition({
      tell,
      about: aboutReads,
      troubleLine: lineOf,
      wellLine: (lasted) => `The database works again after ${lasted}.`,
    });
    this.#writes = new Condition({
      tell,
      about: aboutWrites,
      troubleLine: (trouble) => `Writes fail. ${lineOf(trouble)}`,
      wellLine: (lasted) => `The database takes writes again after ${lasted}.`,
    });
    this.#sizes = new Condition({
      tell,
      about: aboutWrites,
      troubleLine: lineOf,
      wellLine: () => "",
    });
    this.#shutOff = new Condition({
      tell,
      about: () => ({ event: "breaker", of: "everything" }),
      troubleLine: () => "The database is shut off: only probes ask it, behind answers.",
      wellLine: (lasted) => `The database was shut off for ${lasted}, and is no longer.`,
    });
    this.#writesShutOff = new Condition({
      tell,
      about: () => ({ event: "breaker", of: "writes" }),
      troubleLine: () => "Writes are shut off: one is tried after each pause.",
      wellLine: (lasted) => `Writes were shut off for ${lasted}, and are no longer.`,
    });
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

  /** Notes what is shut off, after each answer and each failure. */
  standsAt(shutOff: Readonly<Record<Of, boolean>>): void {
    const atMs = this.#settings.nowAtMs();
    if (shutOff.reads) this.#shutOff.failed("shut-off", atMs);
    else this.#shutOff.succeeded(atMs);
    if (shutOff.writes) this.#writesShutOff.failed("shut-off", atMs);
    else this.#writesShutOff.succeeded(atMs);
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
