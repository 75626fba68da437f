// Measures the use of the machine during a row: the runtime's memory and CPU time, the load of all
// cores, and the share of other processes.
import { cpus } from "node:os";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { childPids, cpuUsOf, runtimePids } from "../load/process-cpu.ts";

export interface MachineUse {
  readonly memoryBefore: number;
  /** The largest resident memory in MiB. */
  readonly memoryPeak: number;
  readonly tookMs: number;
  /** `undefined` if the system does not report it. */
  readonly runtimeCpuMs: number | undefined;
  /** The used share of all cores, 0 to 1. */
  readonly machineBusy: number;
  /**
   * The share of all cores that processes outside the bench used; `undefined` if the system does
   * not report it.
   */
  readonly othersBusy: number | undefined;
  /** Whether the runtime's process ended before the bench stopped it. */
  readonly hasEnded: boolean;
}

const lookEveryMs = 250;

/** @returns a function that ends the measurement */
export function watchMachine(): () => MachineUse {
  const startedAtMs = performance.now();
  const [cpuUsBefore, ownCpuUsBefore, coresBefore] = [runtimeCpuUs(), ownCpuUs(), coreTimes()];
  const memoryBefore = workerdMebibytes();
  let memoryPeak = memoryBefore;
  let hasEnded = false;
  const look = () => {
    try {
      memoryPeak = Math.max(memoryPeak, workerdMebibytes());
    } catch {
      hasEnded = true;
    }
  };
  const timer = setInterval(look, lookEveryMs);
  return () => {
    clearInterval(timer);
    look();
    const tookMs = performance.now() - startedAtMs;
    const cpuUs = runtimeCpuUs();
    const isKnown = cpuUs !== undefined && cpuUsBefore !== undefined;
    const runtimeCpuMs = isKnown ? (cpuUs - cpuUsBefore) / 1_000 : undefined;
    const cores = coreTimes();
    const allMs = cores.all - coresBefore.all;
    const machineBusy = 1 - (cores.idle - coresBefore.idle) / allMs;
    const ownBusy = (ownCpuUs() - ownCpuUsBefore) / 1_000 / allMs;
    const othersBusy = isKnown ? Math.max(0, machineBusy - ownBusy) : undefined;
    const memory = { memoryBefore, memoryPeak };
    return { ...memory, tookMs, runtimeCpuMs, machineBusy, othersBusy, hasEnded };
  };
}

function runtimeCpuUs(): number | undefined {
  const pids = runtimePids();
  return pids.length === 0 ? undefined : pids.reduce((sum, pid) => sum + cpuUsOf(pid), 0);
}

/** Returns the CPU time of this process and of all its children. */
function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return childPids().reduce((sum, pid) => sum + cpuUsOf(pid), user + system);
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
