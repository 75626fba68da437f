// The slot of substitutes: origins that answer while a route's own origin fails.
import type { FetchResult } from "../../cache/flights.ts";
import type { ForwardFlight, ForwardPlace, StampedAnswer } from "./forward-outcome.ts";

/** The substitutes of one isolate. Their answers are provisional; see `stored/provisional.ts`. */
export interface SubstitutePort {
  /** Returns whether a substitute may answer the request, if the route's own origin fails. */
  mayAnswer(pending: ForwardPlace): boolean;
  /**
   * Returns an answer that a substitute has given in the last N seconds, so that a failing origin gets no request
   * for each client.
   */
  answeredBefore(pending: ForwardPlace): Promise<Response | undefined>;
  /**
   * Answers in place of the route's own origin.
   *
   * @param pending its stamp is from before the forward to the route's own origin, so that every purge since then
   *   covers the answer
   * @returns `undefined` if no substitute may or can answer
   */
  ask(
    pending: ForwardPlace & Pick<StampedAnswer, "stamp">,
    flight: ForwardFlight,
  ): Promise<FetchResult<Response> | undefined>;
}
