// A fault of the nemesis: the parts that it may change, and the function that runs it.
import type { Draws } from "../draws.ts";
import type { Recorder } from "./recorder.ts";
import type { SiteUnderTest } from "./site-under-test.ts";
import type { VersionedOrigin } from "./versioned-origin.ts";

export interface Victim {
  readonly site: Pick<SiteUnderTest, "redis" | "rest" | "colos">;
  readonly origin: Pick<VersionedOrigin, "errorShare" | "slowShare">;
  readonly recorder: Pick<Recorder, "nowMs" | "faults" | "losses" | "replicaLags">;
  readonly draws: Draws;
}

/** Runs the fault, from the first change to the last repair. */
export type Fault<V extends Victim = Victim> = (victim: V) => Promise<void>;
