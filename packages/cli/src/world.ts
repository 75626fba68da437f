// All that the command meets outside of itself, so that a test can stand in for it.
import type { Readable } from "node:stream";

/** A stream that people or programs read. */
export interface Output {
  write(text: string): void;
  readonly isTty: boolean;
  /** Of the terminal; 80 where there is none. */
  readonly columns: number;
}

/** What a run of the command is given. */
export interface World {
  /** What follows `tidemark`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** The user's own folder. */
  readonly home: string;
  readonly input: Readable & { readonly isTTY?: boolean };
  /** stdout: what was asked for. */
  readonly output: Output;
  /** stderr: notes, questions, progress, errors. */
  readonly notes: Output;
  readonly fetch: typeof fetch;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Resolves early, and does not reject, once `interrupted` is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
  /** Aborted by Ctrl-C, SIGTERM or SIGHUP; with `OutputClosed` where nobody reads stdout any more. */
  readonly interrupted: AbortSignal;
}

/** Why a run is interrupted whose reader has gone, such as `head -1`. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
