// Trouble an operator can mend, found while an entry point reads its settings.

/** One sentence each; `mend` names the command or setting that ends the trouble. */
export interface Fault {
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

/** Why something was not done, and what would be right. */
export type Reason = Pick<Fault, "why" | "mend">;

/** Its message is the three sentences of a fault. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly fault: Fault;

  constructor({ cause, ...fault }: Fault & { readonly cause?: unknown }) {
    super(faultText(fault), { cause });
    this.fault = fault;
  }
}

/** @returns its sentences in one line */
export function faultText({ what, why, mend }: Fault): string {
  return `${what} ${why} ${mend}`;
}

/** Tells a fault from the value that is there in its place otherwise. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "mend" in value;
}

/** @returns `undefined` for what is no OperatorError; one of another copy of this module is one, too */
export function faultOf(cause: unknown): Fault | undefined {
  const isOperatorError = cause instanceof Error && cause.name === "OperatorError";
  return isOperatorError && "fault" in cause && isFault(cause.fault) ? cause.fault : undefined;
}
