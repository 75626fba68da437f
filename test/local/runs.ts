// Runs `npm start` and `tidemark start` as child processes, and waits for their output and end.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { rawRequest } from "../../testing/worker/raw-request.ts";

const started = new Set<ChildProcess>();

export interface Run {
  readonly child: ChildProcess;
  /** Returns the output on stdout until now. */
  readonly output: () => string;
  /** Returns the output on stderr until now. */
  readonly errors: () => string;
}

interface Where {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
}

export function startRun(script: string, args: readonly string[], where: Where = {}): Run {
  const env = { ...process.env, ...where.env };
  const child = spawn(process.execPath, [script, ...args], { env, cwd: where.folder });
  started.add(child);
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return { child, output: () => output, errors: () => errors };
}

const endMsMax = 5_000;

/**
 * Ends the runs that a test has left, at first by SIGTERM: a killed run leaves its runtimes behind.
 */
export async function endAll(): Promise<void> {
  for (const child of started) {
    const late = setTimeout(() => child.kill("SIGKILL"), endMsMax);
    await ended(child, "SIGTERM").finally(() => clearTimeout(late));
  }
}

/** Waits for the end of a process. @returns its exit code */
export async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  started.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "close");
  if (signal !== undefined) child.kill(signal);
  await exit;
  return child.exitCode;
}

const sayMsMax = 120_000;

/**
 * Resolves once a run has printed all texts. @throws Error if the run ends first, or is too slow
 */
export async function told(run: Run, ...texts: readonly (string | RegExp)[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = () => {
    const said = run.output() + run.errors();
    const isSaid = (text: string | RegExp) =>
      typeof text === "string" ? said.includes(text) : text.test(said);
    if (texts.every(isSaid)) resolve();
  };
  for (const stream of [run.child.stdout, run.child.stderr]) stream?.on("data", look);
  run.child.once("exit", () => reject(new Error(`The run ended: ${run.errors()}`)));
  const late = setTimeout(() => {
    reject(
      new Error(`The run has not printed ${texts.join(", ")}:\n${run.output()}\n${run.errors()}`),
    );
  }, sayMsMax);
  look();
  await promise.finally(() => clearTimeout(late));
}

/**
 * These ports are below those that the system assigns. Suites that run at the same time have other
 * ports.
 */
let nextPort = 20_000 + 20 * (process.pid % 500);

/** @returns the first of two neighbouring ports that are free */
export async function freePorts(): Promise<number> {
  const port = nextPort;
  nextPort += 2;
  const areFree = (await isFree(port)) && (await isFree(port + 1));
  return areFree ? port : freePorts();
}

function isFree(port: number): Promise<boolean> {
  const trial = createServer();
  return new Promise((resolve) => {
    trial.once("error", () => resolve(false));
    trial.listen(port, "127.0.0.1", () => trial.close(() => resolve(true)));
  });
}

export async function isOpen(port: number): Promise<boolean> {
  return rawRequest(`http://127.0.0.1:${port}`, "/").then(
    () => true,
    () => false,
  );
}
