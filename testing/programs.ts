// Runs other programs that tests need, such as databases and web servers, if they are installed.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";

/**
 * Returns whether a program was found. Without it, its tests are skipped.
 *
 * @param name the end of the variable, such as TIDEMARK_REQUIRE_NGINX, that makes its absence an error
 * @param lack says what is missing, how to install it, and which tests need it
 */
export function isInstalled(name: string, isFound: boolean, lack: string): boolean {
  const variable = `TIDEMARK_REQUIRE_${name}`;
  if (!isFound && process.env[variable] === "1") {
    throw new Error(`${variable} is 1, but: ${lack}`);
  }
  if (!isFound) console.warn(lack);
  return isFound;
}

interface ProgramStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  /**
   * The program's own message that it is ready, or a wait for its answer. Another process may
   * answer on a port that the program did not get.
   */
  readonly ready: string | ((printed: () => string) => Promise<void>);
  /** Whether the program starts a group, which its children are in. */
  readonly isGroup?: boolean;
  /** The signal that ends the program. Default: SIGKILL. */
  readonly endsBy?: NodeJS.Signals;
  /** Removed after the program has ended. */
  readonly folder?: string;
}

export interface Program {
  readonly pid: number;
  /** Returns the output so far, or its beginning. */
  readonly printed: () => string;
  /** Sends the signal that ends the program, without waiting. */
  readonly kill: () => void;
  readonly stop: () => Promise<void>;
}

const printedCharsMax = 1_000_000;

/**
 * Starts a program that stays in the foreground, and waits until it is ready. It ends with this process.
 *
 * @throws Error with the output of the program if it does not start
 */
export async function startProgram(start: ProgramStart): Promise<Program> {
  const { command, args, ready, cwd, isGroup = false, endsBy = "SIGKILL", folder } = start;
  const child = spawn(command, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...start.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: isGroup,
  });
  let printed = "";
  const told = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    // The output is read until the end, so that the program never blocks on a full pipe.
    stream.on("data", (part) => {
      if (printed.length < printedCharsMax) printed += String(part);
      if (typeof ready === "string" && printed.includes(ready)) told.resolve();
    });
  }
  const gone = once(child, "exit");
  const guard = guardOf(child, isGroup ? "group" : "process");
  const kill = () => void child.kill(endsBy);
  const stop = async () => {
    kill();
    await gone;
    guard.kill("SIGKILL");
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  const failed = gone.then(() => {
    throw new Error(`${command} did not start. It printed:\n${printed}`);
  });
  try {
    await Promise.race([typeof ready === "string" ? told.promise : ready(() => printed), failed]);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { pid: child.pid ?? 0, printed: () => printed, kill, stop };
}

/**
 * Starts a process that kills a program when its own input closes. The input closes when this
 * process ends in any way.
 *
 * @param of `group` if the program was started as a group, which its children are in
 */
export function guardOf(program: ChildProcess, of: "process" | "group" = "process"): ChildProcess {
  const script = `read -r _; kill -9 ${of === "group" ? "-" : ""}${program.pid}`;
  return spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
}

export interface WebServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export interface WebServerStart extends Pick<ProgramStart, "command" | "args" | "env" | "folder"> {
  readonly port: number;
}

/** Starts a web server, and waits until it answers, even with an error. */
export async function startWebServer({ port, ...start }: WebServerStart): Promise<WebServer> {
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<void> => {
    while (
      (await fetch(url).then(
        (answer) => answer.text(),
        () => undefined,
      )) === undefined
    ) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  // Apache ends by a signal to its group.
  const { stop } = await startProgram({ ...start, ready, isGroup: true, endsBy: "SIGTERM" });
  return { url, stop };
}
