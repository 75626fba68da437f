// What the record of a request holds of each tier, each forward and the purge that decided.

/** The entry of the purge journal that decided. */
export interface DecidingPurge {
  readonly position: string;
  readonly reason?: string | undefined;
}

/** A write to a tier, or a removal from one that it could not make. */
export interface TierChange {
  readonly tier: string;
  /** What it came to. */
  readonly kind: string;
}

/** One look into a tier below memory; `kind` is `passed-over` where the tier was not asked. */
export interface TierLook extends TierChange {
  /** How long the read was waited for; `undefined` where nothing was. */
  readonly tookMs: number | undefined;
}

/** What one forward came to; both are `undefined` where no answer came. */
export interface OriginHeard {
  readonly status: number | undefined;
  /** From the request to the origin until the head of its answer. */
  readonly tookMs: number | undefined;
}

/** A stored response, and the tier that it was read from. */
export interface Answering {
  readonly tier: string;
  readonly stored: { readonly metadata: { readonly status: number } };
}
