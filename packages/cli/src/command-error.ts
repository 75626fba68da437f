// An error that ends the command, with its cause, its fix and the exit code.
import { type Fault, faultText } from "../../../src/protocol/fault.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";

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

/** Creates an error for a wrong command line, profile or file, before anything is sent. */
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
