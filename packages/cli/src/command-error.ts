// The exit codes of the command, and the errors that end it: each with its cause, its fix and its exit code.
import { type Fault, faultText } from "../../../src/protocol/fault.ts";

export const exitCode = {
  /** Success. */
  done: 0,
  /** The site rejected the request or was unreachable, or the command itself failed. */
  failed: 1,
  /** The command line or a file is wrong. Nothing was sent. */
  usage: 2,
  /** Success, but with a problem: a finding of health or doctor, or a page or key that failed to warm. */
  findings: 3,
  /** Ended by Ctrl-C, SIGTERM, SIGHUP or a closed stdout, or by the answer "no". */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** An error whose message consists of the three sentences of a fault. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly fault: Fault;
  readonly exitCode: ExitCode;
  /**
   * The site's error code, such as `unauthorized`, or a code of the command, such as `usage` or
   * `unreachable`.
   */
  readonly code: string;

  constructor(fault: Fault, how: { exitCode: ExitCode; code: string; cause?: unknown }) {
    super(faultText(fault), { cause: how.cause });
    this.fault = fault;
    this.exitCode = how.exitCode;
    this.code = how.code;
  }
}

/** Creates an error for a wrong command line or file, before anything is sent. */
export function usageError(fault: Fault, cause?: unknown): CommandError {
  return new CommandError(fault, { exitCode: exitCode.usage, code: "usage", cause });
}

/** Creates an error for an attempt that failed. */
export function failure(fault: Fault, code = "failed", cause?: unknown): CommandError {
  return new CommandError(fault, { exitCode: exitCode.failed, code, cause });
}

/**
 * Creates an error for an interruption, such as Ctrl-C or a signal, or for the answer "no" to a
 * question.
 */
export function interruption(what: string, why = "It was interrupted."): CommandError {
  const fault = { what, why, hint: "Run the command again when you are ready." };
  return new CommandError(fault, { exitCode: exitCode.interrupted, code: "interrupted" });
}
