// Explains one request: the steps of a live request run with `effects: none`, up to the step that
// would answer, wait or forward. The decision that they leave becomes an explanation.
import type { TieredCache } from "../../../compose/create-cache.ts";
import { discardBody } from "../../../cache/record/record.ts";
import type { Config, Route } from "../../../config/config.ts";
import type { Context } from "../../../pages/site/exchange.ts";
import { cacheStatus } from "../../../rules/cache-status.ts";
import { cancelBody } from "../../../base/cancel-body.ts";
import { unreachable } from "../../../base/unreachable.ts";
import type { RuledAnswer } from "../../../part/port/phases.ts";
import { Decision } from "../../../observe/decision.ts";
import { mayCollapse } from "../../../pages/fetch/answer-on-miss.ts";
import { usableStale } from "../../../pages/fetch/instead-of-origin.ts";
import {
  type LookupRequest,
  type PassedRequest,
  plan,
  passedRequest,
} from "../../../pages/request/plan.ts";
import { requestForWhole } from "../../../pages/request/conditions.ts";
import { compileRoutes } from "../../../routing/routes.ts";
import type { UrlRead } from "../../../routing/url-reader.ts";
import { isRefreshDue } from "../../../pages/reuse/early-refresh.ts";
import { pendingRequest } from "../../../pages/reuse/pending-request.ts";
import type { FoundResponse, PageLookup } from "../../../pages/reuse/page-lookup.ts";
import { fieldsOfVariants } from "../../../pages/reuse/vary-markers.ts";
import { type AnsweringVerdict, isAnswer, type Verdict } from "../../../pages/reuse/may-answer.ts";
import { notePass, refusalOfPass } from "../../../pages/fetch/pass-by.ts";
import { reachOf, lookupFor, verdictOrBypass } from "../../../pages/serve.ts";
import type { ResponseDetail } from "../../../pages/stored/stored-response.ts";
import type { Explanation, LookAccount, Reason } from "../../../protocol/explain-answer.ts";
import { copiesFor, type FoundCopy } from "./copies.ts";
import { keyAccountOf } from "./key-account.ts";
import { lastFor } from "./explain-last-answer.ts";
import { matchingPurges } from "./matching-purges.ts";
import { nearestKey } from "./nearest-key.ts";
import { credentialsIn } from "../../../pages/request/personal.ts";
import type { NextStep, VerdictCase } from "./codes.ts";
import { neverFresh, overridden, reasonOfCondition, reasonOfRefusedUrl } from "./reasons.ts";

/** The isolate and the context of an explanation. */
export interface ExplainSubject {
  readonly core: TieredCache<ResponseDetail>;
  /** Context of the operator's request. */
  readonly context: Context;
  /**
   * Whether to renew the purge view first, as the explained request would. A live request renews
   * its own.
   */
  readonly renewsView: boolean;
}

/**
 * Explains how this isolate would handle a request now. Counts, stores and refreshes no response,
 * and sends nothing to an origin. Does not reject if tiers fail.
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
  const unruled: Context = {
    ...explained.context,
    effects: "none",
    afterAnswer: () => undefined,
    sampled: undefined,
  };
  const atMs = unruled.nowAtMs();
  const { name, match, origin } = read.route;
  const about = {
    colo: unruled.colo(),
    at: new Date(atMs).toISOString(),
    request: { method: request.method, url: request.url },
    route: {
      name,
      match: match.map(({ text }) => text),
      origin,
      alsoFit: routesBelow(request, read, unruled.site.config),
    },
  };
  const passing = (passed: PassedRequest): Explanation => ({
    ...about,
    handling: "passed-by",
    ...passedBy(passed, about.route, context),
  });
  const whole = requestForWhole(request, read.route);
  const admission = read.isReserved ? undefined : await read.route.phases.admits?.(whole, read);
  if (admission !== undefined && "response" in admission) {
    cancelBody(admission.response);
    return { ...about, handling: "ruled", ...ruledBy(admission) };
  }
  const context: Context = { ...unruled, admission };
  const planned = plan(whole, read, context);
  switch (planned.kind) {
    case "reserved":
      return { ...about, handling: "reserved", ...reserved };
    case "refuse":
      return { ...about, handling: "refused", ...refusedFor(read, about.route) };
    case "pass":
      return passing(planned.passed);
    case "lookup": {
      if (explained.renewsView) await renewView(planned.request, explained.context);
      const reach = await reachOf(planned.request, atMs, explained.context);
      const lookup = lookupFor(planned.request, atMs, { ...context, reach });
      const found = await lookup.lookUp();
      const verdict = verdictOrBypass(found, lookup, { client: request });
      if (typeof verdict === "string") {
        discardBody(found?.candidate.stored);
        return passing(passedRequest(verdict, request, read, context));
      }
      const cookie = request.headers.get("cookie");
      const fragments = await fragmentsOf(read, lookup, found);
      const ended = { planned: planned.request, lookup, found, verdict, cookie, fragments, atMs };
      const handling = await lookedUp(ended, core);
      discardBody(found?.candidate.stored);
      return { ...about, handling: "looked-up", ...handling };
    }
    default:
      return unreachable(planned);
  }
}

/** Renews the view if a live request would, also for a stored response that it cannot verify. */
async function renewView(request: LookupRequest, context: Context): Promise<void> {
  const peek = lookupFor(request, context.nowAtMs(), { ...context, effects: "none" });
  await peek.renewIfDue()?.();
  const found = await peek.lookUp();
  discardBody(found?.candidate.stored);
  if (found !== undefined) await peek.seek(found);
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
  verdict: { kind: "reserved", by: "operatorPath" },
  cacheStatus: null,
  next: "end here" satisfies NextStep,
};

function ruledBy({ response: { status }, by }: RuledAnswer): Handling {
  const verdict = { kind: "ruled", by, values: { status } };
  return { verdict, cacheStatus: null, next: "answer by a rule" satisfies NextStep };
}

function refusedFor({ otherwise }: UrlRead, { name }: Explanation["route"]): Handling {
  const by = otherwise === undefined ? "host" : "ambiguous-path";
  const verdict = { kind: "refuse", by, ...reasonOfRefusedUrl(otherwise, name) };
  return { verdict, cacheStatus: null, next: "refuse: the URL" satisfies NextStep };
}

function passedBy(
  passed: PassedRequest,
  { name }: Explanation["route"],
  context: Context,
): Handling {
  const { rule } = passed;
  const refusal = refusalOfPass(passed, context);
  if (refusal === "only-if-cached") {
    const verdict = { kind: "gateway-timeout", by: refusal };
    return { verdict, cacheStatus: null, next: "refuse: only-if-cached" satisfies NextStep };
  }
  const { when } = passed.route;
  const closer = rule === "route" && when ? reasonOfCondition(when) : {};
  const verdict = { kind: "pass", by: rule, ...closer };
  if (refusal !== undefined) {
    const next: NextStep = refusal === "loop" ? "refuse: loop" : "refuse: the method";
    return { verdict, cacheStatus: null, next };
  }
  const decision = new Decision({ route: name });
  notePass(passed, decision);
  return { verdict, cacheStatus: cacheStatus(decision), next: "forward" satisfies NextStep };
}

/** A lookup without effects, with its result and its verdict. */
interface EndedLookup {
  /** The request as planned, before the lookup followed a marker. */
  readonly planned: LookupRequest;
  readonly lookup: PageLookup;
  readonly found: FoundResponse | undefined;
  readonly verdict: Verdict;
  /** The value of `Cookie`; `null` for none. */
  readonly cookie: string | null;
  readonly fragments: LookAccount["fragments"];
  readonly atMs: number;
}

/** Returns the fragments of the stored template; `undefined` if no page of the route has fragments. */
async function fragmentsOf(
  read: UrlRead,
  { exchange: { site } }: PageLookup,
  found: FoundResponse | undefined,
): Promise<LookAccount["fragments"]> {
  if (site.assembly === undefined || read.route.traits.assembles !== true) return undefined;
  const stored = found?.candidate.stored;
  if (stored?.body.kind !== "blob") return "unknown";
  const headers = new Headers(stored.metadata.fields as [string, string][]);
  const template = new Response(stored.body.blob, { headers });
  return site.assembly.fragmentsIn(template, read, site.siteHosts);
}

async function lookedUp(ended: EndedLookup, core: ExplainSubject["core"]): Promise<Handling> {
  const { planned, lookup, found, verdict, cookie, fragments, atMs } = ended;
  const { marker } = lookup;
  const { site, decision } = lookup.exchange;
  const next = await nextOf(ended);
  const isSent = !next.startsWith("refuse");
  const copies = await copiesFor(lookup, found);
  const nearest = nearestKey(lookup.request, core.tiers.memory.entries());
  const names = fieldsOfVariants(marker?.names ?? []);
  const look: LookAccount = {
    key: keyAccountOf(planned, site.config, cookie),
    ...(names.length > 0 && { vary: { names, variants: marker?.variants.length ?? 0 } }),
    tiers: copies.map(({ account }) => account),
    ...(fragments && { fragments }),
    purges: purgesFor(lookup, found, copies, core),
    ...(found && { judged: found.candidate.tier }),
    ...("ageSeconds" in verdict && { refresh: refreshDue(verdict, lookup) }),
    isDoubtSettledFirst: verdict.judged?.kind === "unverified" || site.view.isRenewedFirst(atMs),
    ...(nearest && { nearest }),
    ...lastFor(planned, site, isAnswer(verdict) ? "answers" : found && "found"),
  };
  const reasoned = { kind: verdict.kind, by: verdict.by, ...closerReason(ended) };
  return { verdict: reasoned, cacheStatus: isSent ? cacheStatus(decision) : null, next, look };
}

/**
 * Returns the next step of a live request. If a stale response would replace the origin's, the
 * decision records that.
 */
async function nextOf({ verdict, found, lookup }: EndedLookup): Promise<NextStep> {
  if (isAnswer(verdict)) return verdict.kind === "serve" ? "answer" : "answer stale";
  if (verdict.kind === "gateway-timeout") return "refuse: only-if-cached";
  const { exchange, request, key } = lookup;
  const { site } = exchange;
  const health = site.originHealth.kindOf(request);
  const why =
    verdict.kind === "validate"
      ? { validating: verdict.candidate }
      : { stale: verdict.kind === "forward" ? verdict.stale : undefined };
  const pending = pendingRequest(lookup, found?.candidate, why);
  const isElsewhere = site.fallbacks?.mayAnswer(pending) === true;
  if (health !== "well" && !(isElsewhere && request.route.traits.asksFallbacksFirst === true)) {
    const stale = await usableStale(pending, "none");
    if (stale !== undefined) {
      discardBody(stale.candidate.stored);
      return "answer stale in the origin's place";
    }
    if (health === "down" && !isElsewhere) return "refuse: the origin is down";
  }
  const isUnderWay = site.flights.get(key.text, exchange.nowAtMs()) !== undefined;
  if (isUnderWay && mayCollapse(lookup)) return "wait for the origin request that is under way";
  if (health === "down" && isElsewhere) return "forward to a fallback origin";
  return verdict.kind === "validate" ? "validate" : "forward";
}

/** Predicts the refresh from the lowest and the highest random number, without drawing one. */
function refreshDue(
  answer: AnsweringVerdict,
  { place, atMs }: PageLookup,
): NonNullable<LookAccount["refresh"]> {
  const { exchange } = place;
  const { site } = exchange;
  const isDue = (draw: number) =>
    isRefreshDue(answer, {
      ...place,
      exchange: { ...exchange, site: { ...site, random: () => draw } },
      atMs,
    });
  if (isDue(1)) return "yes";
  return isDue(Number.MIN_VALUE) ? "by chance" : "no";
}

/**
 * Finds the purges that match the judged copy. Without a judged copy, finds the purges that match
 * another tier's copy, or else the URL.
 */
function purgesFor(
  { request, exchange: { decision } }: PageLookup,
  found: FoundResponse | undefined,
  copies: readonly FoundCopy[],
  { purging }: ExplainSubject["core"],
): LookAccount["purges"] {
  if (purging === undefined) return "no journal";
  const stored =
    found?.candidate.stored.metadata ?? copies.find(({ metadata }) => metadata)?.metadata;
  const url = { url: request.url, route: request.route.name, tags: [] };
  return matchingPurges(purging.view.tail.entries, { stored, url }, decision.purge?.position);
}

/** Returns what the rule alone does not tell of this request and page. */
function closerReason({ planned, lookup, found, verdict: { by, judged } }: EndedLookup): Reason {
  const code = (name: VerdictCase) => ({ case: name });
  const metadata = found?.candidate.stored.metadata;
  if (by === "purged") {
    if (lookup.exchange.reach === "lacks") return code("beyond-view");
    const isHere = judged?.kind === "purged" && judged.by === undefined;
    return isHere ? code("invalidated-here") : {};
  }
  if (by === "stale-by-rule") return { values: { rule: planned.staleBy ?? "" } };
  if (metadata === undefined) return {};
  if (by === "credential-field") return { values: { names: credentialsIn(planned, metadata) } };
  if (by === "expired") return neverFresh(metadata, planned.route);
  return by === "no-cache" ? { values: overridden(metadata, planned.route) } : {};
}
