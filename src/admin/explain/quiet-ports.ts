// The ports of a request that is only explained: they read what the isolate knows, and change nothing.
import type { TieredCache } from "../../create-cache.ts";
import type { Isolate } from "../../create-proxy.ts";
import type { Planning } from "../../proxy/request/plan.ts";
import type { SearchForPorts } from "../../proxy/serve.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import type { LastAnswersPeek } from "../../proxy/storing/last-answers.ts";
import { quietTiers } from "./quiet-tiers.ts";

/** For one explanation. */
export interface QuietPorts extends Planning, SearchForPorts {
  readonly bypasses: Isolate["bypasses"];
  readonly lastAnswers: LastAnswersPeek;
  readonly originHealth: SearchForPorts["originHealth"] & Pick<Isolate["originHealth"], "peek">;
}

/**
 * Written out member by member, so that nothing is inherited that could count, fill or begin anything.
 *
 * @param colo where the request that is explained arrives
 */
export function quietPorts(
  isolate: Isolate,
  core: TieredCache<ResponseDetail>,
  colo: () => string,
): QuietPorts {
  const { uncacheable, sharedOdds, originHealth, flights, knownVary, invalidations } = isolate;
  const { config, loops, address, nowAtMs, view, bypasses } = isolate;
  return {
    config,
    loops,
    address,
    nowAtMs,
    view,
    bypasses,
    colo,
    afterAnswer: () => undefined,
    tiers: quietTiers(core.tiers),
    lastAnswers: isolate.lastAnswers,
    flights: { get: (key, atMs) => flights.peek(key, atMs) },
    lifts: { begin: () => false, end: () => undefined },
    uncacheable: {
      forAll: { has: (key, atMs) => uncacheable.forAll.peek(key, atMs) },
      forSessions: { has: (key, atMs) => uncacheable.forSessions.peek(key, atMs) },
      stood: { mark: () => undefined },
    },
    sharedOdds: {
      isWorthAsking: (place) => sharedOdds.peek(place),
      brought: () => undefined,
    },
    knownVary: { names: (key) => knownVary.peek(key) },
    invalidations: { covers: (stored, key) => invalidations.peek(stored, key) },
    originHealth: {
      spareLook: (asked, atMs) => originHealth.peek(asked, atMs).sparesLook,
      peek: (asked, atMs) => originHealth.peek(asked, atMs),
    },
  };
}
