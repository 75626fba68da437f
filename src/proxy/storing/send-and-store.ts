// The way in to storing: sends an origin's answer on to the client, and stores it on the way where it
// may be stored. In order: its metadata (metadata-of-answer.ts); why it is not stored (refusal.ts); what
// that means for those who ask next (consequences.ts); whether Redis gets it at once (admission.ts);
// its body, sent and gathered (store-while-sending.ts); its variants (variants.ts) and its tiers
// (in-tiers.ts).
import type { Handling } from "../../http/cache-status.ts";
import { lengthOf } from "../../http/ranges.ts";
import { isNotModified } from "../../http/validators.ts";
import { letGo } from "../../let-go.ts";
import { mayNeedNoBody, rangeIn } from "../request/conditions.ts";
import type { Asked } from "../request/plan.ts";
import { isPrivate, keepPrivate, makePrivate, withoutBody } from "../respond/downstream.ts";
import { notModified, passOn } from "../respond/respond.ts";
import { failedWith } from "../reuse/forward-outcome.ts";
import { type Answer, atHand, forwardedFor, type Need } from "../reuse/need.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { withTermsKept } from "../stored/lifetime.ts";
import { type AdmissionPorts, awaitsSecondAsk } from "./admission.ts";
import { heedForSessions, type HeedPorts, heedRefusal, learnOdds } from "./consequences.ts";
import { type Fresh, metadataOf, type MetadataPorts } from "./metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient, namesClient } from "./of-one-client.ts";
import { ofOneClient, type StoreRefusal, type Storing, storingOf } from "./refusal.ts";
import type { Sent, Tell } from "./sent.ts";
import { sendAndStoreBody, type SendBodyPorts } from "./store-while-sending.ts";

/** What an answer is sent and stored with. */
export type SendAndStorePorts = MetadataPorts &
  AdmissionPorts &
  HeedPorts &
  SendBodyPorts & {
    /** Notes keys whose origin answers a range with the whole. */
    readonly rangeless: { mark(key: string, atMs: number): void };
  };

/**
 * Sends an answer on, and stores it where it may be stored.
 *
 * @param need whose request is the one that the origin was sent
 * @param tell hears what those get who wait for the same, at the latest before `done` settles
 */
export function sendAndStore(fresh: Fresh, need: Need<SendAndStorePorts>, tell: Tell): Sent {
  const { asked, ports, key } = need;
  const { headers, status, body } = fresh.response;
  const metadata = metadataOf(fresh, need);
  const storing = storingOf(metadata, headers, need);
  const refusal = storing.kind === "refused" ? storing.rule : undefined;
  heedRefusal(refusal, status, { ...need, replaced: atHand(need) });
  heedForSessions(refusal, status, need);
  learnOdds(refusal, metadata, need);
  const handling = handlingOf(storing, status, need);
  if (storing.kind === "refused") {
    ports.metrics.refusedToStore(asked.route.name, storing.rule);
    const atMs = ports.nowAtMs();
    tell(status >= 500 ? failedWith(fresh.response, atMs) : { kind: "nothing-to-share" });
    const answer = unstored(fresh, need, { metadata, rule: storing.rule, handling });
    return { answer, done: Promise.resolve() };
  }
  if (ignoresRange(metadata, asked)) ports.rangeless.mark(key.text, ports.nowAtMs());
  const marked = awaitsSecondAsk(metadata, need)
    ? withTermsKept(metadata, { awaitsSecondAsk: true })
    : metadata;
  const source = body ?? new Blob([]).stream();
  const sending = { metadata: marked, source, isValidated: false };
  const sent = sendAndStoreBody(sending, need, tell, handling);
  const fields = sent.answer.response.headers;
  const own = fieldsForOneClient(headers, metadata, need);
  for (const [name, value] of own) fields.append(name, value);
  if (arePersonal(own, metadata)) makePrivate(fields);
  return sent;
}

/** What `Cache-Status` tells of an answer that the origin gave anew. */
function handlingOf(
  storing: Storing,
  forwardStatus: number,
  need: Parameters<typeof forwardedFor>[0],
): Handling {
  const handling = { ...forwardedFor(need), forwardStatus };
  if (storing.kind === "stored") return { ...handling, stored: true };
  const { rule, names } = storing;
  return { ...handling, detail: { rule, names } };
}

/** The answer as it came; what is not stored for all is not for the caches beyond us either. */
function unstored(
  { response }: Fresh,
  need: Need<SendAndStorePorts>,
  refused: { metadata: StoredMetadata; rule: StoreRefusal; handling: Handling },
): Answer {
  const { asked, ports } = need;
  const { metadata, rule, handling } = refused;
  const { headers, status } = response;
  // RFC 9110 §13.2.1: the origin was asked without the client's conditions.
  const hasIt = isNotModified({
    request: asked.conditions,
    stored: headers,
    status,
    receivedAtMs: undefined,
  });
  if (hasIt) letGo(response);
  const sent = hasIt ? notModified(withoutBody(new Headers(headers))) : response;
  const isForOne =
    ofOneClient.has(rule) ||
    arePersonal(fieldsForOneClient(headers, metadata, need), metadata) ||
    (!isPrivate(headers) && namesClient(headers, metadata, asked));
  const isCookie = asked.hasUnknownCookie || headers.has("set-cookie");
  const change = isForOne ? makePrivate : isCookie ? keepPrivate : undefined;
  const given = { ports, handling, ...(change && { change }) };
  return { response: passOn(sent, given), outcome: "forwarded" };
}

/** `bytes=0-` may well be answered with the whole; and who sends `If-Range` may want just that. */
function ignoresRange(metadata: StoredMetadata, asked: Asked): boolean {
  const range = rangeIn(asked, metadata);
  if (range.kind !== "part" || asked.conditions.has("if-range")) return false;
  return !mayNeedNoBody(asked) && lengthOf(range) !== metadata.bodyBytes;
}
