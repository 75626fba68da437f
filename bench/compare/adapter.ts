// The interface of a system to the checker: its promise, its configuration, and a running instance.
import type { Running } from "../../local/running.ts";
import type { Faults } from "../histories/breaking.ts";
import type { Origin } from "../histories/origin.ts";

/** A hard purge forbids any use; a soft purge permits stale answers until the value is loaded. */
export type Mode = "hard" | "soft";

/**
 * - `late store`: the load of the answered value began before the purge, and ended after it.
 * - `fault`: a fault happened between the purge and the read.
 */
const excuses = ["late store", "fault"] as const;
export type Excuse = (typeof excuses)[number];

export interface Adapter {
  /** With its version, if the adapter fixes it. */
  readonly title: string;
  /** The configuration that its documentation advises, in one paragraph. */
  readonly configuration: string;
  /** The promise of its documentation about purges. */
  readonly promise: {
    readonly text: string;
    readonly source: string;
    /** The causes about which the documentation promises nothing. */
    readonly excuses: readonly Excuse[];
  };
  readonly modes: readonly Mode[];
  start(world: World): Promise<System>;
}

export interface World {
  /** Its answers may be stored for an hour. `Cache-Tag` and `xkey` are the item's id. */
  readonly origin: Origin;
  /** Stops what a system adds to it. */
  readonly running: Running;
  /** N of the judge. */
  readonly withinMs: number;
  /** How much longer than N Tidemark is configured to need for a purge. */
  readonly lateMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface System {
  /** The version that the installed program prints, if the adapter does not fix it. */
  readonly version?: string;
  /** Reads an item at one of two processes. The URL of an item is its id. */
  read(process: number, id: string): Promise<Answer>;
  /** Purges an item by its tag, and returns whether the system confirms the purge. */
  purge(process: number, id: string, mode: Mode): Promise<boolean>;
  readonly faults: Faults;
}

export const processCount = 2;
