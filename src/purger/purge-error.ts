// The errors of sending purges, for the origin's operator.

/** A code and three sentences, without secrets. */
export interface ErrorText {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

export class PurgeError extends Error {
  override readonly name = "PurgeError";
  /**
   * The code in the response, such as "malformed". If the response has no code, the client's own
   * code, such as "redirect".
   */
  readonly code: string;
  /** The status of the response; `undefined` if there was no response. */
  readonly status: number | undefined;

  constructor(text: ErrorText & { readonly status?: number }) {
    super(`${text.what} ${text.why} ${text.hint}`);
    this.code = text.code;
    this.status = text.status;
  }
}
