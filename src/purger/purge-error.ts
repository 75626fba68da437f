// Why a purge was not sent or not accepted, said to whoever runs the origin.

export class PurgeError extends Error {
  override readonly name = "PurgeError";
  /** From the answer where it gave one, such as "malformed"; else one of this folder's own. */
  readonly code: string;
  /** Of the answer; `undefined` when there was none. */
  readonly status: number | undefined;

  /** `what`, `why` and `mend` are one sentence each, without a secret in them. */
  constructor(said: {
    code: string;
    what: string;
    why: string;
    mend: string;
    status?: number | undefined;
    cause?: unknown;
  }) {
    super(`${said.what} ${said.why} ${said.mend}`, { cause: said.cause });
    this.code = said.code;
    this.status = said.status;
  }
}
