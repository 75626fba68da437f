// Faults that a test may plant in histories of write-behind, to check that they find faults.
import type { Sink } from "../../../src/write-behind/sinks/sink.ts";
import type { SliceStore } from "../../../src/write-behind/change-slices.ts";
import type { PartiesWorld } from "./parties-world.ts";
import type { SinkFaults } from "./simulated-database.ts";
import type { StoreFaults } from "./simulated-slices.ts";

/** The ports of a party. A planted fault may replace them. */
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
