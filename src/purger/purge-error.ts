// Errors of sending purges, for the origin's operator.

/** A code and one sentence each, without secrets. */
export interface ErrorText {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

export class PurgeError extends Error {
  override readonly name = "PurgeError";
  /** From the answer if it has one, such as "malformed"; else a code of this folder. */
  readonly code: string;
  /** Status of the answer; `undefined` if there was none. */
  readonly status: number | undefined;

  constructor(said: ErrorText & { readonly status?: number }) {
    super(`${said.what} ${said.why} ${said.hint}`);
    this.code = said.code;
    this.status = said.status;
  }
}
