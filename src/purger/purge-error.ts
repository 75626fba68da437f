// Why a purge was not sent or not accepted, said to whoever runs the origin.

/** A code, and one sentence each, without a secret in them. */
export interface Said {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

export class PurgeError extends Error {
  override readonly name = "PurgeError";
  /** From the answer where it gave one, such as "malformed"; else one of this folder's own. */
  readonly code: string;
  /** Of the answer; `undefined` when there was none. */
  readonly status: number | undefined;

  constructor(said: Said & { readonly status?: number }) {
    super(`${said.what} ${said.why} ${said.mend}`);
    this.code = said.code;
    this.status = said.status;
  }
}
