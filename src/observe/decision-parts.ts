// The parts of a request's decision: tier lookups, tier writes, forwards, and the deciding purge.

/** The journal entry of the purge that decided the verdict. */
export interface DecidingPurge {
  readonly position: string;
  readonly reason?: string | undefined;
}

/** A write to a tier, or a failed removal. */
export interface TierChange {
  readonly tier: string;
  /** The result. */
  readonly kind: string;
}

/** A lookup in a tier below memory. `kind` is `passed-over` if the request skipped the tier. */
export interface TierLookup extends TierChange {
  /** How long the request waited for the read; `undefined` if it did not wait. */
  readonly tookMs: number | undefined;
}

/** The result of one forward. Both fields are `undefined` without an answer. */
export interface OriginReply {
  readonly status: number | undefined;
  /** The time from the request to the origin until the head of its answer. */
  readonly tookMs: number | undefined;
}

/** The stored response that answers, and its tier. */
export interface AnswerSource {
  readonly tier: string;
  readonly stored: {
    readonly metadata: { readonly status: number; readonly requestedAtMs: number };
  };
}
