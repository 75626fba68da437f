// One request from arrival to answer, in the order of its steps.
import { discardBody } from "../cache/record/record.ts";
import { tierScopes } from "../config/tier-names.ts";
import { unreachable } from "../rules/unreachable.ts";
import { Decision, settle } from "../observe/decision.ts";
import type { Metrics } from "../observe/metrics.ts";
import { answerFromOrigin, type AnswerFromOriginPorts } from "./fetch/answer-from-origin.ts";
import { bySwitch, passBy, type PassByPorts } from "./fetch/pass-by.ts";
import { refreshBehind } from "./fetch/refresh.ts";
import { type Asked, askedWith, plan, type Planning } from "./request/plan.ts";
import type { UrlRead } from "./request/url-reader.ts";
import { plainPage } from "./respond/plain-page.ts";
import { refused } from "./respond/refused.ts";
import { fromStored } from "./respond/respond.ts";
import { type EarlyRefreshPorts, isRefreshDue } from "./reuse/early-refresh.ts";
import { settleDoubt } from "./reuse/in-doubt.ts";
import { type FoundResponse, Search, type SearchPorts } from "./reuse/search.ts";
import { atHand, type Need, needOf } from "./reuse/need.ts";
import type { VariantDemand } from "./reuse/variant-demand.ts";
import {
  type Answering,
  type Candidate,
  decide,
  isExempt,
  isOfUse,
  type Verdict,
} from "./reuse/verdict.ts";
import { admitOnHit } from "./storing/admission.ts";
import type { HotKeys } from "./warm/hot-keys.ts";

/** What one request is served with. */
export type ServePorts = Planning &
  EarlyRefreshPorts &
  AnswerFromOriginPorts &
  PassByPorts & {
    readonly metrics: Metrics;
    readonly variantDemand: Pick<VariantDemand, "note">;
    /** `undefined` where none are kept warm. */
    readonly hotKeys: HotKeys | undefined;
    /** Does the switch send the requests of a route (by its name) straight to the origin? Asked at every hit. */
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
  if (planned.kind === "refuse") {
    const { route, prefix } = planned;
    return refused(
      "ambiguous",
      new Decision({ route: route.name, prefix, arrivedAtMs: atMs }),
      ports,
    );
  }
  if (planned.kind === "pass") {
    ports.view.arrived(atMs);
    return passBy(planned.passed, { arrivedAtMs: atMs }, ports);
  }
  const { host } = planned.asked.key;
  const renewed = ports.view.attend({ atMs, host, afterAnswer: ports.afterAnswer });
  if (renewed === undefined) return lookedUp({ request, read, atMs }, planned.asked, ports);
  // Rule 24 of the purge protocol: a view that is past N − A may not know a newer post of the switch.
  return renewed().then(() =>
    lookedUp({ request, read, atMs: ports.nowAtMs(), waitedSinceAtMs: atMs }, planned.asked, ports),
  );
}

interface Arrived {
  readonly request: Request;
  readonly read: UrlRead;
  /** For which it is judged: of arrival, or of the end of the wait. */
  readonly atMs: number;
  /** When the request arrived, if it has waited since. */
  readonly waitedSinceAtMs?: number;
}

/** Unless the switch sends it straight to the origin. */
function lookedUp(
  { request, read, atMs, waitedSinceAtMs }: Arrived,
  planned: Asked,
  ports: ServePorts,
): Response | Promise<Response> {
  if (ports.bypasses(planned.route.name)) {
    return passBy(bySwitch(request, read, ports), { arrivedAtMs: waitedSinceAtMs ?? atMs }, ports);
  }
  const search = searchFor(planned, atMs, ports);
  if (waitedSinceAtMs !== undefined) search.decision.waitedSince(waitedSinceAtMs);
  const found = search.found();
  return found instanceof Promise
    ? found.then((below) => answered(below, search))
    : answered(found, search);
}

/** What the search of a client's request is begun with. */
export type SearchForPorts = SearchPorts & {
  readonly knownVary: Pick<ServePorts["knownVary"], "names">;
  readonly originHealth: Pick<ServePorts["originHealth"], "spareLook">;
};

/** A client's search, with the record of what becomes of its request; `atMs`: of arrival. */
export function searchFor<P extends SearchForPorts>(
  planned: Asked,
  atMs: number,
  ports: P,
): Search<P> {
  const asked = askedAsKnown(planned, ports);
  const { route, prefix, key, sentQuery, directives } = asked;
  const decision = new Decision({
    route: route.name,
    key: key.text,
    sentQuery,
    prefix,
    arrivedAtMs: atMs,
  });
  const mayPassOver = !directives.onlyIfCached;
  return new Search({ asked, atMs, decision, isSpared, mayPassOver }, ports);
}

/** With what its answer varied by before, though nothing may be stored that tells so. */
function askedAsKnown(asked: Asked, { knownVary }: Pick<SearchForPorts, "knownVary">): Asked {
  return asked.route.forward === undefined
    ? asked
    : askedWith(asked, knownVary.names(asked.key.text));
}

/** A stale response in memory will do, where nothing better is likely to be had. */
function isSpared(
  { candidate, verdict: { mayStandIn = false } }: FoundResponse,
  { asked, ports, atMs }: Pick<Search<SearchForPorts>, "asked" | "ports" | "atMs">,
): boolean {
  const isAtHand = tierScopes[candidate.tier] === "isolate" && mayStandIn;
  return isAtHand && ports.originHealth.spareLook(asked, atMs);
}

function answered(
  found: FoundResponse | undefined,
  search: ClientSearch,
): Response | Promise<Response> {
  const { ports, key, marker, atMs } = search;
  if (marker !== undefined) ports.variantDemand.note(key, marker, atMs);
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
  noteVerdict(verdict, search);
  if (!isOfUse(verdict)) discardBody(found?.stored);
  switch (verdict.kind) {
    case "serve":
    case "serve-stale":
      ports.hotKeys?.hit(verdict.candidate, asked, ports);
      if (isRefreshDue(verdict, search)) refreshBehind(asked, verdict.candidate, key, ports);
      return hit(verdict, search);
    case "validate":
      return forwarded(needOf(search, found, { validating: verdict.candidate }));
    case "forward":
      return forwarded(needOf(search, found, { fallback: verdict.fallback }));
    case "gateway-timeout":
      return refused("only-if-cached", decision, ports);
    default:
      return unreachable(verdict);
  }
}

/** Notes a verdict, and all that Cache-Status can say of it before an origin is asked. */
export function noteVerdict(
  verdict: Verdict,
  { decision, marker }: Pick<ClientSearch, "decision" | "marker">,
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

/** The entry of the journal that decided, or that may cover what could not be verified. */
function decidingEntry({ judged }: Verdict) {
  if (judged?.kind === "purged") return judged.by;
  return judged?.kind === "unverified" ? judged.covering?.by : undefined;
}

function hit({ kind, candidate, ageSeconds }: Answering, search: ClientSearch): Response {
  const { ports, decision } = search;
  const response = fromStored(candidate.stored, ageSeconds, search);
  // What is stale is brought up to date in all tiers.
  if (kind === "serve" && candidate.stored.metadata.awaitsSecondAsk === true) {
    admitOnHit(candidate, search);
  }
  settle(decision, ports);
  return response;
}

async function forwarded(need: Need<ServePorts>): Promise<Response> {
  const { asked, ports, decision } = need;
  if (
    ports.clientLimit !== undefined &&
    (await ports.clientLimit.isReached(asked.forwarded.clientAddress))
  ) {
    discardBody(atHand(need)?.stored);
    return refused("limited", decision, ports);
  }
  const response = await answerFromOrigin(need);
  settle(decision, ports);
  return response;
}
