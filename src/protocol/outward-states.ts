// The words for outward purges in metrics, states and answers.

/** Why a target did not confirm a request. */
export const failedOutcomes = [
  /** The target answered 429. */
  "rate-limited",
  /** The target answered 401 or 403. */
  "unauthorized",
  /** The target answered that it does not do this, and a retry would not help. */
  "refused",
  /** The target was unreachable, or answered 5xx. */
  "unavailable",
  "timed-out",
] as const;

export type FailedOutcome = (typeof failedOutcomes)[number];
export type OutwardOutcome = "delivered" | FailedOutcome;

/** Why everything is purged at a target. */
export const outwardResets = [
  /** The target is new, and the journal does not reach back far enough. */
  "new",
  /** The journal has lost or trimmed the entry at the cursor. */
  "journal-lost",
  /** The target's state was lost or changed. */
  "state-lost",
  /** The target refused narrower purges. */
  "refused",
  /** More purges waited than the rate limit allows. */
  "behind",
  /** An operator ordered it. */
  "skipped",
] as const;

export type OutwardReset = (typeof outwardResets)[number];
