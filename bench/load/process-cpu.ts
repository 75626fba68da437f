// Reads the CPU time of this process's runtimes. Works only on Linux.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** One tick of /proc: USER_HZ is 100 on every Linux. */
const tickUs = 10_000;

/** Whether the kernel counts a thread's time in nanoseconds. */
const isCountedFinely = existsSync("/proc/self/schedstat");

/** Whether this machine reports the CPU time of a process. */
export const isCpuKnown = existsSync("/proc/self/stat");

/** @returns the ids of all child processes of this process that are workerd; none without /proc */
export function runtimePids(): number[] {
  return childPids(({ name }) => name === "workerd");
}

/**
 * @returns the ids of all child processes of this process that `isWanted` accepts; none without
 *   /proc
 */
function childPids(isWanted: (stat: { name: string }) => boolean = () => true): number[] {
  if (!isCpuKnown) return [];
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.filter((pid) => {
    const stat = readStat(pid);
    return stat !== undefined && stat.parent === process.pid && isWanted(stat);
  });
}

/**
 * Returns the user and system time of all threads of a process in microseconds.
 *
 * @throws Error if the process has ended
 */
export function cpuUsOf(pid: number): number {
  const stat = readStat(pid);
  if (stat === undefined) throw new Error(`Process ${pid} has ended.`);
  return isCountedFinely ? schedulerUs(pid) : stat.ticks * tickUs;
}

/** Returns the time of the current threads. Both threads of workerd live as long as the process. */
function schedulerUs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).reduce((sum, thread) => {
    const [nanoseconds] = readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ", 1);
    return sum + Number(nanoseconds) / 1_000;
  }, 0);
}

function readStat(pid: number): { name: string; parent: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may contain anything. The state, the parent and other values follow
    // the name.
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const after = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { name, parent: Number(after[1]), ticks: Number(after[11]) + Number(after[12]) };
  } catch {
    return undefined;
  }
}
