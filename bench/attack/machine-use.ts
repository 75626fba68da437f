// What the runtime takes of the machine while something goes on: memory, its CPU time, and how busy
// all processes together keep all cores.
import { cpus } from "node:os";
import { workerdMebibytes } from "../../test/worker/process-memory.ts";
import { cpuUsOf, runtimePids } from "../load/process-cpu.ts";

export interface MachineUse {
  readonly memoryBefore: number;
  /** MiB resident. */
  readonly memoryPeak: number;
  readonly tookMs: number;
  /** `undefined` where this system does not tell. */
  readonly runtimeCpuMs: number | undefined;
  /** Of all cores, 0 to 1. */
  readonly machineBusy: number;
}

const lookEveryMs = 250;

/** @returns what ends it; that throws when the runtime is gone */
export function watchMachine(): () => MachineUse {
  const startedAtMs = performance.now();
  const [cpuUsBefore, coresBefore] = [runtimeCpuUs(), coreTimes()];
  const memoryBefore = workerdMebibytes();
  let memoryPeak = memoryBefore;
  let gone: unknown;
  const look = () => {
    try {
      memoryPeak = Math.max(memoryPeak, workerdMebibytes());
    } catch (cause) {
      gone = cause;
    }
  };
  const timer = setInterval(look, lookEveryMs);
  return () => {
    clearInterval(timer);
    look();
    if (gone !== undefined) throw new Error("The runtime has ended.", { cause: gone });
    const tookMs = performance.now() - startedAtMs;
    const cpuUs = runtimeCpuUs();
    const isKnown = cpuUs !== undefined && cpuUsBefore !== undefined;
    const runtimeCpuMs = isKnown ? (cpuUs - cpuUsBefore) / 1_000 : undefined;
    const cores = coreTimes();
    const idleShare = (cores.idle - coresBefore.idle) / (cores.all - coresBefore.all);
    return { memoryBefore, memoryPeak, tookMs, runtimeCpuMs, machineBusy: 1 - idleShare };
  };
}

function runtimeCpuUs(): number | undefined {
  const pids = runtimePids();
  return pids.length === 0 ? undefined : pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0);
}

function coreTimes(): { idle: number; all: number } {
  const times = cpus().map((core) => core.times);
  const sum = (of: (core: (typeof times)[number]) => number) =>
    times.reduce((total, core) => total + of(core), 0);
  return {
    idle: sum(({ idle }) => idle),
    all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq),
  };
}
