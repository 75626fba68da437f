// What ends the command early: what, why and what would be right, and the exit code.
import { type Fault, faultText } from "../../../src/protocol/fault.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";

/** Its message is the three sentences of the fault. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly fault: Fault;
  readonly exitCode: ExitCode;
  /** Of the site's refusal, such as `unauthorized`; or `usage`, `failed`, `interrupted`. */
  readonly code: string;

  constructor(fault: Fault, how: { exitCode: ExitCode; code: string; cause?: unknown }) {
    super(faultText(fault), { cause: how.cause });
    this.fault = fault;
    this.exitCode = how.exitCode;
    this.code = how.code;
  }
}

/** The command line, a profile or a file is wrong: nothing was sent. */
export function usageError(fault: Fault, cause?: unknown): CommandError {
  return new CommandError(fault, { exitCode: exitCode.usage, code: "usage", cause });
}

/** It was tried, and failed. */
export function failure(fault: Fault, code = "failed", cause?: unknown): CommandError {
  return new CommandError(fault, { exitCode: exitCode.failed, code, cause });
}

/** Ctrl-C, or the answer no to a question. */
export function interruption(what: string, why = "It was interrupted."): CommandError {
  const fault = { what, why, mend: "Run it again when you want it." };
  return new CommandError(fault, { exitCode: exitCode.interrupted, code: "interrupted" });
}
