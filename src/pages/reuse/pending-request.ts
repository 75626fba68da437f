// A request that is about to be forwarded, with the results of its lookup.
import type { PagePlace } from "../site/exchange.ts";
import type { OriginFlight } from "../site/origin-outcome.ts";
import type { Continuation } from "../../bodies/continuation.ts";
import { discardBody } from "../../cache/record/record.ts";
import {
  acceptClass,
  acceptClassName,
  isChosenByAccept,
  isOfExtension,
} from "../../rules/accept-class.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { prefersAnother } from "../../rules/selecting.ts";
import type { LookupRequest } from "../request/plan.ts";
import { PageLookup } from "./page-lookup.ts";
import type { Candidate, JudgedResponse, StoredMetadata } from "../stored/stored-response.ts";
import { isOfUse, judgedUnder, mayBeValidated, type VerdictQuestion } from "./may-answer.ts";

/** A request that needs the origin, the results of its lookup, and usable stored responses. */
export interface PendingRequest extends PagePlace {
  /** The stored response to validate. */
  readonly validating?: Candidate | undefined;
  /** The stored response that cannot be validated, but may answer if the origin fails. */
  readonly stale?: Candidate | undefined;
  /**
   * The stored response that the lookup found, even if it may not answer this client. Its body may
   * already be consumed.
   */
  readonly standing?: Candidate | undefined;
  /** Reads the skipped tiers for a response that may answer if the origin fails. */
  readonly lookUpFurther?: (() => Promise<Candidate | undefined>) | undefined;
}

/** A forwarded request with its flight, which other requests wait for. */
export interface LeaderRequest extends PendingRequest {
  /**
   * The flight. It settles once the response is complete or clearly cannot be shared, and at the
   * latest when all writes have ended. Later settlements have no effect.
   */
  readonly flight: Pick<
    OriginFlight,
    "settle" | "arrive" | "arrived" | "stall" | "isAwaited" | "isReplaced"
  >;
  /** Returns how the response's body continues after a break. */
  readonly continuationOf: (metadata: StoredMetadata) => Continuation;
}

/** Returns the stored response to validate, or else the stale response. */
export function storedCandidate({ validating, stale }: PendingRequest) {
  return validating ?? stale;
}

/** Returns the pending forward with a stale response from the skipped tiers, if they contain one. */
export async function lookedUpFurther(pending: PendingRequest): Promise<PendingRequest> {
  if (pending.lookUpFurther === undefined) return pending;
  return { ...pending, stale: await pending.lookUpFurther(), lookUpFurther: undefined };
}

/** Returns the input of a verdict. */
export function questionOf(
  { request, exchange }: PagePlace,
  atMs = exchange.nowAtMs(),
): VerdictQuestion {
  return { request, exchange, atMs };
}

/** @param found the lookup's response, which may not answer without the origin */
export function pendingRequest(
  lookup: PageLookup,
  found: Candidate | undefined,
  why: { readonly validating: Candidate } | { readonly stale: Candidate | undefined },
): PendingRequest {
  const { place } = lookup;
  const isLeft = place.inShared === "passed-over" && found === undefined;
  const lookUpFurther = isLeft ? () => lookUpAll(lookup) : undefined;
  return { ...place, ...why, standing: found, lookUpFurther };
}

/** Looks up, in all tiers, a response that may replace an error of the origin. */
async function lookUpAll({ request, exchange }: PageLookup): Promise<Candidate | undefined> {
  const found = await new PageLookup({ request }, exchange).lookUp();
  if (found !== undefined && isOfUse(found.verdict)) return found.candidate;
  discardBody(found?.candidate.stored);
  return undefined;
}

/**
 * Returns whether a validator does not show that the response is current, although rule 23 allows a validation: a
 * soft purge or an invalidation covers the response, or its origin answered within the route's `settleSeconds`
 * after a purge, perhaps with the body from before it.
 */
export function needsNewBody(found: JudgedResponse, place: PagePlace): boolean {
  const { metadata } = found.stored;
  const judged = judgedUnder(questionOf(place), found);
  const covering = judged.kind === "unverified" ? judged.covering : judged;
  const isSoft = covering?.kind === "purged" && covering.mode === "soft";
  if (isSoft || place.exchange.site.invalidations.covers(metadata, found.key)) return true;
  const { purgeSettleSeconds } = place.request.route;
  const { lifetimeSecondsMax = Infinity } = metadata;
  return purgeSettleSeconds > 0 && lifetimeSecondsMax <= purgeSettleSeconds;
}

/**
 * Returns whether the origin may have another body for this client, with the same validator: the client ranks another
 * class of types first, or prefers another type or language than the client whose own request fetched the body.
 */
export function prefersAnotherBody(
  { fields, selecting, isOfClient }: StoredMetadata,
  { forwarded, route, target, isAnonymous }: LookupRequest,
): boolean {
  const stored = fieldsOf({ fields });
  // The stored response is for the same normal form, because the key has the form.
  const get = (name: string) => (route.normalForms?.has(name) ? null : forwarded.get(name));
  if (isOfClient === true && prefersAnother({ get }, stored)) return true;
  const names = [...selecting.map(([name]) => name), ...route.keyHeaders];
  const isForAccept = names.includes("accept") || names.includes(acceptClassName);
  const accept = get("accept");
  if (isAnonymous || isForAccept || acceptClass(accept) === "html") return false;
  const type = responseMediaTypes(stored).at(-1) ?? "";
  return !isChosenByAccept(type, accept) && !isOfExtension(type, target.path);
}

/** Returns whether the body is, or may be, from before a purge that covers the response. */
export function isDoubted(found: JudgedResponse, place: PagePlace): boolean {
  const judged = judgedUnder(questionOf(place), found);
  const isKnown = judged.kind === "usable" && judged.unverified === undefined;
  return !isKnown || needsNewBody(found, place);
}

/** Returns whether the purge view cannot verify the response (rules 6 and 7). */
export function isInDoubt(found: JudgedResponse, question: VerdictQuestion): boolean {
  return judgedUnder(question, found).kind === "unverified";
}

/**
 * Waits for a newer view if the current view cannot verify the response. The caller then judges the
 * response again. Never rejects.
 */
export async function renewViewIfInDoubt(found: JudgedResponse, place: PagePlace): Promise<void> {
  const { afterAnswer, nowAtMs, effects } = place.exchange;
  const { view } = place.exchange.site;
  if (effects === "none" || !isInDoubt(found, questionOf(place))) return;
  const { host } = place.request.key;
  await view.seek({ atMs: nowAtMs(), host, afterAnswer }, found.stored.metadata);
}

/**
 * Returns whether validation is allowed (rule 23). Called before the request is sent, and again
 * when the 304 arrives. Waits for a newer view if necessary.
 */
export async function mayValidate(
  validating: JudgedResponse,
  pending: PagePlace,
): Promise<boolean> {
  const { exchange, key } = pending;
  const question = questionOf(pending);
  if (mayBeValidated(question, validating)) return true;
  if (judgedUnder(question, validating).kind === "purged") return false;
  // The view may be too old, or may not yet include the stamp.
  const requester = { atMs: question.atMs, host: key.host, afterAnswer: exchange.afterAnswer };
  await exchange.site.view.seek(requester, validating.stored.metadata);
  return mayBeValidated(questionOf(pending), validating);
}
