// Serves one request, from arrival to answer. The functions at the end are for requests that wait: for a rule of the
// route, for their own content, or for the first bytes of a body that is stored apart.
import type { Context } from "./site/exchange.ts";
import { type PendingRequest, storedCandidate, pendingRequest } from "./reuse/pending-request.ts";
import type { HeldContent } from "./site/content-port.ts";
import { discardBody } from "../cache/record/record.ts";
import { inInvocation } from "../remote/invocation.ts";
import type { Admission, Phases, RuledAnswer } from "../part/port/phases.ts";
import { tierScopes } from "../config/tier-names.ts";
import type { Reach } from "../purge/view/view-port.ts";
import { unreachable } from "../base/unreachable.ts";
import { Decision, settle } from "../observe/decision.ts";
import { answerFromOrigin } from "./fetch/answer-on-miss.ts";
import { passBy } from "./fetch/pass-by.ts";
import { mayCausePublicWork } from "./fetch/public-context.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { type LookupRequest, askedWith, passedRequest, plan } from "./request/plan.ts";
import type { UrlRead } from "../routing/url-reader.ts";
import { plainPage, refused } from "./respond/plain-page.ts";
import { fromStored } from "./respond/respond.ts";
import { isRefreshDue } from "./reuse/early-refresh.ts";
import { type FoundResponse, PageLookup } from "./reuse/page-lookup.ts";
import { fieldsOfVariants } from "./reuse/vary-markers.ts";
import type { Candidate } from "./stored/stored-response.ts";
import {
  type AnsweringVerdict,
  decide,
  isExempt,
  isOfUse,
  missReason,
  type Verdict,
} from "./reuse/may-answer.ts";
import { admitOnHit } from "./storing/admit-to-shared.ts";

/** A client's request, and the parts of its URL. */
interface ClientRequest {
  readonly client: Request;
  readonly read: UrlRead;
}

/**
 * Answers one request of a client. Returns the response without a promise if a response in memory
 * may answer. Failures of a tier, the journal or the origin never reject the promise.
 *
 * @param read the parts of the request's URL
 */
export function serve(
  request: Request,
  read: UrlRead,
  context: Context,
): Response | Promise<Response> {
  const { site } = context;
  const { admits } = read.route.phases;
  if (admits !== undefined && context.admission === undefined && !read.isReserved) {
    return admit(admits, { client: request, read }, context);
  }
  const planned = plan(request, read, context);
  if (planned.kind === "reserved") return plainPage("not-found");
  const atMs = context.nowAtMs();
  if (planned.kind === "refuse") {
    const { route } = planned;
    const decision = new Decision({ route: route.name, arrivedAtMs: atMs });
    return refused("ambiguous", { ...context, decision });
  }
  if (planned.kind === "pass") {
    const held =
      planned.passed.rule === "unkeyed-content"
        ? site.contents?.contentOf(request, read.route)
        : undefined;
    if (held !== undefined) return withContent(held, { client: request, read }, context);
    site.view.arrived(atMs);
    return passBy(planned.passed, { arrivedAtMs: atMs }, context);
  }
  return lookUpInView(planned.request, atMs, { client: request, read }, context);
}

function lookUpInView(
  request: LookupRequest,
  atMs: number,
  arrived: ClientRequest,
  context: Context,
): Response | Promise<Response> {
  if (request.position === undefined || context.site.positions === undefined) {
    return lookUp(lookupFor(request, atMs, context), arrived);
  }
  return inInvocation(async () => {
    const reach = await reachOf(request, atMs, context);
    const lookup = lookupFor(request, atMs, { ...context, reach });
    lookup.hasWaited();
    return lookUp(lookup, arrived);
  });
}

/** Returns whether the view reaches the purge whose position the request has; `undefined` if it has none. */
export async function reachOf(
  { position, key }: LookupRequest,
  atMs: number,
  { site: { positions }, afterAnswer }: Context,
): Promise<Reach | undefined> {
  if (position === undefined || positions === undefined) return undefined;
  return positions.reachOf(position, { atMs, host: key.host, afterAnswer });
}

function lookUp(lookup: PageLookup, arrived: ClientRequest): Response | Promise<Response> {
  return lookup.lookUpAndAct((found) => actOn(found, lookup, arrived));
}

/** Returns a client's lookup, with a new decision. `atMs` is the request's arrival. */
export function lookupFor(planned: LookupRequest, atMs: number, context: Context): PageLookup {
  const request = askedAsKnown(planned, context);
  const { route, key, directives } = request;
  const decision = new Decision({ route: route.name, key, arrivedAtMs: atMs });
  const mayPassOver = !directives.onlyIfCached;
  return new PageLookup({ request, atMs, isSpared, mayPassOver }, { ...context, decision });
}

/**
 * Returns the request with the fields by which earlier responses varied, even if nothing is stored
 * now.
 */
function askedAsKnown(request: LookupRequest, { site: { knownVary } }: Context): LookupRequest {
  return askedWith(request, knownVary.names(request.key.text));
}

/**
 * Returns whether to use a response from memory without reading lower tiers, because its origin or
 * page fails.
 */
function isSpared(
  { candidate, verdict: { mayAnswerStale = false } }: FoundResponse,
  { request, exchange, atMs }: PageLookup,
): boolean {
  const isInMemory = tierScopes[candidate.tier] === "isolate" && mayAnswerStale;
  return isInMemory && exchange.site.originHealth.sparesLookup(request, atMs, exchange.effects);
}

function actOn(
  found: FoundResponse | undefined,
  lookup: PageLookup,
  arrived: ClientRequest,
): Response | Promise<Response> {
  const { exchange, key, marker, atMs } = lookup;
  if (marker !== undefined) exchange.site.variantDemand.note(key, marker, atMs);
  const verdict = verdictOrBypass(found, lookup, arrived);
  if (typeof verdict !== "string") return carryOut(verdict, found?.candidate, lookup, arrived);
  discardBody(found?.candidate.stored);
  return passingBy(verdict, lookup, arrived);
}

/**
 * Returns the verdict on a request after its lookup, which the decision records, or the
 * rule by which the request bypasses the cache.
 */
export function verdictOrBypass(
  found: FoundResponse | undefined,
  lookup: PageLookup,
  { client }: Pick<ClientRequest, "client">,
): Verdict | "switch" | "caller" {
  if (found === undefined && lookup.isBypassed()) return "switch";
  const verdict = found?.verdict ?? decide(missReason(lookup), lookup);
  const isForward = verdict.kind === "validate" || verdict.kind === "forward";
  if (isForward && !mayCausePublicWork(client, lookup.request, lookup.exchange)) return "caller";
  noteVerdict(verdict, lookup);
  return verdict;
}

function passingBy(
  rule: "switch" | "caller",
  { exchange, atMs }: PageLookup,
  { client, read }: ClientRequest,
): Promise<Response> {
  const { arrivedAtMs = atMs } = exchange.decision;
  return passBy(passedRequest(rule, client, read, exchange), { arrivedAtMs }, exchange);
}

function carryOut(
  verdict: Verdict,
  found: Candidate | undefined,
  lookup: PageLookup,
  { client }: ClientRequest,
): Response | Promise<Response> {
  const { request, key, exchange } = lookup;
  if (!isOfUse(verdict)) discardBody(found?.stored);
  switch (verdict.kind) {
    case "serve":
    case "serve-stale":
      if (request.content === undefined && request.gate === undefined) {
        exchange.site.hits?.hit(verdict.candidate, request, exchange.afterAnswer);
      }
      const isDue = request.staleBy === undefined && isRefreshDue(verdict, lookup);
      if (isDue && mayCausePublicWork(client, request, exchange)) {
        refreshBehind(request, verdict.candidate, key, exchange);
      }
      return verdict.candidate.stored.metadata.heldApart === undefined
        ? hit(verdict, lookup)
        : hitOnceReady(verdict.candidate, lookup);
    case "validate":
      return forward(pendingRequest(lookup, found, { validating: verdict.candidate }));
    case "forward":
      return forward(pendingRequest(lookup, found, { stale: verdict.stale }));
    case "gateway-timeout":
      return refused("only-if-cached", exchange);
    default:
      return unreachable(verdict);
  }
}

/** Records a verdict, and the parts of Cache-Status that are known before an origin request. */
function noteVerdict(verdict: Verdict, { marker, exchange: { decision } }: PageLookup): void {
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
      decision.forwards(verdict.reason, fieldsOfVariants(marker?.names ?? []));
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

function hit({ kind, candidate, ageSeconds }: AnsweringVerdict, lookup: PageLookup): Response {
  const { exchange } = lookup;
  const response = fromStored(candidate.stored, ageSeconds, lookup);
  // A hit admits only a fresh response to Redis. A stale response is refreshed, and its refresh is
  // stored in all tiers.
  if (kind === "serve" && candidate.stored.metadata.awaitsSecondAsk === true) {
    admitOnHit(candidate, lookup);
  }
  settle(exchange);
  return response;
}

async function forward(pending: PendingRequest): Promise<Response> {
  const { request, exchange } = pending;
  const { site } = exchange;
  if (
    site.clientLimit !== undefined &&
    (await site.clientLimit.isReached(request.forwarded.clientAddress))
  ) {
    discardBody(storedCandidate(pending)?.stored);
    return refused("limited", exchange);
  }
  const response = await answerFromOrigin(pending);
  settle(exchange);
  return response;
}

/** Asks the rules of a route before the lookup. */
function admit(
  admits: NonNullable<Phases["admits"]>,
  { client, read }: ClientRequest,
  context: Context,
): Response | Promise<Response> {
  const arrivedAtMs = context.nowAtMs();
  const act = (admission: Admission | RuledAnswer, hasWaited: boolean) => {
    if (!("response" in admission)) return serve(client, read, { ...context, admission });
    const decision = new Decision({ route: read.route.name, arrivedAtMs });
    decision.hasWaited = hasWaited;
    decision.reached("ruled", admission.by, undefined);
    decision.outcome = "ruled";
    settle({ ...context, decision });
    return admission.response;
  };
  const admission = admits(client, read);
  return admission instanceof Promise
    ? inInvocation(() => admission.then((settled) => act(settled, true)))
    : act(admission, false);
}

/**
 * Answers a request once its content has arrived. Holds the content until the background work of the answer
 * has ended, because a refresh may send the content again.
 */
function withContent(
  held: Promise<HeldContent>,
  { client, read }: ClientRequest,
  context: Context,
): Promise<Response> {
  return inInvocation(async () => {
    const { content, release } = await held;
    const atMs = context.nowAtMs();
    let userCount = 1;
    const leave = () => {
      userCount -= 1;
      if (userCount === 0) release();
    };
    const afterAnswer = (work: () => Promise<void>) => {
      userCount += 1;
      context.afterAnswer(() => work().finally(leave));
    };
    try {
      const planned = content && plan(client, read, { ...context, content });
      if (planned?.kind !== "lookup") {
        const decision = new Decision({ route: read.route.name, arrivedAtMs: atMs });
        return refused("content-cut", { ...context, decision });
      }
      // A bypass needs the content again.
      const { method, url, headers, cf } = client;
      const init = { method, headers, body: content?.body(), cf, duplex: "half" } as RequestInit;
      const again = new Request(url, init);
      const own = { ...context, afterAnswer };
      return await lookUpInView(planned.request, atMs, { client: again, read }, own);
    } finally {
      leave();
    }
  });
}

/** Answers once the body holder has the first bytes. Without them, the origin is asked as on a miss. */
async function hitOnceReady(head: Candidate, lookup: PageLookup): Promise<Response> {
  const { exchange } = lookup;
  const judged = () => {
    lookup.hasWaited();
    const verdict = decide(head, lookup);
    return verdict.kind === "serve" || verdict.kind === "serve-stale" ? verdict : undefined;
  };
  const { metadata } = head.stored;
  let verdict: AnsweringVerdict | undefined;
  const mayAnswer = () => (verdict = judged()) !== undefined;
  const state = await exchange.site.bodyHolder?.ready(metadata, lookup, mayAnswer);
  if (state === "limited") return refused("limited", exchange);
  if (state === "ready" && verdict !== undefined) {
    if (exchange.decision.hasAsked) {
      // The holder has fetched the first bytes.
      exchange.decision.forwards("partial");
      exchange.decision.outcome = "stored";
    }
    return hit(verdict, lookup);
  }
  if (lookup.request.directives.onlyIfCached) return refused("only-if-cached", exchange);
  exchange.decision.forwards("uri-miss");
  return forward(pendingRequest(lookup, undefined, { stale: undefined }));
}
