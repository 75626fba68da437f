// The entry point of storing: sends an origin's answer to the client, and stores the answer at the
// same time if allowed. The steps, in order:
// 1. metadata-of-answer.ts builds the metadata.
// 2. refusal.ts decides whether to store the answer.
// 3. consequences.ts applies the effects on later requests.
// 4. admit-to-shared.ts decides whether the shared tier awaits a second request.
// 5. send-body.ts sends the body while gathering it, and streams a larger body to tiers.
// 6. store-whole.ts stores a body that was gathered whole: in memory, and then in the tiers below.
import type { FetchResult } from "../../cache/flights.ts";
import { acceptClassName } from "../../rules/accept-class.ts";
import { lengthOf } from "../../rules/ranges.ts";
import { forbiddingDirective } from "../../rules/storable.ts";
import { isNotModified } from "../../rules/validators.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { withFields } from "../../base/with-fields.ts";
import { mayNeedNoBody, rangeIn } from "../request/conditions.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import {
  allowNoReuse,
  isForShared,
  isPrivate,
  keepPrivate,
  letBrowsersValidate,
  makePrivate,
  withoutBody,
} from "../respond/downstream.ts";
import { bytesPassedOn, notModified, passOn } from "../respond/respond.ts";
import { failedWith, type StampedAnswer } from "../site/origin-outcome.ts";
import {
  type LeaderRequest,
  storedCandidate,
  type PendingRequest,
} from "../reuse/pending-request.ts";
import { contentTagFor, withoutValidators } from "../stored/content-tag.ts";
import { termsOf } from "../stored/lifetime.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { applyStored, applyToKeys, refusalHoldsFor } from "./consequences.ts";
import { claimedUnseen, taggedByLength, withheldTag } from "./lying-validators.ts";
import { isTypeInDoubt, metadataOf, type ReadAnswer } from "./metadata-of-answer.ts";
import { withAdmission } from "./admit-to-shared.ts";
import { arePersonal, fieldsForOneClient, namesClient } from "./of-one-client.ts";
import {
  isProvisional,
  ofOneClient,
  type RefusedStore,
  refusedBy,
  type StoreRefusal,
} from "./refusal.ts";
import { sendAndStoreBody } from "./send-body.ts";

/**
 * Sends an answer to the client, and stores it if allowed.
 *
 * @param pending the request of this answer, with the results of its lookup and its flight
 */
export async function sendAndStore(
  given: StampedAnswer,
  pending: LeaderRequest,
): Promise<FetchResult<Response>> {
  const { request, exchange, key } = pending;
  const before = (storedCandidate(pending) ?? pending.standing)?.stored.metadata;
  const read = { ...metadataOf(given, pending, before), before };
  const { effects } = read;
  const metadata = claimed(read.metadata, pending);
  const refusal = refusedBy(metadata, { ...given, ...effects }, pending);
  if (refusal !== undefined) return sendUnstored(refusal, given, { ...read, metadata }, pending);
  applyStored(metadata, pending);
  if (ignoresRange(metadata, request)) {
    exchange.site.uncacheable.rangeless.begin(key.text, exchange.nowAtMs());
  }
  const source = given.response.body ?? new Blob([]).stream();
  const sent = await sendAndStoreBody(
    { metadata: withAdmission(metadata, pending), source, isValidated: false },
    pending,
  );
  const fields = sent.answer.headers;
  const own = fieldsForOneClient(effects.headers, metadata, pending);
  for (const [name, value] of own) fields.append(name, value);
  if (arePersonal(own, metadata, request.route)) makePrivate(fields);
  return sent;
}

/** Returns the metadata with the validators that clients may get before the body is known. */
function claimed(metadata: StoredMetadata, pending: LeaderRequest): StoredMetadata {
  const withheld = withheldTag(metadata, pending);
  const isStreamed = (metadata.bodyBytes ?? 0) > pending.exchange.site.config.limits.bufferBytes;
  return isStreamed ? taggedByLength(withheld, pending) : withheld;
}

interface ReplacingAnswer extends ReadAnswer {
  /** The stored response that the answer would replace. */
  readonly before: StoredMetadata | undefined;
}

/** Sends an answer that no tier stores, and applies the refusal to later requests. */
function sendUnstored(
  refusal: RefusedStore,
  { response: received }: StampedAnswer,
  read: ReplacingAnswer,
  pending: LeaderRequest,
): FetchResult<Response> {
  const { flight, exchange } = pending;
  const metadata = claimedUnseen(read.metadata, pending);
  const { headers, cookies } = read.effects;
  const response = headers === received.headers ? received : withFields(received, headers);
  const { status } = response;
  applyToKeys(refusal.rule, metadata, pending);
  exchange.decision.refuses(refusal);
  const holdsFor = refusalHoldsFor(refusal.rule, metadata, pending);
  flight.settle(
    status >= 500
      ? failedWith(response, exchange.nowAtMs())
      : { kind: "nothing-to-share", holdsFor },
  );
  const hadCookie = received.headers.has("set-cookie");
  const answer = unstored(response, pending, { ...read, metadata, hadCookie, ...refusal });
  const isMadePrivate = isPrivate(answer.headers) && !isPrivate(headers);
  exchange.site.answers?.answered(metadata, pending, { cookies, isMadePrivate });
  return { answer, done: Promise.resolve() };
}

/**
 * Returns the origin's answer, or a 304 if the client already has the body. If the answer is not
 * for all clients, makes it private, so that downstream caches do not share it.
 */
function unstored(
  response: Response,
  pending: PendingRequest,
  given: ReplacingAnswer & { readonly hadCookie: boolean; readonly rule: StoreRefusal },
): Response {
  const { request, exchange } = pending;
  const { metadata, rule, hadCookie, before } = given;
  const { decision } = exchange;
  const { headers, status } = response;
  // The page from after the purge may have the validator of an answer from before it.
  const isClaimed = rule !== "before-purge" && contentTagFor(metadata, request.route) === undefined;
  // The origin got no conditions of the client, so evaluate them here (RFC 9110 §13.2.1).
  const hasIt =
    isClaimed &&
    isNotModified({
      request: request.conditions,
      stored: headers,
      status,
      receivedAtMs: undefined,
    });
  if (hasIt) cancelBody(response);
  const sent = hasIt ? notModified(withoutBody(new Headers(headers))) : response;
  const isForOne =
    ofOneClient.has(rule) ||
    arePersonal(fieldsForOneClient(headers, metadata, pending), metadata, request.route) ||
    (!isPrivate(headers) && namesClient(headers, metadata, request));
  const mayBeOwn = isPersonal(request) || hadCookie;
  const ofFirst = isForOne ? makePrivate : mayBeOwn ? keepPrivate : undefined;
  const change = isProvisional(metadata, rule) ? allowNoReuse : ofFirst;
  // Another client may get another answer, which `Vary` does not say.
  const isTypeChosen =
    (rule === "unconfirmed" && isTypeInDoubt(metadata, { ...pending, before })) ||
    metadata.selecting.some(([name]) => name === acceptClassName);
  const { directives } = termsOf(metadata, request.route).governing;
  const isForbidden = forbiddingDirective(directives) !== undefined;
  decision.outcome = "forwarded";
  decision.tier = "origin";
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = bytesPassedOn(sent, request.method);
  return passOn(sent, { route: request.route, exchange }, (fields) => {
    if (!isClaimed) withoutValidators(fields);
    if (isTypeChosen) fields.append("vary", "Accept");
    change?.(fields);
    // An answer that no shared cache may store is not Tidemark's, unless it has lost a directive here.
    if (!isForbidden || isForShared(headers)) {
      letBrowsersValidate(fields, response, exchange.site.config);
    }
  });
}

/**
 * Returns whether the origin ignored a range. Returns false for a range such as `bytes=0-` and for
 * `If-Range`, because the whole response may be the correct answer.
 */
function ignoresRange(metadata: StoredMetadata, request: LookupRequest): boolean {
  const range = rangeIn(request, metadata);
  if (range.kind !== "part" || request.conditions.has("if-range")) return false;
  return !mayNeedNoBody(request) && lengthOf(range) !== metadata.bodyBytes;
}
