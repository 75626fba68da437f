// Trouble an operator can mend, found while an entry point reads its settings.

/** One sentence each; `mend` names the command or setting that ends the trouble. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";

  constructor(said: { what: string; why: string; mend: string; cause?: unknown }) {
    super(`${said.what} ${said.why} ${said.mend}`, { cause: said.cause });
  }
}
