// What may be planted in a history of write-behind, to see that it is found.
import type { Sink } from "../../../src/write-behind/sinks/sink.ts";
import type { SliceStore } from "../../../src/write-behind/slice-store.ts";
import type { PartiesWorld } from "./parties-world.ts";
import type { SinkFaults } from "./simulated-database.ts";
import type { StoreFaults } from "./simulated-slices.ts";

/** What an actor works with; a planted fault may put something else in its place. */
export interface BehindPorts<Change, Value> {
  readonly store: SliceStore<Change>;
  readonly sink: Sink<Change, Value>;
}

export interface BehindFaults extends StoreFaults, SinkFaults {
  readonly ports?: <Change, Value>(
    ports: BehindPorts<Change, Value>,
    world: PartiesWorld,
  ) => BehindPorts<Change, Value>;
}
