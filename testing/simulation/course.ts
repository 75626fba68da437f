// The course of one random history, for histories of all subjects: its isolates, the faults of its journal,
// and its violations.
import type { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { SimulatedWorld } from "./journal-simulator.ts";
import {
  type Parts,
  type SimulatedColo,
  SimulatedIsolate,
  soundParts,
} from "./simulated-isolate.ts";
import { SimulatedObject } from "./simulated-object.ts";
import { type RecordsMaker, SimulatedRecords } from "./simulated-records.ts";
import { settledCall, settledTurn, SimulatedTime } from "./simulated-time.ts";
import { misfortunes, placeOf, settingsOf, type WorldKind } from "./simulated-weather.ts";

export interface History {
  /** One text for each violation of the invariants. */
  readonly violations: readonly string[];
  /** The number of judged requests. */
  readonly judgedCount: number;
  /** The number of judged requests that stored data answered. */
  readonly usableCount: number;
  /** The number of covered responses that readers with a position requested, and did not get. */
  readonly withheldCount?: number;
}

export interface HistoryOptions {
  readonly parts?: Partial<Parts>;
  readonly kind?: WorldKind;
  /** The journal's class, if a Durable Object stores the journal instead of Redis. */
  readonly Store?: typeof ObjectJournal | undefined;
  /** The class of the clients of the records' objects, if objects store the records instead of Redis. */
  readonly Records?: RecordsMaker | undefined;
  /** The number of isolates at the start, all but two in colos of their own. Default: 2 to 4. */
  readonly isolateCount?: number | undefined;
  /** Whether readers at all isolates send the positions of purges. */
  readonly sendsPositions?: boolean | undefined;
  /** Receives one line per event, for a replay. */
  readonly tell?: ((line: string) => void) | undefined;
  /** Receives the lines of a trace. */
  readonly trace?: string[] | undefined;
}

export abstract class Course implements History {
  readonly violations: string[] = [];
  judgedCount = 0;
  usableCount = 0;
  protected readonly world: SimulatedWorld;
  protected readonly kind: WorldKind;
  /** The object of the journal, if it is not in Redis. */
  protected readonly object: SimulatedObject | undefined;
  readonly #parts: Parts;
  #isolateCount = 0;

  constructor(world: SimulatedWorld, { kind = "ordinary", Store, parts }: HistoryOptions) {
    this.world = world;
    this.kind = kind;
    this.object = Store && new SimulatedObject(world, Store);
    this.#parts = { ...soundParts, ...this.object?.parts, ...parts };
  }

  /** Causes the events of the history, and checks the invariants. */
  protected abstract run(): Promise<void>;

  /** Runs the history in simulated time. */
  async played(): Promise<this> {
    this.world.tell(() => JSON.stringify(this.world.settings));
    await this.world.time.keeping(() => this.run());
    return this;
  }

  /** Starts an isolate in a colo. */
  protected begin(colo: SimulatedColo): SimulatedIsolate {
    this.#isolateCount += 1;
    return new SimulatedIsolate(
      this.world,
      placeOf(colo, this.#isolateCount, this.kind),
      this.#parts,
    );
  }

  /** Returns a function that draws a fault of the journal and causes it. */
  protected misfortunes(
    isolates: () => readonly SimulatedIsolate[],
    afterLoss: () => void,
  ): () => void {
    return (
      this.object?.misfortunes(isolates, this.kind === "turned-back") ??
      misfortunes(this.world, this.kind, { isolates, afterLoss })
    );
  }

  protected breach(text: string): void {
    this.world.tell(() => `VIOLATION: ${text}`);
    this.violations.push(text);
  }
}

/** Draws a world in which isolates use whole tiers, with bodies and streams. */
export function worldWithTiers(
  seed: number,
  { kind = "ordinary", tell, trace, Records }: HistoryOptions,
): SimulatedWorld {
  const time = new SimulatedTime(Records ? settledCall : settledTurn);
  const world = new SimulatedWorld(settingsOf(seed, kind), { time, tell, trace });
  if (Records) world.recordObjects = new SimulatedRecords(world, Records);
  return world;
}
