// The slot of turns among all isolates: one of them forwards a key, and the others wait for its result.
import type { LeaderTurn } from "../../cache/load.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { Candidate } from "../stored/stored-response.ts";
import type { OriginFlight, SharedOutcome } from "./origin-outcome.ts";

/** A `PagePlace`, whose file imports the site. */
interface Place {
  readonly request: LookupRequest;
}

/** A refresh that waits for its turn. */
export interface RefreshInTurn {
  readonly flight: OriginFlight;
  /** Returns whether a stored response makes the refresh unnecessary. @param found a `FoundResponse` */
  accepts(this: void, found: { readonly candidate: Candidate }): boolean;
  /**
   * The timeout of the wait, after which the refresh forwards without its turn. If absent, the route's timeout
   * applies, and the refresh then forwards nothing.
   */
  readonly turnMsMax?: number | undefined;
}

/** The turns. Both methods return `undefined` on a route whose isolates forward for themselves. */
export interface TurnPort {
  /** Waits for the turn of a leader with a client. */
  ofLeader(
    pending: Place,
    flight: OriginFlight,
  ): Promise<LeaderTurn<SharedOutcome, Response>> | undefined;
  /** Returns whether the refresh forwards. If not, another isolate's outcome has settled its flight, if there is one. */
  ofRefresh(place: Place, refresh: RefreshInTurn): Promise<boolean> | undefined;
}
