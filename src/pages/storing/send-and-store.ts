// The entry point of storing: sends an origin's answer to the client, and stores the answer at the
// same time if allowed. The steps, in order:
// 1. metadata-of-answer.ts builds the metadata.
// 2. refusal.ts decides whether to store the answer.
// 3. consequences.ts applies the effects on later requests.
// 4. admission.ts decides whether Redis gets the answer at once.
// 5. store-while-sending.ts sends and stores the body.
// 6. variants.ts limits the variants.
// 7. in-tiers.ts writes to the tiers.
import type { FetchResult } from "../../cache/flights.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { lengthOf } from "../../rules/ranges.ts";
import { silentlyVaryingBy } from "../../rules/selecting.ts";
import { isNotModified } from "../../rules/validators.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { mayNeedNoBody, rangeIn } from "../request/conditions.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { isPrivate, keepPrivate, makePrivate, withoutBody } from "../respond/downstream.ts";
import { bytesPassedOn, notModified, passOn } from "../respond/respond.ts";
import { failedWith } from "../site/forward-outcome.ts";
import { storedCandidate, type LeadNeed, type OriginNeed } from "../reuse/need.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { awaitsSecondAsk } from "./admission.ts";
import { applyForSessions, applyRefusal } from "./consequences.ts";
import { type StampedAnswer, metadataOf } from "./metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient, namesClient } from "./of-one-client.ts";
import { noteAnswer } from "./last-answer.ts";
import { ofOneClient, refusedBy, type StoreRefusal } from "./refusal.ts";
import { sendAndStoreBody } from "./store-while-sending.ts";

/**
 * Sends an answer to the client, and stores it if allowed.
 *
 * @param need the request of this answer, with the results of its lookup and its flight
 */
export function sendAndStore(fresh: StampedAnswer, need: LeadNeed): FetchResult<Response> {
  const { request, flight, exchange, key } = need;
  const { site, decision } = exchange;
  const { headers, status, body } = fresh.response;
  const metadata = metadataOf(fresh, need);
  const refused = refusedBy(metadata, headers, need);
  applyRefusal(refused?.rule, metadata, { ...need, replaced: storedCandidate(need) });
  applyForSessions(refused?.rule, status, need);
  const atMs = exchange.nowAtMs();
  if (refused !== undefined) {
    decision.refuses(refused);
    if (refused.rule === "credential-field") {
      const { name, credentials } = request.route;
      const entries = refused.names.flatMap((field) => credentials.entryFor(field) ?? []);
      site.credentialRefusals.note(name, entries, atMs);
    }
    flight.settle(status >= 500 ? failedWith(fresh.response, atMs) : { kind: "nothing-to-share" });
    const answer = unstored(fresh, need, { ...refused, metadata });
    noteAnswer(metadata, need, { isMadePrivate: isPrivate(answer.headers) && !isPrivate(headers) });
    return { answer, done: Promise.resolve() };
  }
  decision.stored = true;
  decision.tier = "origin";
  noteSilentVariation(metadata, need);
  if (ignoresRange(metadata, request)) site.rangeless.mark(key.text, atMs);
  const marked = awaitsSecondAsk(metadata, need)
    ? withTermsKept(metadata, { awaitsSecondAsk: true })
    : metadata;
  const source = body ?? new Blob([]).stream();
  const sent = sendAndStoreBody({ metadata: marked, source, isValidated: false }, need);
  const fields = sent.answer.headers;
  const own = fieldsForOneClient(headers, metadata, need);
  for (const [name, value] of own) fields.append(name, value);
  if (arePersonal(own, metadata)) makePrivate(fields);
  return sent;
}

/**
 * Notes the fields that changed a page although `Vary` does not name them: a client's own request
 * fetched another media type or language than this request.
 */
function noteSilentVariation(metadata: StoredMetadata, need: OriginNeed): void {
  const { request, exchange } = need;
  const before = storedCandidate(need)?.stored.metadata;
  if (!before?.isOfClient || before.status !== metadata.status) return;
  const names = silentlyVaryingBy(fieldsOf(before), fieldsOf(metadata));
  if (names.length === 0) return;
  const { site } = exchange;
  const entries = names.map((name) => `${name} ${request.target.path.slice(0, pathCharactersMax)}`);
  site.silentVariations.note(request.route.name, entries, exchange.nowAtMs());
  site.metrics.add("silentVariations", [request.route.name]);
}

/** The maximum length of a path in a note. */
const pathCharactersMax = 200;

/**
 * Returns the origin's answer, or a 304 if the client already has the body. If the answer is not
 * for all clients, makes it private, so that downstream caches do not share it.
 */
function unstored(
  { response }: StampedAnswer,
  need: OriginNeed,
  { metadata, rule }: { metadata: StoredMetadata; rule: StoreRefusal },
): Response {
  const { request } = need;
  const { decision } = need.exchange;
  const { headers, status } = response;
  // The forwarded request had no conditions of the client, so evaluate them here (RFC 9110
  // §13.2.1).
  const hasIt = isNotModified({
    request: request.conditions,
    stored: headers,
    status,
    receivedAtMs: undefined,
  });
  if (hasIt) cancelBody(response);
  const sent = hasIt ? notModified(withoutBody(new Headers(headers))) : response;
  const isForOne =
    ofOneClient.has(rule) ||
    arePersonal(fieldsForOneClient(headers, metadata, need), metadata) ||
    (!isPrivate(headers) && namesClient(headers, metadata, request));
  const mayBeOwn = isPersonal(request) || headers.has("set-cookie");
  const change = isForOne ? makePrivate : mayBeOwn ? keepPrivate : undefined;
  decision.outcome = "forwarded";
  decision.tier = "origin";
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = bytesPassedOn(sent, request.method);
  return passOn(sent, need.exchange, change);
}

/**
 * The form of a range that every origin with range support accepts. Some origins reject white
 * space, capitals or long numbers.
 */
const plainRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/;

/**
 * Returns whether the origin ignored a range. Returns false for a range such as `bytes=0-` and for
 * `If-Range`, because the whole response may be the correct answer.
 */
function ignoresRange(metadata: StoredMetadata, request: LookupRequest): boolean {
  const range = rangeIn(request, metadata);
  if (range.kind !== "part" || request.conditions.has("if-range")) return false;
  // Ignore other spellings, so that one client cannot make others wait for the whole body.
  if (!plainRange.test(request.conditions.get("range") ?? "")) return false;
  return !mayNeedNoBody(request) && lengthOf(range) !== metadata.bodyBytes;
}
