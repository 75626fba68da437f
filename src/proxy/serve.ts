// Serves one request, from arrival to answer. The functions are in the order of the steps.
import type { Context } from "./site/exchange.ts";
import type { LookupSite } from "./site/site.ts";
import { discardBody } from "../cache/record/record.ts";
import { tierScopes } from "../config/tier-names.ts";
import { unreachable } from "../rules/unreachable.ts";
import { Decision, settle } from "../observe/decision.ts";
import { answerFromOrigin } from "./fetch/answer-from-origin.ts";
import { bySwitch, passBy } from "./fetch/pass-by.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { type LookupRequest, askedWith, plan } from "./request/plan.ts";
import type { UrlRead } from "./request/url-reader.ts";
import { plainPage } from "./respond/plain-page.ts";
import { refused } from "./respond/refused.ts";
import { fromStored } from "./respond/respond.ts";
import { isRefreshDue } from "./reuse/early-refresh.ts";
import { type FoundResponse, Search } from "./reuse/search.ts";
import { storedCandidate, type OriginNeed, needOf } from "./reuse/need.ts";
import type { Candidate } from "./stored/stored-response.ts";
import {
  type AnsweringVerdict,
  decide,
  isExempt,
  isOfUse,
  missReason,
  type Verdict,
} from "./reuse/verdict.ts";
import { admitOnHit } from "./storing/admission.ts";

/**
 * Answers one request of a client. Returns no promise if memory has the response. Failures of a tier, the
 * journal or the origin never reject.
 *
 * @param read the parts of its URL
 */
export function serve(
  request: Request,
  read: UrlRead,
  context: Context,
): Response | Promise<Response> {
  const { site } = context;
  const planned = plan(request, read, context);
  if (planned.kind === "reserved") return plainPage("nothing");
  const atMs = context.nowAtMs();
  if (planned.kind === "refuse") {
    const { route, prefix } = planned;
    const decision = new Decision({ route: route.name, prefix, arrivedAtMs: atMs });
    return refused("ambiguous", { ...context, decision });
  }
  if (planned.kind === "pass") {
    site.view.arrived(atMs);
    return passBy(planned.passed, { arrivedAtMs: atMs }, context);
  }
  const search = searchFor(planned.asked, atMs, context);
  const found = search.found();
  return found instanceof Promise
    ? found.then((below) => answered(below, search, { request, read }))
    : answered(found, search, { request, read });
}

/** Returns a client's search, with a new decision record. `atMs` is the arrival. */
export function searchFor<S extends LookupSite>(
  planned: LookupRequest,
  atMs: number,
  context: Context<S>,
): Search<S> {
  const asked = askedAsKnown(planned, context);
  const { route, prefix, key, sentQuery, directives } = asked;
  const decision = new Decision({
    route: route.name,
    key: key.text,
    sentQuery,
    prefix,
    arrivedAtMs: atMs,
  });
  const mayPassOver = !directives.onlyIfCached;
  return new Search({ asked, atMs, isSpared, mayPassOver }, { ...context, decision });
}

/** Adds the fields by which earlier answers varied, even if nothing is stored now. */
function askedAsKnown(
  asked: LookupRequest,
  { site: { knownVary } }: Context<LookupSite>,
): LookupRequest {
  return asked.route.forward === undefined
    ? asked
    : askedWith(asked, knownVary.names(asked.key.text));
}

/** Returns whether a stale response in memory suffices because its origin is in trouble. */
function isSpared(
  { candidate, verdict: { mayStandIn = false } }: FoundResponse,
  { asked, exchange, atMs }: Pick<Search<LookupSite>, "asked" | "exchange" | "atMs">,
): boolean {
  const isInMemory = tierScopes[candidate.tier] === "isolate" && mayStandIn;
  return isInMemory && exchange.site.originHealth.spareLook(asked, atMs);
}

function answered(
  found: FoundResponse | undefined,
  search: Search,
  { request, read }: { readonly request: Request; readonly read: UrlRead },
): Response | Promise<Response> {
  const { exchange, key, marker, atMs } = search;
  if (marker !== undefined) exchange.site.variantDemand.note(key, marker, atMs);
  if (found !== undefined) return carryOut(found.verdict, found.candidate, search);
  if (!search.isBypassed()) return carryOut(decide(missReason(search), search), undefined, search);
  const { arrivedAtMs = atMs } = exchange.decision;
  return passBy(bySwitch(request, read, exchange), { arrivedAtMs }, exchange);
}

function carryOut(
  verdict: Verdict,
  found: Candidate | undefined,
  search: Search,
): Response | Promise<Response> {
  const { asked, key, exchange } = search;
  noteVerdict(verdict, search);
  if (!isOfUse(verdict)) discardBody(found?.stored);
  switch (verdict.kind) {
    case "serve":
    case "serve-stale":
      exchange.site.hotKeys?.hit(verdict.candidate, asked, exchange.afterAnswer);
      if (isRefreshDue(verdict, search)) refreshBehind(asked, verdict.candidate, key, exchange);
      return hit(verdict, search);
    case "validate":
      return forwarded(needOf(search, found, { validating: verdict.candidate }));
    case "forward":
      return forwarded(needOf(search, found, { fallback: verdict.fallback }));
    case "gateway-timeout":
      return refused("only-if-cached", exchange);
    default:
      return unreachable(verdict);
  }
}

/** Records a verdict, with everything for Cache-Status that is known before a forward. */
export function noteVerdict(
  verdict: Verdict,
  { marker, exchange: { decision } }: Pick<Search<LookupSite>, "exchange" | "marker">,
): void {
  decision.reached(verdict.kind, verdict.by, decidingEntry(verdict));
  switch (verdict.kind) {
    case "serve":
    case "serve-stale":
      decision.ttlSeconds = verdict.ttlSeconds;
      decision.detail = verdict.candidate.tier;
      decision.answersFrom(verdict.candidate);
      decision.unverified = verdict.judged !== undefined && isExempt(verdict.judged);
      decision.outcome = verdict.kind === "serve" ? "hit" : "stale-hit";
      return;
    case "validate":
      decision.forwards(verdict.reason);
      return;
    case "forward":
      decision.forwards(verdict.reason, marker?.names);
      return;
    case "gateway-timeout":
      return;
    default:
      unreachable(verdict);
  }
}

/** Returns the journal entry that decided, or that may cover an unverified response. */
function decidingEntry({ judged }: Verdict) {
  if (judged?.kind === "purged") return judged.by;
  return judged?.kind === "unverified" ? judged.covering?.by : undefined;
}

function hit({ kind, candidate, ageSeconds }: AnsweringVerdict, search: Search): Response {
  const { exchange } = search;
  const response = fromStored(candidate.stored, ageSeconds, search);
  // Only fresh responses are promoted. The refresh of a stale one is stored in all tiers.
  if (kind === "serve" && candidate.stored.metadata.awaitsSecondAsk === true) {
    admitOnHit(candidate, search);
  }
  settle(exchange);
  return response;
}

async function forwarded(need: OriginNeed): Promise<Response> {
  const { asked, exchange } = need;
  const { site } = exchange;
  if (
    site.clientLimit !== undefined &&
    (await site.clientLimit.isReached(asked.forwarded.clientAddress))
  ) {
    discardBody(storedCandidate(need)?.stored);
    return refused("limited", exchange);
  }
  const response = await answerFromOrigin(need);
  settle(exchange);
  return response;
}
