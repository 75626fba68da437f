// The input and output of a replay: requests of an access log, and what the cache does with them.

/** A request of an access log, and the answer that the origin gives if it is asked. */
export interface ReplayedRequest {
  /** The arrival, in epoch milliseconds. No request is earlier than the one before it. */
  readonly atMs: number;
  /** The name of the colo at which it arrives. */
  readonly colo: string;
  readonly method: string;
  readonly host: string;
  /** The path and query, as the client spelled them; `undefined` if the log has only `logged`. */
  readonly target: string | undefined;
  /** The client's fields; `undefined` if unknown. */
  readonly headers?: Headers | undefined;
  /** The client's country in ISO 3166-1 alpha-2. */
  readonly country?: string | undefined;
  readonly status: number;
  /** The size of the answer's body; `undefined` if unknown. */
  readonly bytes: number | undefined;
  /** The time until the origin's whole answer has arrived. */
  readonly originMs: number;
  /** Whether the origin answers with a 304 to a validation. */
  readonly isValidated?: boolean | undefined;
  readonly logged?: LoggedFacts | undefined;
}

/** The facts about a request that only Tidemark's own log has. They precede the configuration's. */
export interface LoggedFacts {
  /** The name of the route. */
  readonly route: string;
  /** The digest of the key; `undefined` without a lookup. */
  readonly key: string | undefined;
  readonly hasUnknownCookie: boolean;
  /**
   * When the purge was accepted that covered the stored response, in epoch milliseconds; `undefined`
   * for none.
   */
  readonly purgedAtMs: number | undefined;
  /** The lifetime that the origin's answer gave; `never` if it was not for all clients. */
  readonly freshSeconds: number | "never" | undefined;
}

/** The rules of a site in a replay. Phases as text, such as `buckets (keyed)`. */
export interface ReplayedRules {
  readonly names: readonly string[];
  readonly ran: readonly string[];
  /** The phases that need more than a request: an answer, a secret or the network. */
  readonly leftOut: readonly string[];
}

/** The settings of a replay. */
export interface ReplaySettings {
  /** The isolates in each colo, which take turns. */
  readonly isolateCount: number;
  /** The lifetime of answers to which neither the log nor the route gives one; `undefined`: none. */
  readonly freshSeconds: number | undefined;
  /** The most responses in all edge tiers, and in the shared tier. */
  readonly recordsMax: number;
}

/** The result of a replayed request. */
export interface ReplayResult {
  /** The name of its route; empty for none. */
  readonly route: string;
  /**
   * `collapsed`: it waited for another request's answer. `stored` and `forwarded`: the origin's answer was
   * stored, or was not. `passed`: it had no lookup.
   */
  readonly outcome: "hit" | "stale-hit" | "collapsed" | "stored" | "forwarded" | "passed";
  /** The path, or the key of the log; `undefined` without a lookup. */
  readonly page?: string;
  /** The request to the origin; `undefined` if it got none. */
  readonly origin?: OriginRequest;
}

/** A request that the origin gets. */
export interface OriginRequest {
  /** The size of the body that it sends. */
  readonly bytes: number;
  /** Whether it refreshes a response that has answered. */
  readonly isRefresh: boolean;
  /**
   * Where the lifetime of its answer comes from. `route-second`: the route's, although that of the origin
   * would precede it. `settings`: `freshSeconds`. `undefined` without a lookup.
   */
  readonly lifetimeFrom?: "log" | "route" | "route-second" | "settings" | "nothing";
}

/** The calls of the shared tier, by all colos. */
export interface SharedTierCalls {
  readonly reads: number;
  /** The reads that found a response. */
  readonly found: number;
  readonly writes: number;
  /** The rows that a Durable Object writes: that of each response is deleted later. */
  readonly rows: number;
  /** The bytes of bodies in both directions. */
  readonly bytes: number;
}
