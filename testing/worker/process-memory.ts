// Measures the memory of the workerd processes that this process has started.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** @returns the sum of the resident MiB of all workerd children of this process */
export function workerdMebibytes(): number {
  const children = existsSync("/proc/self/stat") ? fromProc() : fromPs();
  const ours = children.filter(
    ({ parent, command }) => parent === process.pid && command.includes("workerd"),
  );
  if (ours.length === 0) throw new Error("This process has no workerd child.");
  return ours.reduce((sum, { residentKiB }) => sum + residentKiB, 0) / 1_024;
}

interface Process {
  readonly parent: number;
  readonly residentKiB: number;
  readonly command: string;
}

function fromProc(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
        const residentKiB = Number.parseInt(field("VmRSS") ?? "0", 10);
        return [{ parent: Number(field("PPid")), residentKiB, command: field("Name") ?? "" }];
      } catch {
        return []; // The process has ended.
      }
    });
}

function fromPs(): Process[] {
  const listed = execFileSync("ps", ["-A", "-o", "ppid=,rss=,comm="], { encoding: "utf8" });
  return listed
    .trim()
    .split("\n")
    .map((line) => {
      const [parent, resident, ...command] = line.trim().split(/\s+/);
      return { parent: Number(parent), residentKiB: Number(resident), command: command.join(" ") };
    });
}
