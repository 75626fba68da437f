// The slot of fallback origins: origins that answer while a route's own origin fails.
import type { FetchResult } from "../../cache/flights.ts";
import type { OriginFlight, RequestPlace, StampedAnswer } from "./origin-outcome.ts";

/** The fallback origins of one isolate. Their answers are provisional; see `stored/provisional.ts`. */
export interface FallbackPort {
  /** Returns whether a fallback origin may answer the request, if the route's own origin fails. */
  mayAnswer(pending: RequestPlace): boolean;
  /**
   * Returns an answer that a fallback origin has given in the last N seconds, so that a failing origin gets no request
   * for each client.
   */
  answeredBefore(pending: RequestPlace): Promise<Response | undefined>;
  /**
   * Answers in place of the route's own origin.
   *
   * @param pending its stamp is from before the request to the route's own origin, so that every purge since then
   *   covers the answer
   * @returns `undefined` if no fallback origin may or can answer
   */
  ask(
    pending: RequestPlace & Pick<StampedAnswer, "stamp">,
    flight: OriginFlight,
  ): Promise<FetchResult<Response> | undefined>;
}
