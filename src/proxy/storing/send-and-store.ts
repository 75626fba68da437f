// Sends an origin's answer on to the client, and stores it on the way where it may be stored.
import type { Handling } from "../../http/cache-status.ts";
import { isErrorStatus } from "../../http/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { lengthOf } from "../../http/ranges.ts";
import { isNotModified } from "../../http/validators.ts";
import { awaitsSecondAsk } from "./admission.ts";
import { failedWith, type ForwardFlight } from "../reuse/forward-outcome.ts";
import {
  fieldsOfFill,
  isPrivate,
  keepPrivate,
  makePrivate,
  withoutBody,
} from "../respond/downstream.ts";
import { arePersonal, fieldsForOneClient, type Fresh, metadataOf } from "./fill.ts";
import { ageSeconds, termsOf } from "../stored/lifetime.ts";
import { mayNeedNoBody } from "../reuse/lookup.ts";
import type { Asked } from "../request/plan.ts";
import { type Answer, atHand, forwardedFor, type Need, questionOf } from "../reuse/need.ts";
import { namesClient } from "./of-one-client.ts";
import {
  heedForSessions,
  heedRefusal,
  isFailedRefresh,
  namesIn,
  ofOneClient,
  refusalToStore,
  type StoreRefusal,
} from "./refusal.ts";
import { bodiless, notModified, passOn } from "../respond/respond.ts";
import { clientHasIt, rangeIn } from "../request/conditions.ts";
import { placeOf } from "../reuse/shared-odds.ts";
import { type Fill, storeWhileSending } from "./store.ts";
import { hasRoomFor } from "./variants.ts";

export function sendAndStore(fresh: Fresh, need: Need, flight: ForwardFlight): Answer {
  const { asked, ports, key } = need;
  const { response } = fresh;
  const metadata = metadataOf(fresh, need);
  const refusal =
    refusalToStore(metadata, response.headers, need) ??
    (isFailedRefresh(metadata.status, need) ? "refresh-failed" : undefined) ??
    (hasRoomFor(metadata, need) ? undefined : "too-many-variants");
  heedRefusal(refusal, response.status, { ...need, replaced: atHand(need) });
  heedForSessions(refusal, response.status, need);
  learnOdds(metadata, refusal, need);
  const handling = { ...forwardedFor(need), forwardStatus: response.status };
  const own = fieldsForOneClient(response.headers, metadata, need);
  if (refusal !== undefined) {
    if (response.status >= 500) flight.settle(failedWith(response, ports.nowAtMs()));
    flight.end();
    ports.metrics.refusedToStore(asked.route.name, refusal);
    const names = namesIn(refusal, metadata, asked);
    const told: Handling = { ...handling, detail: { rule: refusal, names } };
    // RFC 9110 §13.2.1: the origin was asked without the client's conditions.
    const hasIt = isNotModified({
      request: asked.conditions,
      stored: response.headers,
      status: response.status,
      receivedAtMs: undefined,
    });
    if (hasIt) ports.afterAnswer(async () => response.body?.cancel());
    const sent = hasIt ? notModified(withoutBody(new Headers(response.headers))) : response;
    // What is not stored for all is not for the caches beyond us either.
    const isForOne =
      ofOneClient.has(refusal) ||
      arePersonal(own, metadata) ||
      (!isPrivate(response.headers) && namesClient(response.headers, metadata, asked));
    const isCookie = asked.hasUnknownCookie || response.headers.has("set-cookie");
    const change = isForOne ? makePrivate : isCookie ? keepPrivate : undefined;
    const given = { ports, handling: told, ...(change && { change }) };
    return { response: passOn(sent, given), outcome: "forwarded" };
  }
  if (ignoresRange(metadata, asked)) ports.rangeless.mark(key.text, ports.nowAtMs());
  const source = response.body ?? new Blob([]).stream();
  const marked = awaitsSecondAsk(metadata, need)
    ? { ...metadata, awaitsSecondAsk: true }
    : metadata;
  const sent = { metadata: marked, source, isValidated: false };
  const answer = sendAndStoreBody(sent, need, flight, { ...handling, stored: true });
  for (const [name, value] of own) answer.response.headers.append(name, value);
  if (arePersonal(own, metadata)) makePrivate(answer.response.headers);
  return answer;
}

/**
 * What varies is led to by a marker, which each colo has to add to. And an error tells nothing of the
 * pages that there are: whoever asks for random paths would have them passed over.
 */
function learnOdds(
  { status, selecting }: StoredMetadata,
  refusal: StoreRefusal | undefined,
  { asked, ports, inShared }: Need,
): void {
  const isStored = refusal === undefined;
  const place = placeOf(asked);
  if (isStored && selecting.length > 0) ports.sharedOdds.brought(place, "something");
  else if (inShared === "nothing" && !isErrorStatus(status)) {
    ports.sharedOdds.brought(place, isStored ? "nothing" : "refused");
  }
}

/** `bytes=0-` may well be answered with the whole; and who sends `If-Range` may want just that. */
function ignoresRange(metadata: StoredMetadata, asked: Asked): boolean {
  const range = rangeIn(asked, metadata);
  if (range.kind !== "part" || asked.conditions.has("if-range")) return false;
  return !mayNeedNoBody(asked) && lengthOf(range) !== metadata.bodyBytes;
}

/** @param sent what is sent and stored: an origin's body, or one that a 304 left as it was */
export function sendAndStoreBody(
  sent: Pick<Fill, "metadata" | "source" | "isValidated">,
  need: Need,
  flight: ForwardFlight,
  handling: Handling,
): Answer {
  const { asked, ports } = need;
  const { metadata } = sent;
  const { status, statusText } = metadata;
  const hasIt = clientHasIt(asked, metadata);
  const isBodyWanted = need.isForClient && !hasIt && !bodiless.has(status);
  const digestBefore = atHand(need)?.stored.metadata.bodyDigest ?? null;
  const body = storeWhileSending({ ...need, ...sent, digestBefore, flight, isBodyWanted });
  const { policy, atMs } = questionOf(need);
  const fields = fieldsOfFill(metadata, {
    route: asked.route,
    config: ports.config,
    ageSeconds: ageSeconds(metadata, termsOf(metadata, policy), atMs),
    handling,
  });
  const response = hasIt
    ? notModified(withoutBody(fields))
    : new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
  return { response, outcome: "stored" };
}
