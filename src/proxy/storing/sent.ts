// What storing hands back to whoever asked the origin: the answer at once, the end of the stores later.
import type { ForwardOutcome } from "../reuse/forward-outcome.ts";
import type { Answer } from "../reuse/need.ts";

/** An answer that is on its way to its client, and the stores that go on behind it. */
export interface Sent {
  readonly answer: Answer;
  /** Settles once nothing is left to be stored. Never rejects. */
  readonly done: Promise<void>;
}

/**
 * Tells those who wait for the same what they get: as soon as the response is stored whole, or it is
 * clear that there is nothing to share. Only the first word counts.
 */
export type Tell = (outcome: ForwardOutcome) => void;
