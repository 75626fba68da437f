// Hand-written histories of a data cache, for the tests of the history checker.
import type { DataHistory, DataKey } from "../../../testing/consistency/data/checker/operations.ts";

export const path = "steady/a/1";
export const key: DataKey = { path, tags: ["one", "all"], staleMs: 0, livesMs: 600_000 };

/** Returns a history of one key, with a purge lag N of 1,000 ms and a clock allowance A of 200 ms. Version 2 was written at 9,000. */
export function historyOf(parts: Partial<DataHistory>): DataHistory {
  return {
    maxLagMs: 1_000,
    allowanceMs: 200,
    originMsMax: 1_500,
    replicaLags: [],
    originErrors: [],
    isolates: [],
    keys: [key],
    places: ["east", "west"],
    writes: [{ path, version: 2, atMs: 9_000 }],
    reads: [],
    purges: [],
    told: [],
    counts: [],
    increments: [],
    positions: new Map([["5-0", 10_040]]),
    broken: [],
    ...parts,
  };
}
