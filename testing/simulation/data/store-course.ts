// The course of a history of an application's data: its stores, and a quiet time at its end.
import type { PurgeTargets } from "../../../src/purge/journal/purge-target.ts";
import { Course, type HistoryOptions } from "../course.ts";
import type { SimulatedWorld } from "../journal-simulator.ts";
import type { SimulatedColo, SimulatedIsolate } from "../simulated-isolate.ts";
import { colosOf, misfortuneShare } from "../simulated-weather.ts";
import type { SimulatedHashes } from "./simulated-hashes.ts";
import { SimulatedStore, soundStoreParts, type StoreParts } from "./simulated-store.ts";

export interface StoreHistoryOptions extends HistoryOptions {
  readonly storeParts?: Partial<StoreParts>;
}

const stepCount = 22;
/** The targets that cover the values of all histories of data. */
export const red: PurgeTargets = { tags: ["tag:red"], prefixes: [] };

export abstract class StoreCourse extends Course {
  protected readonly stores: SimulatedStore[] = [];
  protected readonly colos: readonly SimulatedColo[];
  /** The number of calls in progress. */
  protected underWay = 0;
  /** The probability that an event is a fault of the journal. */
  protected readonly misfortune: number;
  readonly #parts: StoreParts;
  readonly #hashes: SimulatedHashes | undefined;

  /** @param hashes the hashes that all isolates share, in histories of fields */
  constructor(world: SimulatedWorld, options: StoreHistoryOptions, hashes?: SimulatedHashes) {
    super(world, options);
    this.#parts = { ...soundStoreParts, ...options.storeParts };
    this.#hashes = hashes;
    this.misfortune = misfortuneShare(world, this.kind) / 2;
    this.colos = colosOf(world, options);
    for (const colo of this.colos) this.open(colo);
  }

  protected open(colo: SimulatedColo): void {
    this.stores.push(new SimulatedStore(this.begin(colo), this.#parts, this.#hashes));
  }

  /** Causes one event. */
  protected abstract act(): void;
  /** Reads once beside an event, or once while isolates repair losses and renew their views. */
  protected abstract readOnce(store: SimulatedStore, when: "beside" | "after"): Promise<void>;
  /** Reads when all is quiet. No answer may then differ from the source. */
  protected abstract readInQuiet(store: SimulatedStore): Promise<unknown>;

  protected async run(): Promise<void> {
    const { world, stores } = this;
    for (let step = 0; step < stepCount; step += 1) {
      this.act();
      void this.readOnce(world.any(stores), "beside");
      await world.time.passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 9_000 : 1_500));
    }
    world.isRedisDown = false;
    for (let turn = 0; this.underWay > 0 && turn < 600; turn += 1) {
      await world.time.passTo(world.atMs + 1_000);
    }
    if (this.underWay > 0) this.breach("a call never ends");
    for (let turn = 0; turn < 10; turn += 1) {
      for (const store of stores) void this.readOnce(store, "after");
      await world.time.passTo(world.atMs + 4_000);
    }
    for (const colo of this.colos) this.open(colo);
    for (const store of stores) void this.readInQuiet(store);
    await world.time.passTo(world.atMs + 30_000);
    for (const { failures } of stores) this.violations.push(...failures);
  }

  protected async purgeTag(isolate: SimulatedIsolate) {
    const order = isolate.orderOf("usual", "hard");
    const [entry] = await isolate.accept({ ...order, id: "", targets: red });
    return entry;
  }
}
