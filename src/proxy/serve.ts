// One request from arrival to answer, in the order of its steps.
import { requestDirectives } from "../http/cache-control.ts";
import { unreachable } from "../http/unreachable.ts";
import type { Outcome } from "../observe/metrics.ts";
import { admitOnHit } from "./storing/admission.ts";
import { answerFromOrigin } from "./fetch/answer-from-origin.ts";
import { keepPrivate } from "./respond/downstream.ts";
import { isDueEarly } from "./reuse/early-refresh.ts";
import { forwardPassed } from "./fetch/forward.ts";
import { isInDoubt, settleDoubt } from "./reuse/in-doubt.ts";
import { invalidateBy, isSafe } from "./storing/invalidate.ts";
import { type LookedUp, lookUp } from "./reuse/lookup.ts";
import { type Answer, atHand, type Need, questionOf } from "./reuse/need.ts";
import { pageOf } from "./fetch/origin-health.ts";
import { type Asked, askedWith, type Passed, plan } from "./request/plan.ts";
import { type PlainPage, plainPage } from "./respond/plain-page.ts";
import type { Ports } from "./ports.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { discardBody } from "../cache/record.ts";
import { fromStored, passOn } from "./respond/respond.ts";
import type { VariantPlace } from "./storing/variants.ts";
import {
  type Candidate,
  decide,
  decideOnError,
  isAnswer,
  isUnverified,
  type MissReason,
  type Verdict,
  type VerdictQuestion,
} from "./reuse/verdict.ts";

/** What memory has is answered without a promise. */
export function serve(request: Request, ports: Ports): Response | Promise<Response> {
  const planned = plan(request, ports);
  if (planned.kind === "reserved") return plainPage("nothing");
  if (planned.kind === "pass") {
    ports.view.arrived(ports.nowAtMs());
    return passBy(planned.passed, ports);
  }

  const asked = askedAsKnown(planned.asked, ports);
  const question = questionOf({ asked, ports });
  const { host } = asked.key;
  const renewed = ports.view.attend({ atMs: question.atMs, host, afterAnswer: ports.afterAnswer });
  const accepts = (candidate: Candidate) =>
    isAnswer(decide(candidate, question)) || isSpared(candidate, asked, ports);
  // The lease of a crowd is asked for together with the record; sessions are in no crowd.
  const isInTurn = asked.route.collapse === "global" && !asked.hasUnknownCookie;
  const mayPassOver = !isInTurn && !asked.directives.onlyIfCached;
  const looking = lookUp({ asked, atMs: question.atMs, accepts, mayPassOver }, ports);
  const settle = (lookedUp: LookedUp, lookedAt: VerdictQuestion) => {
    const { found, key, marker, inShared, memoryCount } = lookedUp;
    const known = marker === undefined ? asked : askedWith(asked, marker.names);
    const now = known === asked ? lookedAt : { ...lookedAt, asked: known };
    const isLeft = inShared === "passed-over" && typeof found === "string";
    const lookFurther = isLeft ? () => lookUpAll(asked, ports) : undefined;
    const place = { asked: known, ports, key, marker, inShared, memoryCount, lookFurther };
    const need = { ...place, isForClient: true, lookedAtMs: now.atMs };
    const verdict = decide(found, now);
    if (isAnswer(verdict) || !isInDoubt(found, now)) return carryOut(found, verdict, need);
    const settled = settleDoubt(found, need, renewed);
    return settled.then(() => carryOut(found, decide(found, questionOf(need)), need));
  };
  return looking instanceof Promise
    ? // Time that was spent looking counts: the answer goes out now.
      looking.then((lookedUp) => settle(lookedUp, questionOf({ asked, ports })))
    : settle(looking, question);
}

/** With what its answer varied by before, though nothing may be stored that tells so. */
function askedAsKnown(asked: Asked, { knownVary }: Ports): Asked {
  return asked.route.forward === undefined
    ? asked
    : askedWith(asked, knownVary.names(asked.key.text));
}

type Place = Omit<Need, "reason">;

function carryOut(
  found: Candidate | MissReason,
  verdict: Verdict,
  place: Place,
): Response | Promise<Response> {
  const { asked, ports } = place;
  if (typeof found === "object" && !isOfUse(verdict)) discardBody(found.stored);
  switch (verdict.kind) {
    case "serve":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (isDueEarly(verdict, asked, ports)) {
        refreshBehind(asked, verdict.candidate, place.key, ports);
      }
      return counted(hit(verdict, place), asked, ports);
    case "serve-stale":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (verdict.refresh) refreshBehind(asked, verdict.candidate, place.key, ports);
      return counted(hit(verdict, place), asked, ports);
    case "validate": {
      const { reason, candidate: validating } = verdict;
      return forwarded({ ...place, reason, validating });
    }
    case "forward": {
      const { reason, fallback } = verdict;
      return forwarded({ ...place, reason, fallback });
    }
    case "gateway-timeout":
      return counted({ response: plainPage("only-if-cached"), outcome: "failed" }, asked, ports);
    default:
      return unreachable(verdict);
  }
}

/** May what was found answer, be validated, or stand in for an error? */
function isOfUse(verdict: Verdict): boolean {
  if (verdict.kind === "forward") return verdict.fallback !== undefined;
  return verdict.kind !== "gateway-timeout";
}

async function forwarded(need: Need): Promise<Response> {
  const { asked, ports } = need;
  if (ports.clientLimit !== undefined && (await ports.clientLimit.isReached(asked.conditions))) {
    discardBody(atHand(need)?.stored);
    return counted({ response: plainPage("limited"), outcome: "limited" }, asked, ports);
  }
  return counted(await answerFromOrigin(need), asked, ports);
}

/** A stale response in memory, where nothing better is likely to be had. */
function isSpared(candidate: Candidate, asked: Asked, ports: Ports): boolean {
  const question = questionOf({ asked, ports });
  if (candidate.tier !== "memory" || decideOnError(candidate, question) === undefined) return false;
  return ports.originHealth.spareLook(pageOf(asked), question.atMs);
}

/** Nothing may answer, and the origin has failed: whatever a tier may have. */
async function lookUpAll(asked: Asked, ports: Ports): Promise<Candidate | undefined> {
  const accepts = (candidate: Candidate) =>
    isAnswer(decide(candidate, questionOf({ asked, ports })));
  const { found } = await lookUp({ asked, atMs: ports.nowAtMs(), accepts }, ports);
  if (typeof found !== "object") return undefined;
  if (isOfUse(decide(found, questionOf({ asked, ports })))) return found;
  discardBody(found.stored);
  return undefined;
}

function counted({ response, outcome }: Answer, { route }: Asked, ports: Ports): Response {
  ports.metrics.answered(route.name, outcome);
  return response;
}

function hit(
  verdict: Extract<Verdict, { kind: "serve" | "serve-stale" }>,
  place: VariantPlace,
): Answer {
  const { asked, ports } = place;
  const { candidate, ageSeconds, ttlSeconds } = verdict;
  const unverified =
    asked.route.servesUnverified && isUnverified(questionOf({ asked, ports }), candidate);
  if (unverified) ports.metrics.answeredUnverified();
  const handling = { kind: "hit", ttlSeconds, detail: candidate.tier, unverified } as const;
  const response = fromStored(candidate.stored, { asked, ports, ageSeconds, handling });
  // What is stale is brought up to date in all tiers.
  if (verdict.kind === "serve") admitOnHit(candidate, place);
  return { response, outcome: verdict.kind === "serve" ? "hit" : "stale-hit" };
}

/** Straight to the origin and straight back: never stored, never collapsed. */
async function passBy(passed: Passed, ports: Ports): Promise<Response> {
  const { route, reason, rule, request } = passed;
  const failed = (page: PlainPage, outcome: Outcome = "failed") => {
    ports.metrics.answered(route.name, outcome);
    return plainPage(page);
  };
  // RFC 9111 §5.2.1.7: nothing that is stored may answer what is passed by.
  if (requestDirectives(request.headers).onlyIfCached) return failed("only-if-cached");
  if (ports.loops.isOne(request.headers.get("via"), route.origin)) return failed("loop");
  if (ports.clientLimit !== undefined && (await ports.clientLimit.isReached(request.headers))) {
    return failed("limited", "limited");
  }
  const forwarding = forwardPassed(passed, ports).then((answered) => {
    if (answered.kind === "answered") invalidateBy(passed, answered.response, ports);
    return answered;
  });
  // What a client has written is invalidated also if it leaves before it hears of it.
  if (!isSafe(request)) {
    ports.afterAnswer(async () => void (await forwarding.catch(() => undefined)));
  }
  const answer = await forwarding;
  if (answer.kind === "failed") return failed(answer.failure);
  const { response } = answer;
  const forwardStatus = response.status;
  const handling = { kind: "forwarded", reason, forwardStatus, detail: rule } as const;
  ports.metrics.answered(route.name, "passed");
  return passOn(response, { ports, handling, change: keepPrivate });
}
