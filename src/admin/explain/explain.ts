// Explains one request: plans it and looks it up like a live request, but without side effects. The
// functions of a live request run here too, and fill the decision that Cache-Status is made from.
import type { TieredCache } from "../../create-cache.ts";
import type { Config, Route } from "../../config/config.ts";
import type { Context } from "../../proxy/site/exchange.ts";
import { requestDirectives } from "../../rules/cache-control.ts";
import { cacheStatus } from "../../rules/cache-status.ts";
import { unreachable } from "../../base/unreachable.ts";
import { Decision } from "../../observe/decision.ts";
import { mayCollapse } from "../../proxy/fetch/answer-from-origin.ts";
import { noteInstead } from "../../proxy/fetch/instead-of-origin.ts";
import { type LookupRequest, type PassedRequest, plan } from "../../proxy/request/plan.ts";
import { compileRoutes } from "../../proxy/request/routes.ts";
import type { UrlRead } from "../../proxy/request/url-reader.ts";
import { storedCandidate, lookedFurther, needOf, questionOf } from "../../proxy/reuse/need.ts";
import type { FoundResponse, Search } from "../../proxy/reuse/search.ts";
import {
  decide,
  decideOnError,
  isAnswer,
  missReason,
  type Verdict,
} from "../../proxy/reuse/verdict.ts";
import { notePass, passedInstead } from "../../proxy/fetch/pass-by.ts";
import { noteVerdict, searchFor } from "../../proxy/serve.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import { copiesFor, type FoundCopy } from "./copies.ts";
import type { Explanation, LookAccount, NextStep } from "./explanation.ts";
import { groundOf, groundOfCondition, groundOfPass, groundOfRefusedUrl } from "./grounds.ts";
import { keyAccountOf, quoted } from "./key-account.ts";
import { lastFor } from "./last-answer.ts";
import { matchingPurges } from "./matching-purges.ts";
import { nearestKey } from "./nearest-key.ts";
import { quietContext, type QuietSite } from "./quiet-context.ts";
import { refreshDue } from "./refresh-due.ts";
import { groundOfVerdict } from "./verdict-ground.ts";

/** The isolate and the context of an explanation. */
export interface ExplainSubject {
  readonly core: TieredCache<ResponseDetail>;
  /** Context of the operator's request. */
  readonly context: Context;
}

/**
 * Explains how this isolate would handle a request now. Counts, stores and refreshes nothing, and
 * sends nothing to an origin. Does not reject if tiers fail.
 *
 * @param read the parsed URL. If no client sent the request, parse with a reader that caches no
 *   URLs
 */
export async function explain(
  request: Request,
  read: UrlRead,
  explained: ExplainSubject,
): Promise<Explanation> {
  const { core } = explained;
  const context = quietContext(explained.context, core);
  const atMs = context.nowAtMs();
  const { name, match, origin } = read.route;
  const about = {
    colo: context.colo(),
    at: new Date(atMs).toISOString(),
    request: { method: request.method, url: request.url },
    route: {
      name,
      match: match.map(({ text }) => text),
      origin,
      alsoFit: routesBelow(request, read, context.site.config),
    },
  };
  const planned = plan(request, read, context);
  switch (planned.kind) {
    case "reserved":
      return { ...about, handling: "reserved", ...reserved };
    case "refuse":
      return { ...about, handling: "refused", ...refusedFor(read, about.route) };
    case "pass":
      return {
        ...about,
        handling: "passed-by",
        ...passedBy(planned.passed, about.route, context),
      };
    case "lookup": {
      if (context.site.bypasses(name)) {
        return {
          ...about,
          handling: "passed-by",
          ...passedBy(passedInstead("switch", request, read, context), about.route, context),
        };
      }
      const cookie = request.headers.get("cookie");
      const handling = await lookedUp({ lookup: planned.lookup, atMs, cookie, context }, core);
      return { ...about, handling: "looked-up", ...handling };
    }
    default:
      return unreachable(planned);
  }
}

/** Returns the names of later routes that also match the request. */
function routesBelow({ method }: Request, { target, route }: UrlRead, config: Config): string[] {
  const below = config.routes.slice(config.routes.indexOf(route) + 1);
  const other = method === "HEAD" ? "GET" : method;
  const takes = (one: Route) => compileRoutes({ ...config, routes: [one] })(target, other).route;
  return below.filter((one) => takes(one) === one).map(({ name }) => name);
}

type Handling = Pick<Explanation, "verdict" | "cacheStatus" | "next" | "look">;

const reserved: Handling = {
  verdict: {
    kind: "reserved",
    by: "operatorPath",
    clause: "operatorPath",
    why: "paths below /_cache/ are for the operator of this deployment",
  },
  cacheStatus: null,
  next: "end here",
};

function refusedFor({ otherwise }: UrlRead, { name }: Explanation["route"]): Handling {
  const by = otherwise === undefined ? "host" : "ambiguous-path";
  const verdict = { kind: "refuse", by, ...groundOfRefusedUrl(otherwise, name) };
  return { verdict, cacheStatus: null, next: "refuse: the URL" };
}

function passedBy(
  passed: PassedRequest,
  { name, alsoFit }: Explanation["route"],
  { site: { loops } }: Context<QuietSite>,
): Handling {
  const { request, rule } = passed;
  if (requestDirectives(request.headers).onlyIfCached) {
    const by = "only-if-cached";
    const verdict = { kind: "gateway-timeout", by, ...groundOf[by] };
    return { verdict, cacheStatus: null, next: "refuse: only-if-cached" };
  }
  const { whenCookies } = passed.route;
  const [below] = alsoFit;
  const isRoutesOwn = rule === "route" && below !== undefined;
  const verdict = {
    kind: "pass",
    by: rule,
    ...groundOfPass[rule],
    ...(isRoutesOwn && {
      hint: `if the page is for everybody, put ${quoted(below)} before ${quoted(name)}`,
    }),
    ...(rule === "route" && whenCookies && groundOfCondition(whenCookies)),
  };
  if (loops.wouldBeOne(request.headers.get("via"))) {
    return { verdict, cacheStatus: null, next: "refuse: loop" };
  }
  const decision = new Decision({ route: name });
  notePass(passed, decision);
  return { verdict, cacheStatus: cacheStatus(decision), next: "forward" };
}

interface LookUpAsk {
  readonly lookup: LookupRequest;
  readonly atMs: number;
  readonly cookie: string | null;
  readonly context: Context<QuietSite>;
}

async function lookedUp(
  { lookup, atMs, cookie, context }: LookUpAsk,
  core: ExplainSubject["core"],
): Promise<Handling> {
  const { site } = context;
  const search = searchFor(lookup, atMs, context);
  const found = await search.found();
  const verdict = found?.verdict ?? decide(missReason(search), search);
  noteVerdict(verdict, search);
  const { marker } = search;
  const { decision } = search.exchange;
  const next = await nextOf(verdict, found, search);
  const isSent = !next.startsWith("refuse");
  const copies = await copiesFor(search, found);
  const key = keyAccountOf(lookup, site.config, cookie);
  const nearest = nearestKey(search.lookup, core.tiers.memory.entries());
  const look: LookAccount = {
    key,
    ...(marker && { vary: { names: marker.names, variants: marker.variants.length } }),
    tiers: copies.map(({ account }) => account),
    purges: purgesFor(search, found, copies, core),
    ...(found && { judged: found.candidate.tier }),
    ...("ageSeconds" in verdict && { refresh: refreshDue(verdict, search) }),
    isDoubtSettledFirst: verdict.judged?.kind === "unverified" || site.view.isRenewedFirst(atMs),
    ...(nearest && { nearest }),
    ...lastFor(lookup, site, isAnswer(verdict) ? "answers" : found && "found"),
  };
  const result = { lookup, atMs, found, look };
  const ground = { kind: verdict.kind, by: verdict.by, ...groundOfVerdict(verdict, result) };
  return { verdict: ground, cacheStatus: isSent ? cacheStatus(decision) : null, next, look };
}

/**
 * Returns the next step of a live request. If a stale response would replace the origin's, also
 * records that in the decision.
 */
async function nextOf(
  verdict: Verdict,
  found: FoundResponse | undefined,
  search: Search<QuietSite>,
): Promise<NextStep> {
  if (isAnswer(verdict)) return verdict.kind === "serve" ? "answer" : "answer stale";
  if (verdict.kind === "gateway-timeout") return "refuse: only-if-cached";
  const { exchange, lookup, key } = search;
  const { site } = exchange;
  const { kind: health } = site.originHealth.peek(lookup, exchange.nowAtMs());
  if (health !== "well") {
    const why =
      verdict.kind === "validate" ? { validating: verdict.candidate } : fallbackOf(verdict);
    const known = await lookedFurther(needOf(search, found?.candidate, why));
    const allowed = decideOnError(storedCandidate(known), questionOf(known));
    if (allowed !== undefined) {
      noteInstead(allowed, "none", exchange.decision);
      return "answer stale in the origin's place";
    }
    if (health === "down") return "refuse: the origin is down";
  }
  const isUnderWay = site.flights.get(key.text, exchange.nowAtMs()) !== undefined;
  if (isUnderWay && mayCollapse(search)) return "wait for the forward that is under way";
  return verdict.kind === "validate" ? "validate" : "forward";
}

function fallbackOf(verdict: Verdict) {
  return { fallback: verdict.kind === "forward" ? verdict.fallback : undefined };
}

/**
 * Finds the purges that match the judged copy. Without a judged copy, finds the purges that match
 * another tier's copy, or else the URL.
 */
function purgesFor(
  { lookup, exchange: { decision } }: Search<QuietSite>,
  found: FoundResponse | undefined,
  copies: readonly FoundCopy[],
  { purging }: ExplainSubject["core"],
): LookAccount["purges"] {
  if (purging === undefined) return "no journal";
  const stored =
    found?.candidate.stored.metadata ?? copies.find(({ metadata }) => metadata)?.metadata;
  const url = { url: lookup.url, route: lookup.route.name, tags: [] };
  return matchingPurges(purging.view.entries, { stored, url }, decision.purge?.position);
}
