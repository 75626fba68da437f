// The environment of the command: that of a process, or of a test.
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { WriteStream } from "node:tty";
import { exitCode } from "./command-error.ts";

/** An output stream for people or programs. */
export interface Output {
  write(text: string): void;
  readonly isTty: boolean;
  /** The width of the terminal; 80 without one. */
  readonly columns: number;
}

/** The dependencies of a run. */
export interface World {
  /** The arguments after `tidemark`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The base of relative paths. */
  readonly folder: string;
  readonly input: Readable & { readonly isTTY?: boolean };
  /** stdout: results. */
  readonly output: Output;
  /** stderr: notes, questions, progress, errors. */
  readonly notes: Output;
  readonly fetch: typeof fetch;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Resolves early, without rejecting, when `interrupted` is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborted by Ctrl-C, SIGTERM or SIGHUP, and if a reader such as `head -1` closes stdout. */
  readonly interrupted: AbortSignal;
}

export function worldOf(process: NodeJS.Process): World {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => interruption.abort());
  }
  // An error of stderr cannot be reported anywhere.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE") return interruption.abort();
    process.exitCode = exitCode.failed;
    process.stderr.write(
      `stdout could not be written: ${cause.code}. Check where it is redirected to.\n`,
    );
  });
  return {
    args: process.argv.slice(2),
    env: process.env,
    folder: process.cwd(),
    input: process.stdin,
    output: outputOf(process.stdout),
    notes: outputOf(process.stderr),
    fetch: globalThis.fetch,
    nowAtMs: Date.now,
    sleep: (ms) =>
      setTimeout(ms, undefined, { signal: interruption.signal }).catch(() => undefined),
    interrupted: interruption.signal,
  };
}

function outputOf(stream: WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTty: stream.isTTY,
    get columns() {
      // Some terminals, as in containers, report 0.
      return stream.columns || 80;
    },
  };
}
