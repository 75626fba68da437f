// What the runtime takes of the machine while something goes on: memory, its CPU time, and how busy
// all cores are, and how much of that is of processes that are no part of the bench.
import { cpus } from "node:os";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { childPids, cpuUsOf, runtimePids } from "../load/process-cpu.ts";

export interface MachineUse {
  readonly memoryBefore: number;
  /** MiB resident. */
  readonly memoryPeak: number;
  readonly tookMs: number;
  /** `undefined` where this system does not tell. */
  readonly runtimeCpuMs: number | undefined;
  /** Of all cores, 0 to 1. */
  readonly machineBusy: number;
  /** The same by processes that are no part of the bench; `undefined` where it is not told. */
  readonly othersBusy: number | undefined;
  /** Of itself, and before it was told to. */
  readonly hasEnded: boolean;
}

const lookEveryMs = 250;

/** @returns what ends it */
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

/** Of this process and of all that it has started. */
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
