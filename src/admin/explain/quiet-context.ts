// A read-only context for explanations: it reads the isolate's state and changes nothing.
import type { TieredCache } from "../../create-cache.ts";
import type { Context } from "../../proxy/site/exchange.ts";
import type { LastAnswersPeek } from "../../proxy/site/last-answers.ts";
import type { LookupSite, Site } from "../../proxy/site/site.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import { quietTiers } from "./quiet-tiers.ts";

export interface QuietSite extends LookupSite {
  readonly lastAnswers: LastAnswersPeek;
  readonly originHealth: LookupSite["originHealth"] & Pick<Site["originHealth"], "peek">;
}

/** Creates the context. Names each member of the site, so that none with side effects slips in. */
export function quietContext(
  context: Context,
  core: TieredCache<ResponseDetail>,
): Context<QuietSite> {
  const { site } = context;
  const { uncacheable, originHealth, flights, knownVary, invalidations } = site;
  const { config, loops, nowAtMs, view, bypasses, lastAnswers } = site;
  const quiet: QuietSite = {
    config,
    loops,
    nowAtMs,
    bypasses,
    view: quietView(view),
    random: () => 1,
    tiers: quietTiers(core.tiers),
    lastAnswers,
    flights: { get: (key, atMs) => flights.peek(key, atMs) },
    copied: { has: () => true, mark: () => undefined },
    lifts: { begin: () => false, end: () => undefined },
    uncacheable: {
      forAll: { has: (key, atMs) => uncacheable.forAll.peek(key, atMs) },
      pass: { has: (key, atMs) => uncacheable.pass.peek(key, atMs) },
      forSessions: { has: (key, atMs) => uncacheable.forSessions.peek(key, atMs) },
      successes: { mark: () => undefined },
    },
    knownVary: { names: (key) => knownVary.peek(key) },
    invalidations: { covers: (stored, key) => invalidations.peek(stored, key) },
    originHealth: {
      spareLook: (page, atMs) => originHealth.peek(page, atMs).sparesLook,
      peek: (page, atMs) => originHealth.peek(page, atMs),
    },
  };
  return { ...context, site: quiet, afterAnswer: () => undefined, sampled: undefined };
}

/** The current view. Lookups do not renew it. */
function quietView(view: PurgeView): QuietSite["view"] {
  return {
    attend: () => undefined,
    seek: () => undefined,
    failedAtMs: view.failedAtMs,
    bypasses: (route) => view.bypasses(route),
    isRenewedFirst: (atMs) => view.isRenewedFirst(atMs),
    judge: (record, ask) => view.judge(record, ask),
    mayBeValidated: (record, ask) => view.mayBeValidated(record, ask),
    isUnreachable: (ask) => view.isUnreachable(ask),
    purgedSince: (record, sinceAtMs) => view.purgedSince(record, sinceAtMs),
  };
}
