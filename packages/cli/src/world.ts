// The environment of the command, which tests can replace.
import type { Readable } from "node:stream";

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
  /** The user's home folder. */
  readonly home: string;
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
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  /** Aborted by Ctrl-C, SIGTERM or SIGHUP, and with `OutputClosed` if stdout was closed. */
  readonly interrupted: AbortSignal;
}

/** The reason for an interruption after a reader such as `head -1` has closed stdout. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
