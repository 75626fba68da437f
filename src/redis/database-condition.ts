// Tracks and logs the health of a database, for reads and writes separately.
import { Condition, type Trouble } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import { ofInvocation, type RedisTrouble, troubleLine, type TroubleWords } from "./trouble.ts";

/** Whether a call only reads, or also writes. */
export type Of = "reads" | "writes";

/**
 * Refusals of writes by a database that still answers reads. A refused token affects both, so it is
 * not in the list.
 */
export const refusalsOfWrites: readonly string[] = [
  "full",
  "read-only",
  "not-permitted",
  "refused",
] satisfies RedisTrouble[];

/**
 * Failures of writes that do not show that the database is down. They concern one command or
 * invocation, or a database that still answers reads.
 */
export const causesWhileUp: readonly string[] = [
  "wrong-type",
  "too-large",
  ofInvocation,
  ...refusalsOfWrites,
];

export interface DatabaseConditionSettings {
  readonly nowAtMs: () => number;
  /** Logs each beginning and end of trouble. Default: no log. */
  readonly tell?: Log;
  /**
   * Whether all commands use one key. A value of the wrong type under that key is then a trouble.
   */
  readonly hasOneKey?: boolean;
  /** Texts about troubles. Default: those for Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
}

/** Refusals that the operator's settings cause, not the database. */
const refusalsOfCredentials: readonly RedisTrouble[] = ["token-refused", "forbidden"];

const aboutReads = (kind: RedisTrouble) =>
  ({ event: refusalsOfCredentials.includes(kind) ? "credentials" : "database" }) as const;
const aboutWrites = (kind: RedisTrouble) => ({ ...aboutReads(kind), of: "writes" });

/** One instance per database client. */
export class DatabaseCondition {
  readonly #settings: DatabaseConditionSettings;
  readonly #reads: Condition<RedisTrouble>;
  readonly #writes: Condition<RedisTrouble>;
  /** Commands that were too large. This trouble never ends, so it is logged once. */
  readonly #sizes: Condition<RedisTrouble>;
  /** Whether the database is shut off except for probes. */
  readonly #shutOff: Condition<"shut-off">;
  /** Whether writes are shut off. */
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
      wellLine: (lasted) => `The database accepts writes again after ${lasted}.`,
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
      troubleLine: () => "The database is shut off: only background probes use it.",
      wellLine: (lasted) => `The database was shut off for ${lasted} and is in use again.`,
    });
    this.#writesShutOff = new Condition({
      tell,
      about: () => ({ event: "breaker", of: "writes" }),
      troubleLine: () => "Writes are shut off: one is tried after each pause.",
      wellLine: (lasted) => `Writes were shut off for ${lasted} and are tried again.`,
    });
  }

  /** The last trouble that affected more than writes. */
  get trouble(): Trouble<RedisTrouble> | undefined {
    return this.#reads.trouble;
  }

  /** The last trouble that affected only writes. */
  get troubleWithWrites(): Trouble<RedisTrouble> | undefined {
    return this.#writes.trouble;
  }

  /**
   * Notes an answered read or an accepted write. An answered read does not end trouble with writes.
   */
  answered(of: Of): void {
    (of === "writes" ? this.#writes : this.#reads).succeeded(this.#settings.nowAtMs());
  }

  /** Notes a failure, as trouble with reads, writes or sizes. */
  failed(trouble: RedisTrouble, of: Of): void {
    if (trouble === ofInvocation) return;
    // A wrong type concerns one key of many, and callers handle it.
    if (trouble === "wrong-type" && this.#settings.hasOneKey !== true) return;
    this.#conditionOf(trouble, of).failed(trouble, this.#settings.nowAtMs());
  }

  /** Notes whether the whole database is shut off, and whether writes are. */
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
      refusalsOfWrites.includes(trouble) &&
      (of === "writes" || !["refused", "not-permitted"].includes(trouble));
    const areReadsWell = this.#reads.trouble?.isOver !== false;
    const isOfWrites = isRefusal || (of === "writes" && areReadsWell && trouble !== "wrong-type");
    return isOfWrites ? this.#writes : this.#reads;
  }
}
