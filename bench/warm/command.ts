// Runs the command `tidemark warm` in a process, like an operator.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../packages/cli/src/tidemark.ts", import.meta.url));

export interface Ran {
  readonly code: number | null;
  /** The output of `--json`; `undefined` if it is not JSON. */
  readonly told: WarmReport | undefined;
  readonly notes: string;
}

/** The part of the report that the bench reads. */
export interface WarmReport {
  readonly pages: number;
  readonly doneBefore: number;
  readonly seconds: number;
  readonly addresses: readonly Readonly<Record<string, number>>[];
}

export interface Running {
  readonly ended: Promise<Ran>;
  /** Interrupts the command like Ctrl-C. */
  interrupt(): void;
}

export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, notes] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    notes += chunk.toString();
    process.stderr.write(chunk);
  });
  const ended = once(child, "close").then(([code]): Ran => ({ code, told: toldIn(out), notes }));
  return { ended, interrupt: () => void child.kill("SIGINT") };
}

function toldIn(out: string): WarmReport | undefined {
  try {
    return JSON.parse(out) as WarmReport;
  } catch {
    return undefined;
  }
}
