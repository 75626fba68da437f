// A CPU profile of a running Worker, taken over workerd's inspector.
import type { Inspector } from "../load/inspector.ts";

export interface CallFrame {
  /** Empty of what has no name. */
  readonly functionName: string;
  /** Empty of what belongs to the runtime. */
  readonly url: string;
  /** From 0, in the script as it runs. */
  readonly lineNumber: number;
}

/** `Profiler.Profile` of the protocol, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    /** Those it called. */
    readonly children?: readonly number[];
  }[];
  /** The node that was running, sample by sample. */
  readonly samples: readonly number[];
  /** Between each sample and the one before, in microseconds. */
  readonly timeDeltas: readonly number[];
}

/** @returns what ran while `work` did, one sample in `intervalUs` microseconds */
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
