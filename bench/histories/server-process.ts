// A server process on a port of its own, which can be killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { guardOf } from "../../testing/programs.ts";
import { freePort } from "../../local/free-port.ts";

interface ServerCommand {
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  /** Runs before each start. */
  readonly prepare?: (port: number) => Promise<void>;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Receives what the process prints to stderr. */
  readonly onErrors?: (text: string) => void;
}

/** Longer than any server here takes to start. */
const startMsMax = 60_000;

export class ServerProcess {
  readonly port: number;
  readonly url: string;
  /** The last errors of a process that ended without being killed. */
  crash: string | undefined;
  readonly #of: ServerCommand;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  private constructor(of: ServerCommand, port: number) {
    this.#of = of;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts the server, and resolves when it accepts connections. */
  static async start(of: ServerCommand): Promise<ServerProcess> {
    const server = new ServerProcess(of, await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const { command, args, cwd, env, onErrors, prepare } = this.#of;
    await prepare?.(this.port);
    const child = spawn(command, args(this.port), {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...env },
      ...(cwd !== undefined && { cwd }),
    });
    this.#child = child;
    this.#guard = guardOf(child);
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + String(chunk)).slice(-4_000);
      onErrors?.(String(chunk));
    });
    child.once("error", (cause) => (this.crash = cause.message));
    child.once("exit", (code, signal) => {
      if (this.#child === child) this.crash = `${signal ?? code}: ${errors}`;
    });
    const endAtMs = Date.now() + startMsMax;
    while (!(await accepts(this.port))) {
      if (this.crash !== undefined || Date.now() > endAtMs) {
        throw new Error(`${command} did not start. ${this.crash ?? errors}`);
      }
      await delay(50);
    }
  }

  /** Ends the process and its workers at once, as a crash does. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const workers = await workersOf(child);
      // Workers keep stderr open, so this event waits for them too.
      const closed = once(child, "close");
      child.kill("SIGKILL");
      kill(workers);
      await closed;
    }
    this.#guard?.kill("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Kills the workers of a master process, which starts them again. */
  async killWorkers(): Promise<void> {
    if (this.#child !== undefined) kill(await workersOf(this.#child));
    while (!(await accepts(this.port))) await delay(20);
  }
}

/** Returns the ids of a process's children, none where there is no `/proc`. */
async function workersOf({ pid }: ChildProcess): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return children.split(" ").filter(Boolean).map(Number);
}

function kill(workers: readonly number[]): void {
  for (const worker of workers) {
    try {
      process.kill(worker, "SIGKILL");
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
    }
  }
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
