// One request from arrival to answer, in the order of its steps.
import { find, type Found } from "../cache/find.ts";
import { discardBody } from "../cache/record/record.ts";
import { requestDirectives } from "../http/cache-control.ts";
import { unreachable } from "../http/unreachable.ts";
import { Decision } from "../observe/decision.ts";
import { answerFromOrigin } from "./fetch/answer-from-origin.ts";
import { forwardPassed } from "./fetch/forward.ts";
import { pageOf } from "./fetch/origin-health.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { type Asked, askedWith, type Passed, plan, type Planning } from "./request/plan.ts";
import type { ClientLimit } from "./request/client-limit.ts";
import type { KnownVary } from "./request/known-vary.ts";
import type { UrlRead } from "./request/url-reader.ts";
import { keepPrivate } from "./respond/downstream.ts";
import { type PlainPage, plainPage } from "./respond/plain-page.ts";
import { fromStored, passOn } from "./respond/respond.ts";
import { type EarlyRefreshPorts, isDueEarly } from "./reuse/early-refresh.ts";
import { type DoubtPorts, settleDoubt } from "./reuse/in-doubt.ts";
import { type Judge, Search, type SearchPorts } from "./reuse/search.ts";
import { atHand, type Need } from "./reuse/need.ts";
import {
  type Candidate,
  decide,
  decidingEntry,
  isAnswer,
  isExempt,
  type Verdict,
} from "./reuse/verdict.ts";
import { admitOnHit } from "./storing/admission.ts";
import { invalidateBy, isSafe } from "./storing/invalidate.ts";
import type { ResponseDetail } from "./stored/stored-response.ts";

/** What one request is served with. */
export type ServePorts = Planning &
  SearchPorts &
  DoubtPorts &
  EarlyRefreshPorts &
  OriginPorts & {
    readonly knownVary: KnownVary;
    /** `undefined` where clients are not limited. */
    readonly clientLimit: ClientLimit | undefined;
  };

/** What the ways to the origin and into the tiers are given. */
type OriginPorts = Need["ports"];

type ClientSearch = Search<Verdict, ServePorts>;

/**
 * Answers one request of a client. Never rejects on account of a tier, the journal or the origin.
 *
 * @param read what its URL says
 * @returns no promise where memory has what answers
 */
export function serve(
  request: Request,
  read: UrlRead,
  ports: ServePorts,
): Response | Promise<Response> {
  const planned = plan(request, read, ports);
  if (planned.kind === "reserved") return plainPage("nothing");
  const atMs = ports.nowAtMs();
  if (planned.kind === "pass") {
    ports.view.arrived(atMs);
    return passBy(planned.passed, ports);
  }
  const asked = askedAsKnown(planned.asked, ports);
  const { route, key, sentQuery, directives } = asked;
  const decision = new Decision({ route: route.name, key: key.text, sentQuery });
  const renewed = ports.view.attend({ atMs, host: key.host, afterAnswer: ports.afterAnswer });
  // The lease of a crowd is asked for together with the record; sessions are in no crowd.
  const isInTurn = route.collapse === "global" && !asked.hasUnknownCookie;
  const mayPassOver = !isInTurn && !directives.onlyIfCached;
  const search = new Search({ asked, atMs, decision, judge: sparingly, mayPassOver }, ports);
  const found = find(search, ports.tiers.memory);
  return found instanceof Promise
    ? found.then((below) => answered(below, search, renewed))
    : answered(found, search, renewed);
}

/** With what its answer varied by before, though nothing may be stored that tells so. */
function askedAsKnown(asked: Asked, { knownVary }: Pick<ServePorts, "knownVary">): Asked {
  return asked.route.forward === undefined
    ? asked
    : askedWith(asked, knownVary.names(asked.key.text));
}

/** Judges what is found for the client that has asked. */
const thoroughly: Judge<Verdict, ServePorts> = {
  judge: (candidate, search) => decide(candidate, search),
  isAnswer,
};

/** The same; and a stale response in memory will do, where nothing better is likely to be had. */
const sparingly: Judge<Verdict, ServePorts> = {
  ...thoroughly,
  isSpared: ({ tier }, { mayStandIn = false }, { asked, ports, atMs }) =>
    tier === "memory" && mayStandIn && ports.originHealth.spareLook(pageOf(asked), atMs),
};

/** @param renewed waits for a renewal of the purge view that is under way */
function answered(
  found: Found<ResponseDetail, Verdict> | undefined,
  search: ClientSearch,
  renewed: (() => Promise<void>) | undefined,
): Response | Promise<Response> {
  if (found === undefined) {
    const verdict = decide(search.missReason, search);
    return carryOut(verdict, undefined, search);
  }
  const { candidate, verdict } = found;
  if (isAnswer(verdict) || verdict.judged?.kind !== "unverified") {
    return carryOut(verdict, candidate, search);
  }
  return settleDoubt(candidate, search, renewed).then(() => {
    search.atMs = search.ports.nowAtMs();
    return carryOut(search.judge(candidate), candidate, search);
  });
}

function carryOut(
  verdict: Verdict,
  found: Candidate | undefined,
  search: ClientSearch,
): Response | Promise<Response> {
  const { asked, key, ports, decision } = search;
  decision.reached(verdict.kind, verdict.by, decidingEntry(verdict.judged));
  if (!isOfUse(verdict)) discardBody(found?.stored);
  switch (verdict.kind) {
    case "serve":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (isDueEarly(verdict, search)) refreshBehind(asked, verdict.candidate, key, ports);
      return hit(verdict, search);
    case "serve-stale":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (verdict.refresh) refreshBehind(asked, verdict.candidate, key, ports);
      return hit(verdict, search);
    case "validate":
      return forwarded(needOf(search, { reason: verdict.reason, validating: verdict.candidate }));
    case "forward":
      return forwarded(needOf(search, { reason: verdict.reason, fallback: verdict.fallback }));
    case "gateway-timeout":
      return refused("only-if-cached", decision, ports);
    default:
      return unreachable(verdict);
  }
}

/** May what was found answer, be validated, or stand in for an error? */
function isOfUse(verdict: Verdict): boolean {
  if (verdict.kind === "forward") return verdict.fallback !== undefined;
  return verdict.kind !== "gateway-timeout";
}

function hit(
  { kind, candidate, ageSeconds, ttlSeconds, judged }: Extract<Verdict, { ttlSeconds: number }>,
  search: ClientSearch,
): Response {
  const { asked, ports, decision } = search;
  decision.ttlSeconds = ttlSeconds;
  decision.detail = candidate.tier;
  decision.unverified = judged !== undefined && isExempt(judged);
  decision.outcome = kind === "serve" ? "hit" : "stale-hit";
  const response = fromStored(candidate.stored, { asked, ports, ageSeconds, handling: decision });
  // What is stale is brought up to date in all tiers.
  if (kind === "serve" && candidate.stored.metadata.awaitsSecondAsk === true) {
    admitOnHit(candidate, search);
  }
  ports.metrics.settled(decision);
  return response;
}

/** What is known when the origin has to be asked. */
function needOf(
  search: ClientSearch,
  why: Pick<Need, "reason" | "validating" | "fallback">,
): Need<ServePorts> {
  const { asked, ports, key, marker, inShared, memoryCount, decision, atMs: lookedAtMs } = search;
  const isLeft = inShared === "passed-over" && (why.validating ?? why.fallback) === undefined;
  const lookFurther = isLeft ? () => lookUpAll(search) : undefined;
  const place = { asked, ports, key, marker, inShared, memoryCount, decision };
  return { ...place, ...why, lookFurther, isForClient: true, lookedAtMs };
}

async function forwarded(need: Need<ServePorts>): Promise<Response> {
  const { asked, ports, decision } = need;
  decision.forwards(need.reason);
  if (ports.clientLimit !== undefined && (await ports.clientLimit.isReached(asked.conditions))) {
    discardBody(atHand(need)?.stored);
    return refused("limited", decision, ports);
  }
  const { response, outcome } = await answerFromOrigin(need);
  decision.outcome = outcome;
  ports.metrics.settled(decision);
  return response;
}

/** Nothing may answer, and the origin has failed: whatever a tier may have. */
async function lookUpAll({ asked, ports, decision }: ClientSearch): Promise<Candidate | undefined> {
  const atMs = ports.nowAtMs();
  const search = new Search({ asked, atMs, decision, judge: thoroughly }, ports);
  const found = await find(search, ports.tiers.memory);
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}

/** Answers with a page of our own, which is counted. */
function refused(page: PlainPage, decision: Decision, { metrics }: ServePorts): Response {
  decision.outcome = page === "limited" ? "limited" : "failed";
  metrics.settled(decision);
  return plainPage(page);
}

/** Straight to the origin and straight back: never stored, never collapsed. */
async function passBy(passed: Passed, ports: ServePorts): Promise<Response> {
  const { route, reason, rule, request } = passed;
  const decision = new Decision({ route: route.name });
  // RFC 9111 §5.2.1.7: nothing that is stored may answer what is passed by.
  if (requestDirectives(request.headers).onlyIfCached) {
    return refused("only-if-cached", decision, ports);
  }
  if (ports.loops.isOne(request.headers.get("via"), route.origin)) {
    return refused("loop", decision, ports);
  }
  if (ports.clientLimit !== undefined && (await ports.clientLimit.isReached(request.headers))) {
    return refused("limited", decision, ports);
  }
  decision.forwards(reason);
  const forwarding = forwardPassed(passed, ports).then((answer) => {
    if (answer.kind === "answered") invalidateBy(passed, answer.response, ports);
    return answer;
  });
  // What a client has written is invalidated also if it leaves before it hears of it.
  if (!isSafe(request)) {
    ports.afterAnswer(async () => void (await forwarding.catch(() => undefined)));
  }
  const answer = await forwarding;
  if (answer.kind === "failed") return refused(answer.failure, decision, ports);
  const { response, requestedAtMs, respondedAtMs } = answer;
  decision.originTookMs = respondedAtMs - requestedAtMs;
  decision.forwardStatus = response.status;
  decision.detail = rule;
  decision.outcome = "passed";
  ports.metrics.settled(decision);
  return passOn(response, { ports, handling: decision, change: keepPrivate });
}
