// One request from arrival to answer, in the order of its steps.
import { discardBody } from "../cache/record/record.ts";
import { requestDirectives } from "../http/cache-control.ts";
import { unreachable } from "../http/unreachable.ts";
import { Decision, settle } from "../observe/decision.ts";
import type { Metrics } from "../observe/metrics.ts";
import { answerFromOrigin, type AnswerFromOriginPorts } from "./fetch/answer-from-origin.ts";
import { forwardPassed } from "./fetch/forward.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { type Asked, askedWith, type Passed, plan, type Planning } from "./request/plan.ts";
import type { ClientLimit } from "./request/client-limit.ts";
import type { UrlRead } from "./request/url-reader.ts";
import { keepPrivate } from "./respond/downstream.ts";
import { type PlainPage, plainPage } from "./respond/plain-page.ts";
import { fromStored, passOn } from "./respond/respond.ts";
import { type EarlyRefreshPorts, isRefreshDue } from "./reuse/early-refresh.ts";
import { settleDoubt } from "./reuse/in-doubt.ts";
import { type FoundResponse, Search } from "./reuse/search.ts";
import { atHand, type Need } from "./reuse/need.ts";
import { type Answering, type Candidate, decide, isExempt, type Verdict } from "./reuse/verdict.ts";
import { admitOnHit } from "./storing/admission.ts";
import { type InvalidatePorts, invalidateBy, isSafe } from "./storing/invalidate.ts";
import type { HotKeys } from "./warm/hot-keys.ts";

/** What one request is served with. */
export type ServePorts = Planning &
  EarlyRefreshPorts &
  AnswerFromOriginPorts &
  InvalidatePorts & {
    readonly metrics: Metrics;
    /** `undefined` where clients are not limited. */
    readonly clientLimit: ClientLimit | undefined;
    /** `undefined` where none are kept warm. */
    readonly hotKeys: HotKeys | undefined;
    /** Does the switch send a route's requests straight to the origin, by its name? Asked at every hit. */
    readonly bypasses: (route: string) => boolean;
  };

type ClientSearch = Search<ServePorts>;

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
  const { host } = planned.asked.key;
  const renewed = ports.view.attend({ atMs, host, afterAnswer: ports.afterAnswer });
  if (renewed === undefined) return lookedUp({ request, read, atMs }, planned.asked, ports);
  // Rule 24 of the purge protocol: a view that is past N − A may not know what was switched since.
  return renewed().then(() =>
    lookedUp({ request, read, atMs: ports.nowAtMs() }, planned.asked, ports),
  );
}

/** Unless the switch sends it straight to the origin. */
function lookedUp(
  { request, read, atMs }: { request: Request; read: UrlRead; atMs: number },
  planned: Asked,
  ports: ServePorts,
): Response | Promise<Response> {
  if (ports.bypasses(planned.route.name)) {
    const { target, route } = read;
    return passBy({ request, target, route, reason: "bypass", rule: "switch" }, ports);
  }
  const asked = askedAsKnown(planned, ports);
  const { route, key, sentQuery, directives } = asked;
  const decision = new Decision({ route: route.name, key: key.text, sentQuery });
  // The lease of a crowd is asked for together with the record; sessions are in no crowd.
  const isInTurn = route.collapse === "global" && !asked.hasUnknownCookie;
  const mayPassOver = !isInTurn && !directives.onlyIfCached;
  const search = new Search({ asked, atMs, decision, isSpared, mayPassOver }, ports);
  const found = search.found();
  return found instanceof Promise
    ? found.then((below) => answered(below, search))
    : answered(found, search);
}

/** With what its answer varied by before, though nothing may be stored that tells so. */
function askedAsKnown(asked: Asked, { knownVary }: Pick<ServePorts, "knownVary">): Asked {
  return asked.route.forward === undefined
    ? asked
    : askedWith(asked, knownVary.names(asked.key.text));
}

/** A stale response in memory will do, where nothing better is likely to be had. */
function isSpared(
  { candidate, verdict: { mayStandIn = false } }: FoundResponse,
  { asked, ports, atMs }: ClientSearch,
): boolean {
  const isAtHand = candidate.tier === "memory" && mayStandIn;
  return isAtHand && ports.originHealth.spareLook(asked, atMs);
}

function answered(
  found: FoundResponse | undefined,
  search: ClientSearch,
): Response | Promise<Response> {
  if (found === undefined) return carryOut(decide(search.missReason, search), undefined, search);
  const { candidate, verdict } = found;
  if (verdict.judged?.kind !== "unverified") return carryOut(verdict, candidate, search);
  return settleDoubt(candidate, search).then(() => {
    search.hasWaited();
    return carryOut(search.judge(candidate), candidate, search);
  });
}

function carryOut(
  verdict: Verdict,
  found: Candidate | undefined,
  search: ClientSearch,
): Response | Promise<Response> {
  const { asked, key, ports, decision } = search;
  decision.reached(verdict.kind, verdict.by, decidingEntry(verdict));
  if (!isOfUse(verdict)) discardBody(found?.stored);
  switch (verdict.kind) {
    case "serve":
    case "serve-stale":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (isRefreshDue(verdict, search)) refreshBehind(asked, verdict.candidate, key, ports);
      return hit(verdict, search);
    case "validate":
      decision.forwards(verdict.reason);
      return forwarded(needOf(search, found, { validating: verdict.candidate }));
    case "forward":
      decision.forwards(verdict.reason, search.marker?.names);
      return forwarded(needOf(search, found, { fallback: verdict.fallback }));
    case "gateway-timeout":
      return refused("only-if-cached", decision, ports);
    default:
      return unreachable(verdict);
  }
}

/** The entry of the journal that decided, or that may cover what could not be verified. */
function decidingEntry({ judged }: Verdict) {
  if (judged?.kind === "purged") return judged.by;
  return judged?.kind === "unverified" ? judged.covering?.by : undefined;
}

/** May what was found answer, be validated, or stand in for an error? */
function isOfUse(verdict: Verdict): boolean {
  if (verdict.kind === "forward") return verdict.fallback !== undefined;
  return verdict.kind !== "gateway-timeout";
}

function hit(
  { kind, candidate, ageSeconds, ttlSeconds, judged }: Answering,
  search: ClientSearch,
): Response {
  const { ports, decision } = search;
  decision.ttlSeconds = ttlSeconds;
  decision.detail = candidate.tier;
  decision.unverified = judged !== undefined && isExempt(judged);
  decision.outcome = kind === "serve" ? "hit" : "stale-hit";
  const response = fromStored(candidate.stored, ageSeconds, search);
  // What is stale is brought up to date in all tiers.
  if (kind === "serve" && candidate.stored.metadata.awaitsSecondAsk === true) {
    admitOnHit(candidate, search);
  }
  settle(decision, ports);
  return response;
}

/** What is known when the origin has to be asked. */
function needOf(
  search: ClientSearch,
  found: Candidate | undefined,
  why: Pick<Need, "validating" | "fallback">,
): Need<ServePorts> {
  const { asked, ports, place } = search;
  const isLeft = place.inShared === "passed-over" && found === undefined;
  const lookFurther = isLeft ? () => lookUpAll(search) : undefined;
  return { asked, ports, ...place, ...why, lookFurther };
}

async function forwarded(need: Need<ServePorts>): Promise<Response> {
  const { asked, ports, decision } = need;
  if (ports.clientLimit !== undefined && (await ports.clientLimit.isReached(asked.conditions))) {
    discardBody(atHand(need)?.stored);
    return refused("limited", decision, ports);
  }
  const response = await answerFromOrigin(need);
  settle(decision, ports);
  return response;
}

/** Nothing may answer, and the origin has failed: whatever a tier may have. */
async function lookUpAll({ asked, ports, decision }: ClientSearch): Promise<Candidate | undefined> {
  const found = await new Search({ asked, decision }, ports).found();
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}

/** Answers with a page of our own, which is counted. */
function refused(page: PlainPage, decision: Decision, ports: ServePorts): Response {
  decision.outcome = page === "limited" ? "limited" : "failed";
  settle(decision, ports);
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
    if (answer.kind === "answered") invalidateBy(answer.response, { passed, decision, ports });
    return answer;
  });
  // What a client has written is invalidated also if it leaves before it hears of it.
  if (!isSafe(request)) {
    ports.afterAnswer(async () => void (await forwarding.catch(() => undefined)));
  }
  const answer = await forwarding;
  if (answer.kind === "failed") return refused(answer.failure, decision, ports);
  const { response } = answer;
  decision.heard({ ...answer, status: response.status });
  decision.detail = rule;
  decision.outcome = "passed";
  settle(decision, ports);
  return passOn(response, { ports, decision }, keepPrivate);
}
