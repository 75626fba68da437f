// The entry point of storing: sends an origin's answer to the client, and stores it meanwhile if allowed. In
// order: its metadata (metadata-of-answer.ts); reasons not to store it (refusal.ts); effects on later
// requests (consequences.ts); whether Redis gets it at once (admission.ts); its body
// (store-while-sending.ts); its variants (variants.ts); its tiers (in-tiers.ts).
import type { FetchResult } from "../../cache/flights.ts";
import { lengthOf } from "../../rules/ranges.ts";
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
import { applyForSessions, applyRefusal, learnOdds } from "./consequences.ts";
import { type OriginAnswer, metadataOf } from "./metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient, namesClient } from "./of-one-client.ts";
import { noteAnswer } from "./last-answer.ts";
import { ofOneClient, refusedBy, type StoreRefusal } from "./refusal.ts";
import { sendAndStoreBody } from "./store-while-sending.ts";

/**
 * Sends an answer to the client, and stores it if allowed.
 *
 * @param led with the request as the origin got it
 */
export function sendAndStore(fresh: OriginAnswer, led: LeadNeed): FetchResult<Response> {
  const { asked, flight, exchange, key } = led;
  const { site } = exchange;
  const { decision } = exchange;
  const { headers, status, body } = fresh.response;
  const metadata = metadataOf(fresh, led);
  const refused = refusedBy(metadata, headers, led);
  applyRefusal(refused?.rule, metadata, { ...led, replaced: storedCandidate(led) });
  applyForSessions(refused?.rule, status, led);
  learnOdds(refused?.rule, metadata, led);
  const atMs = exchange.nowAtMs();
  if (refused !== undefined) {
    decision.refuses(refused);
    if (refused.rule === "credential-field") {
      site.credentialRefusals.note(asked.route, refused.names, atMs);
    }
    flight.settle(status >= 500 ? failedWith(fresh.response, atMs) : { kind: "nothing-to-share" });
    const answer = unstored(fresh, led, { ...refused, metadata });
    noteAnswer(metadata, led, { isMadePrivate: isPrivate(answer.headers) && !isPrivate(headers) });
    return { answer, done: Promise.resolve() };
  }
  decision.stored = true;
  decision.tier = "origin";
  if (ignoresRange(metadata, asked)) site.rangeless.mark(key.text, atMs);
  const marked = awaitsSecondAsk(metadata, led)
    ? withTermsKept(metadata, { awaitsSecondAsk: true })
    : metadata;
  const source = body ?? new Blob([]).stream();
  const sent = sendAndStoreBody({ metadata: marked, source, isValidated: false }, led);
  const fields = sent.answer.headers;
  const own = fieldsForOneClient(headers, metadata, led);
  for (const [name, value] of own) fields.append(name, value);
  if (arePersonal(own, metadata)) makePrivate(fields);
  return sent;
}

/** Returns the answer as it came. Caches behind us may not store it either if it is not for all. */
function unstored(
  { response }: OriginAnswer,
  need: OriginNeed,
  { metadata, rule }: { metadata: StoredMetadata; rule: StoreRefusal },
): Response {
  const { asked } = need;
  const { decision } = need.exchange;
  const { headers, status } = response;
  // RFC 9110 §13.2.1: the origin was asked without the client's conditions.
  const hasIt = isNotModified({
    request: asked.conditions,
    stored: headers,
    status,
    receivedAtMs: undefined,
  });
  if (hasIt) cancelBody(response);
  const sent = hasIt ? notModified(withoutBody(new Headers(headers))) : response;
  const isForOne =
    ofOneClient.has(rule) ||
    arePersonal(fieldsForOneClient(headers, metadata, need), metadata) ||
    (!isPrivate(headers) && namesClient(headers, metadata, asked));
  const mayBeOwn = isPersonal(asked) || headers.has("set-cookie");
  const change = isForOne ? makePrivate : mayBeOwn ? keepPrivate : undefined;
  decision.outcome = "forwarded";
  decision.tier = "origin";
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = bytesPassedOn(sent, asked.method);
  return passOn(sent, need.exchange, change);
}

/** The form that every origin with ranges understands. Some reject white space, capitals or long numbers. */
const plainRange = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/;

/**
 * Returns whether the origin ignored a range. The whole is a proper answer to `bytes=0-` and to `If-Range`.
 */
function ignoresRange(metadata: StoredMetadata, asked: LookupRequest): boolean {
  const range = rangeIn(asked, metadata);
  if (range.kind !== "part" || asked.conditions.has("if-range")) return false;
  // A client with another spelling must not make others wait for the whole body.
  if (!plainRange.test(asked.conditions.get("range") ?? "")) return false;
  return !mayNeedNoBody(asked) && lengthOf(range) !== metadata.bodyBytes;
}
