// Forwards as the leader of a flight, for one request and those that collapse into it. The steps, in order:
// 1. The view returns the stamp.
// 2. `validatorsOf` makes the request conditional, if a 304 could answer.
// 3. forward.ts sends the request.
// 4. After a failure, `originFailed` answers: with a stale response, by a fallback origin, or with an error page.
//    After an error status, `insteadOfAnswer` does so, if there is a stale response or a fallback origin.
// 5. validate.ts freshens the stored response after a 304, and send-and-store.ts stores any other answer.
import type { FetchResult } from "../../cache/flights.ts";
import { discardBody, type ValueReads } from "../../cache/record/record.ts";
import { isApart } from "../../cache/tiers/tier.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { mayBeSecret, selectingFieldNames } from "../../rules/selecting.ts";
import { conditionalFields } from "../../rules/validators.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import {
  failedWith,
  type OriginFlight,
  type OriginOutcome,
  type StampedAnswer,
} from "../site/origin-outcome.ts";
import {
  needsNewBody,
  mayValidate,
  prefersAnotherBody,
  storedCandidate,
  questionOf,
  type PendingRequest,
} from "../reuse/pending-request.ts";
import { unmarked } from "../stored/build.ts";
import { mayBeValidated, weigh } from "../reuse/may-answer.ts";
import { mayHaveLied } from "../storing/lying-validators.ts";
import { sendAndStore } from "../storing/send-and-store.ts";
import { storedMeanwhile, answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import { isOriginError } from "../../rules/storable.ts";
import { forwardSelecting } from "./forward.ts";
import { inPublicContext } from "./public-context.ts";
import type { OriginTrouble } from "../../platform/origin-health.ts";
import type { BodyHolder } from "../site/body-holder-port.ts";
import { withoutRange } from "../request/conditions.ts";
import { continuationIn } from "./continue-body.ts";
import { learnFromHead, validated } from "./validate.ts";

/**
 * Forwards the request, and settles the flight as soon as there is an outcome for the requests that wait for it.
 *
 * @param flight the flight, which the caller ends once everything is stored
 */
export function lead(
  pending: PendingRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response>> {
  const { origin, inheritsTags } = pending.request.route;
  // The body as well is read in this context, because a handler may write it only when it is read.
  return inPublicContext(origin, pending.exchange, (given) => {
    const { collect, bodyHolder: holder } = given.site;
    const led = (reads?: ValueReads) =>
      leadPublic({ pending: { ...pending, exchange: { ...given, reads } }, holder }, flight);
    return collect === undefined || !inheritsTags ? led() : collect(led);
  });
}

/** One request of the flight to the origin. */
interface Attempt {
  readonly pending: PendingRequest;
  /** `undefined` if the client's own request must be forwarded. */
  readonly holder: BodyHolder | undefined;
}

/** Why an answer answers nobody, and the change by which the origin is asked again. Each happens at most once. */
const again = {
  /** The holder of the body cannot use the answer. */
  "own-request": ({ pending }: Attempt): Attempt => ({ pending, holder: undefined }),
  /** The 304 refers to another response, or to a response that was purged since. */
  unconditional: ({ pending, holder }: Attempt): Attempt => ({
    pending: { ...pending, validating: undefined, stale: pending.validating },
    holder,
  }),
};

type Outcome = FetchResult<Response> | keyof typeof again;

async function leadPublic(first: Attempt, flight: OriginFlight): Promise<FetchResult<Response>> {
  let attempt = first;
  for (;;) {
    const outcome = await attempted(attempt, flight);
    if (typeof outcome !== "string") return outcome;
    attempt = again[outcome](attempt);
  }
}

async function attempted({ pending, holder }: Attempt, flight: OriginFlight): Promise<Outcome> {
  const { exchange, key, request: wanted } = pending;
  const { nowAtMs, afterAnswer, site } = exchange;
  flight.leads(nowAtMs());
  if (pending.validating !== undefined) await mayValidate(pending.validating, pending);
  // Take the stamp before the request is sent, so that every later purge covers this response.
  const stamp = await site.view.stamp({ atMs: nowAtMs(), host: key.host, afterAnswer });
  // Judge the candidate after the stamp, so that the judgement includes every purge up to the
  // stamp.
  const held = holder?.ask(pending, stamp);
  const changed = held?.request ?? (isMixing(pending) ? withoutRange(wanted) : undefined);
  const asking = changed === undefined ? pending : { ...pending, request: changed };
  const validators = validatorsOf(asking);
  const isDown = site.originHealth.kindOf(wanted) === "down";
  if (isDown && site.fallbacks?.mayAnswer(pending) === true)
    return originFailed("unreachable", { ...pending, stamp }, flight);
  const added = [...validators, ...(held?.fields ?? [])];
  const { answer, request } = await forwardSelecting(asking, added);
  if (answer.kind === "failed") {
    exchange.decision.noteNoAnswer();
    return originFailed(answer.trouble, { ...pending, stamp }, flight);
  }
  const fresh: StampedAnswer = { ...answer, stamp };
  const { response } = answer;
  const { status } = response;
  exchange.decision.heard({ ...answer, status });
  const instead = await insteadOfAnswer(fresh, pending, flight);
  if (instead !== undefined) {
    cancelBody(response);
    return instead;
  }
  const place = { ...pending, request };
  const leadNeed = { ...place, flight, continuationOf: continuationIn(place) };
  if (status === 304) {
    const validating = validators.length > 0 ? pending.validating : undefined;
    // A 304 to an unconditional request refers to no response, so this 304 is a failure.
    if (validating === undefined) {
      flight.settle({ kind: "nothing-to-share" });
      return originFailed("unreachable", { ...pending, stamp }, flight);
    }
    const isUnchanged = await mayValidate(validating, pending);
    const sent = isUnchanged ? await validated(fresh, validating, leadNeed) : undefined;
    return sent ?? "unconditional";
  }
  const replaced = storedCandidate(pending);
  if (request.method === "HEAD" && replaced !== undefined) learnFromHead(fresh, replaced, leadNeed);
  const isSecret = selectingFieldNames(response.headers).some((name) => mayBeSecret([name, ""]));
  // The name of this variant is needed at once when it is stored.
  if (isSecret) await key.naming?.secret.ready();
  const taken = held === undefined ? "not-held" : await held.take(fresh, leadNeed);
  if (taken === "own-request") return taken;
  discardBody(replaced?.stored);
  return taken === "not-held" ? sendAndStore(fresh, leadNeed) : taken;
}

/** Returns whether the range could complete an old body with bytes of the new one. */
const isMixing = (pending: PendingRequest): boolean =>
  pending.request.conditions.has("if-range") && mayHaveLied(pending);

/**
 * Returns the fields of a conditional request. The result is empty if a 304 would have to store the
 * body again, and the lookup has not read the whole body. It is also empty if a 304 would let a wrong
 * body answer again: if a purge covers or may cover the response, if this is the refresh of a body that a
 * client's own request fetched, or if the client prefers another body (`prefersAnotherBody`).
 */
function validatorsOf(pending: PendingRequest): readonly FieldLine[] {
  const { validating } = pending;
  if (validating === undefined) return [];
  const { body, metadata } = validating.stored;
  const isWhole =
    body.kind === "blob" || (body.kind === "stream" && pending.request.method === "GET");
  if (!isWhole && !isApart(metadata)) return [];
  const question = questionOf(pending);
  if (!mayBeValidated(question, validating)) return [];
  if (weigh(validating, question).isOriginFirst || needsNewBody(validating, pending)) return [];
  const { isAnonymous, route } = pending.request;
  if (metadata.isOfClient === true && isAnonymous) return [];
  if (prefersAnotherBody(metadata, pending.request)) return [];
  const fields = conditionalFields(fieldsOf(metadata));
  return route.builds === undefined ? fields : unmarked(fields);
}

/** A request whose stamp is from before its first origin request. */
type StampedRequest = PendingRequest & Pick<StampedAnswer, "stamp">;

async function originFailed(
  failure: OriginTrouble,
  pending: StampedRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response>> {
  pending.exchange.decision.dropAnswer();
  const failed = { kind: "origin-failed", failure } as const;
  const instead = await insteadOfOrigin(failed, pending, flight);
  if (instead !== undefined) return instead;
  const come = await storedMeanwhile(pending);
  // The waiting requests get the response found here, and need no further lookup.
  if (come?.stored.body.kind === "blob") flight.settle({ kind: "stored", stored: come.stored });
  else flight.settle(failed);
  const answer = come === undefined ? failurePage(failure, pending) : answeredBy(come, pending);
  return { answer, done: Promise.resolve() };
}

/**
 * Answers in place of the route's own origin, in the order of the route: with a stale response, and then the
 * flight has failed, or with the answer of a fallback origin.
 *
 * @returns `undefined` if there is neither
 */
async function insteadOfOrigin(
  failed: OriginOutcome,
  pending: StampedRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response> | undefined> {
  const { asksFallbacksFirst } = pending.request.route.traits;
  const { fallbacks } = pending.exchange.site;
  const first = asksFallbacksFirst ? await fallbacks?.ask(pending, flight) : undefined;
  if (first !== undefined) return first;
  const stale = await storedInstead("this", failed, pending, flight);
  return stale ?? (asksFallbacksFirst ? undefined : fallbacks?.ask(pending, flight));
}

/** Answers in place of an error. If only a part counts the answer as failed, the origin works, and no other is asked. */
async function insteadOfAnswer(
  { response, stamp, failure }: StampedAnswer,
  pending: PendingRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response> | undefined> {
  if (isOriginError(response.status)) {
    const failed = failedWith(response, pending.exchange.nowAtMs());
    return insteadOfOrigin(failed, { ...pending, stamp }, flight);
  }
  if (failure === undefined) return undefined;
  const lost = { kind: "origin-failed", failure: "error-status", status: 404 } as const;
  return storedInstead("lost", lost, pending, flight);
}

async function storedInstead(
  who: "this" | "lost",
  failed: OriginOutcome,
  pending: PendingRequest,
  flight: OriginFlight,
): Promise<FetchResult<Response> | undefined> {
  const stale = await staleInstead(pending, who);
  if (stale === undefined) return undefined;
  flight.settle(failed);
  return { answer: stale, done: Promise.resolve() };
}
