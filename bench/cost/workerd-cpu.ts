// CPU time of the workerd processes that this process has started.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** @returns user and system time until now, all of them together; `undefined` where there is no /proc */
export function workerdCpuMs(): number | undefined {
  if (!existsSync("/proc/self/stat")) return undefined;
  const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  const ticks = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(ticksOfOurs)
    .filter((each) => each !== undefined);
  if (ticks.length === 0) throw new Error("No workerd process is a child of this one.");
  return (ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond) * 1_000;
}

/** proc(5): the name is in parentheses; utime and stime are the 14th and 15th field. */
function ticksOfOurs(pid: string): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const [, parent, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    if (name !== "workerd" || Number(parent) !== process.pid) return undefined;
    return Number(rest[9]) + Number(rest[10]);
  } catch {
    return undefined; // It ended meanwhile.
  }
}
