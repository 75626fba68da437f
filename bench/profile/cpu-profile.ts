// Takes a CPU profile of a running Worker from workerd's inspector.
import type { Inspector } from "../load/inspector.ts";

export interface CallFrame {
  /** Empty for an anonymous function. */
  readonly functionName: string;
  /** Empty for the runtime. */
  readonly url: string;
  /** The line in the script, starting with 0. */
  readonly lineNumber: number;
}

/** The used part of the protocol's `Profiler.Profile`. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    /** The ids of the nodes that this node called. */
    readonly children?: readonly number[];
  }[];
  /** The id of the running node in each sample. */
  readonly samples: readonly number[];
  /** The microseconds between each sample and the previous one. */
  readonly timeDeltas: readonly number[];
}

/** @returns a profile of `work`, with one sample every `intervalUs` microseconds */
export async function cpuProfile(
  inspector: Inspector,
  intervalUs: number,
  work: () => Promise<void>,
): Promise<CpuProfile> {
  await inspector.call("Profiler.enable");
  await inspector.call("Profiler.setSamplingInterval", { interval: intervalUs });
  await inspector.call("Profiler.start");
  await work();
  const { profile } = await inspector.call<{ profile: CpuProfile }>("Profiler.stop");
  return profile;
}
