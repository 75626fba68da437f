// Errors that an operator can fix, such as wrong settings.

/** The three sentences of a fault. `hint` names the command or setting that fixes it. */
export interface Fault {
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

/** The cause of a rejection, and the fix. */
export type Reason = Pick<Fault, "why" | "hint">;

/** An error whose message is the three sentences of a fault. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly fault: Fault;

  constructor({ cause, ...fault }: Fault & { readonly cause?: unknown }) {
    super(faultText(fault), { cause });
    this.fault = fault;
  }
}

/** Joins the three sentences of a fault. */
export function faultText({ what, why, hint }: Fault): string {
  return `${what} ${why} ${hint}`;
}

/** Distinguishes a fault from the value that it replaces. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "hint" in value;
}

/**
 * Returns the fault of an OperatorError, even from another copy of this module; otherwise
 * `undefined`.
 */
export function faultOf(cause: unknown): Fault | undefined {
  const isOperatorError = cause instanceof Error && cause.name === "OperatorError";
  return isOperatorError && "fault" in cause && isFault(cause.fault) ? cause.fault : undefined;
}
