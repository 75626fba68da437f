// The entry point of storing: sends an origin's answer to the client, and stores the answer at the
// same time if allowed. The steps, in order:
// 1. metadata-of-answer.ts builds the metadata.
// 2. refusal.ts decides whether to store the answer.
// 3. consequences.ts applies the effects on later requests, also of an answer that is stored in slices.
// 4. admission.ts decides whether Redis gets the answer at once.
// 5. `sendAndStoreBody` sends the body while gathering it, and streams a larger body to tiers.
// 6. variants.ts limits the variants.
// 7. in-tiers.ts writes to memory, and then to the tiers below.
import type { FetchResult } from "../../cache/flights.ts";
import { lengthOf } from "../../rules/ranges.ts";
import { isNotModified } from "../../rules/validators.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { mayNeedNoBody, rangeIn, clientHasIt } from "../request/conditions.ts";
import { isPersonal } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import {
  allowNoReuse,
  isPrivate,
  keepPrivate,
  makePrivate,
  withoutBody,
  fieldsOfFill,
} from "../respond/downstream.ts";
import { bytesPassedOn, notModified, passOn, bodiless } from "../respond/respond.ts";
import { failedWith } from "../site/forward-outcome.ts";
import {
  storedCandidate,
  type LeaderForward,
  type PendingForward,
} from "../reuse/pending-forward.ts";
import {
  type StoredMetadata,
  type StoredResponse,
  validatorOf,
  wholeBytes,
} from "../stored/stored-response.ts";
import { withTermsKept, ageSeconds, termsOf } from "../stored/lifetime.ts";
import { applyStored, applyToKeys } from "./consequences.ts";
import { type StampedAnswer, metadataOf } from "./metadata-of-answer.ts";
import { arePersonal, fieldsForOneClient, namesClient } from "./of-one-client.ts";
import { strippedBy } from "./stripped-fields.ts";
import { noteAnswer } from "./last-answer.ts";
import { brief, ofOneClient, refusedBy, type StoreRefusal, refused } from "./refusal.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import { sha256Base64url } from "../../base/sha256.ts";
import { openBytePipe } from "../body/client-end.ts";
import { ChunkReader, gather, type GatherPlan, type GatherResult } from "../body/gather.ts";
import { smallBytesMax } from "../body/body-window.ts";
import { Relay } from "../body/relay.ts";
import {
  removeDisplaced,
  storeArriving,
  storeInTiers,
  streamBytesMax,
  streamTiers,
} from "./in-tiers.ts";
import { hasRoomFor, withDisplaced, withListOfOthers } from "./variants.ts";

/**
 * Sends an answer to the client, and stores it if allowed.
 *
 * @param pending the request of this answer, with the results of its lookup and its flight
 */
export async function sendAndStore(
  given: StampedAnswer,
  pending: LeaderForward,
): Promise<FetchResult<Response>> {
  const { request, flight, exchange, key } = pending;
  const { site, decision } = exchange;
  const metadata = metadataOf(given, pending);
  const fresh = { ...given, response: strippedBy(metadata, given.response, pending) };
  const { headers, status, body } = fresh.response;
  const hadCookie = given.response.headers.has("set-cookie");
  const refusal = refusedBy(metadata, headers, pending);
  const atMs = exchange.nowAtMs();
  if (refusal !== undefined) {
    applyToKeys(refusal.rule, metadata, pending);
    decision.refuses(refusal);
    if (refusal.rule === "credential-field") {
      const { name, credentials } = request.route;
      const entries = refusal.names.flatMap((field) => credentials.entryFor(field) ?? []);
      site.notes.note("credential-field", name, entries, atMs);
    }
    if (refusal.rule === "extension-mismatch") {
      site.notes.note(refusal.rule, request.route.name, [], atMs);
    }
    flight.settle(status >= 500 ? failedWith(fresh.response, atMs) : { kind: "nothing-to-share" });
    const answer = unstored(fresh, pending, { ...refusal, metadata, hadCookie });
    const isMadePrivate = isPrivate(answer.headers) && !isPrivate(headers);
    noteAnswer(metadata, pending, { isMadePrivate });
    return { answer, done: Promise.resolve() };
  }
  const marked = applyStored(metadata, headers, pending);
  if (ignoresRange(metadata, request)) site.rangeless.mark(key.text, atMs);
  const source = body ?? new Blob([]).stream();
  const sent = await sendAndStoreBody({ metadata: marked, source, isValidated: false }, pending);
  const fields = sent.answer.headers;
  const own = fieldsForOneClient(headers, metadata, pending);
  for (const [name, value] of own) fields.append(name, value);
  if (arePersonal(own, metadata, request.route)) makePrivate(fields);
  return sent;
}

/**
 * Returns the origin's answer, or a 304 if the client already has the body. If the answer is not
 * for all clients, makes it private, so that downstream caches do not share it.
 */
function unstored(
  { response }: StampedAnswer,
  pending: PendingForward,
  given: { metadata: StoredMetadata; rule: StoreRefusal; hadCookie: boolean },
): Response {
  const { request, exchange } = pending;
  const { metadata, rule, hadCookie } = given;
  const { decision } = exchange;
  const { headers, status } = response;
  // The origin got no conditions of the client, so evaluate them here (RFC 9110 §13.2.1).
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
    arePersonal(fieldsForOneClient(headers, metadata, pending), metadata, request.route) ||
    (!isPrivate(headers) && namesClient(headers, metadata, request));
  const mayBeOwn = isPersonal(request) || hadCookie;
  const ofFirst = isForOne ? makePrivate : mayBeOwn ? keepPrivate : undefined;
  const isBrief = metadata.fallback !== undefined || brief.has(rule);
  const change = isBrief ? allowNoReuse : ofFirst;
  decision.outcome = "forwarded";
  decision.tier = "origin";
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = bytesPassedOn(sent, request.method);
  return passOn(sent, { route: request.route, exchange }, change);
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

/** A body to send and store, and its metadata so far. */
export interface BodyToSend {
  readonly metadata: StoredMetadata;
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Whether a 304 left the body unchanged, so that a tier may already contain it. */
  readonly isValidated: boolean;
}

/** The time after the head for which other requests wait for the whole body; see `relayFor`. */
const streamsAfterMs = 200;

/** The longest wait for a small body, which is then sent in one piece instead of a stream. */
const wholeWithinMs = 20;

/**
 * Answers with a body, and stores it at the same time.
 *
 * @param sending an origin's body, or a body that a 304 left unchanged
 * @param pending the request. Its flight settles with the complete response, or with
 *   `nothing-to-share` if the body is too large or truncated.
 */
export async function sendAndStoreBody(
  sending: BodyToSend,
  pending: LeaderForward,
): Promise<FetchResult<Response>> {
  const { request, exchange } = pending;
  const { decision } = exchange;
  const { metadata, source } = sending;
  const { status, statusText, bodyBytes } = metadata;
  const { nowAtMs, site } = exchange;
  const { originTimeout, limits } = site.config;
  const reader = new ChunkReader(source, originTimeout.betweenBytesMs, bodyBytes);
  const hasIt = clientHasIt(request, metadata);
  const isBodyWanted = !decision.isRefresh && !hasIt && !bodiless.has(status);
  const smallMax = Math.min(smallBytesMax, limits.bufferBytes);
  const isSmall = bodyBytes !== null && bodyBytes <= smallMax;
  const whole = isBodyWanted && isSmall ? await reader.wholeWithin(wholeWithinMs) : undefined;
  const client = isBodyWanted && whole === undefined ? openBytePipe(bodyBytes) : undefined;
  const done = decision.awaits(storeBehind(sending, pending, { reader, client }));
  decision.bodyBytes = bodyBytes;
  decision.answerBytes = isBodyWanted ? bodyBytes : 0;
  decision.outcome = "stored";
  const fields = fieldsOfFill(metadata, {
    route: request.route,
    config: site.config,
    ageSeconds: ageSeconds(metadata, termsOf(metadata, request.route), nowAtMs()),
    handling: decision,
  });
  const body = whole?.stream() ?? client?.readable ?? null;
  const response = hasIt
    ? notModified(withoutBody(fields))
    : new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
  return { answer: response, done };
}

/**
 * @param ends the body's reader, and the pipe to a client that still needs the body
 * @returns a promise that settles once everything is stored, even if the client is still reading
 */
function storeBehind(
  sending: BodyToSend,
  pending: LeaderForward,
  { reader, client }: Pick<GatherPlan, "reader" | "client">,
): Promise<void> {
  const { metadata } = sending;
  const { request, flight, exchange } = pending;
  const { site, decision } = exchange;
  const done = Promise.withResolvers<void>();
  const relay = relayFor(metadata, pending);
  const streaming = streamTiers(request.route, site.tiers);
  const streamed: Promise<boolean>[] = [];
  let sent: Promise<void> | undefined;
  exchange.afterAnswer(async () => {
    let isStreamed = false;
    try {
      const gathered = await gather({
        reader,
        client,
        relay,
        continuation: pending.continuationOf(metadata),
        betweenBytesMs: site.config.originTimeout.betweenBytesMs,
        isAwaited: () => flight.hasFollowers,
        bufferBytes: site.config.limits.bufferBytes,
        budget: site.fillBudget,
        bodyBytes: metadata.bodyBytes,
        streamBytesMax: streamBytesMax(request, site.tiers),
        onStreaming: (mayStore) => {
          if (!mayStore) flight.settle({ kind: "nothing-to-share" });
          else share(relay, { metadata, isFit: validatorOf(metadata) !== undefined }, pending);
        },
        streamCount: streaming.length,
        onOverflow: (stream, end, nth) => {
          const tier = streaming[nth];
          // Readers of the anonymous request's body may still need the record of that body.
          const completed = end.then((bytes) => (flight.isReplaced ? "cut" : bytes));
          const arriving = { kind: "arriving", metadata, stream, completed } as const;
          if (tier !== undefined) streamed.push(storeArriving(arriving, pending, tier));
        },
      });
      decision.bodyTookMs = exchange.nowAtMs() - metadata.requestedAtMs;
      if (gathered.kind !== "cut") ({ sent } = gathered);
      // If nobody can join any more, the blob is the only copy.
      if (gathered.kind === "whole" && flight.arrived === undefined) relay.settle(false);
      if (gathered.kind === "whole") await storeWhole(gathered.blob, sending, pending);
      const kept = await Promise.all(streamed);
      isStreamed = kept.includes(true);
      const isOnlyInColo = !streaming.some((tier, nth) => tier === site.tiers.ofWorld && kept[nth]);
      if (isStreamed) flight.settle({ kind: "in-tiers", metadata, isOnlyInColo });
      const unkept = whyUnkept(gathered, streamed.length > 0);
      const { pass } = site.uncacheable;
      if (unkept === undefined) pass.forget(pending.key.text);
      else {
        decision.refuses(refused(unkept, metadata, request));
        if (request.isAnonymous) pass.mark(pending.key.text, exchange.nowAtMs());
      }
    } finally {
      noteAnswer(metadata, pending);
      // If the flight has no outcome yet, the body cannot be shared.
      flight.settle({ kind: "nothing-to-share" });
      relay.settle(isStreamed);
      done.resolve();
    }
    // Keep the transfer alive until the client has read the body or disconnected.
    await sent;
  });
  return done.promise;
}

/**
 * Opens a relay, and limits how long waiting requests wait for a body without a stated length. The
 * body of an anonymous request is relayed as it arrives. If a client's own request is slow, a parallel
 * anonymous request starts.
 */
function relayFor(metadata: StoredMetadata, pending: LeaderForward): Relay {
  const { nowAtMs, config, fillBudget: budget, endsWithClient } = pending.exchange.site;
  const { bodyBytes } = metadata;
  const mayResume = bodyBytes !== null && validatorOf(metadata) !== undefined;
  const bytesMax = config.limits.bufferBytes;
  const relay = new Relay({ bytesMax, budget, nowAtMs, bodyBytes, endsWithClient, mayResume });
  if (bodyBytes !== null) return relay;
  const sinceAtMs = nowAtMs();
  setTimeout(() => {
    // A timer may fire although the isolate's clock has not advanced.
    if (isWithinMs(streamsAfterMs / 2, sinceAtMs, nowAtMs()) || !relay.isComing) return;
    share(relay, { metadata, isFit: false }, pending);
  }, streamsAfterMs);
  return relay;
}

/**
 * Lets waiting requests join an arriving body. They join the body of a client's own request only if it
 * is fit for them: large, and with a strong validator, so that a reader that is overtaken can continue.
 * Another body may break off for a reason that concerns only that client. They wait for an anonymous
 * request instead.
 */
function share(
  relay: Relay,
  { metadata, isFit }: { readonly metadata: StoredMetadata; readonly isFit: boolean },
  { request, flight }: LeaderForward,
): void {
  if (!request.isAnonymous && !isFit) return flight.stall();
  void relay.beat();
  flight.arrive({ kind: "arriving", metadata, relay });
}

/**
 * Returns a refusal that is known only at the body's end; `undefined` if the body is whole or was
 * streamed to a tier.
 */
function whyUnkept({ kind }: GatherResult, isStreamed: boolean): StoreRefusal | undefined {
  if (kind === "cut") return "cut-short";
  if (kind === "passed") return "memory-short";
  return kind === "streamed" && !isStreamed ? "too-large" : undefined;
}

export async function storeWhole(
  blob: Blob,
  { metadata: before, isValidated }: Omit<BodyToSend, "source">,
  pending: LeaderForward,
): Promise<void> {
  const { exchange } = pending;
  const { site, decision } = exchange;
  const bodyDigest = await sha256Base64url(new Uint8Array(await blob.arrayBuffer()));
  const metadata = withTermsKept(before, {
    bodyBytes: blob.size,
    bodyDigest,
    ...(!isValidated && { fillCostMs: exchange.nowAtMs() - before.requestedAtMs }),
    // A body above `smallBodyBytesMax` does not wait for a second request. On a first hit, tiers
    // return a large body only as a stream, so the hit could not write the body to Redis.
    ...(blob.size > smallBodyBytesMax && { awaitsSecondAsk: undefined }),
  });
  const stored: StoredResponse = { metadata, body: { kind: "blob", blob } };
  pending.flight.settle({ kind: "stored", stored });
  decision.bodyBytes = wholeBytes(metadata);
  if (decision.answerBytes === null) decision.lateBytes = blob.size;
  const others = await withListOfOthers(metadata, pending);
  // Concurrent fills may have filled the list of variants.
  if (!hasRoomFor(metadata, others)) {
    return decision.refuses(refused("too-many-variants", metadata, pending.request));
  }
  const place = withDisplaced(metadata, others);
  removeDisplaced(place);
  const isUnchanged =
    isValidated || bodyDigest === storedCandidate(pending)?.stored.metadata.bodyDigest;
  const body = isUnchanged ? "unchanged" : "new";
  await storeInTiers(stored, { ...place, into: [site.tiers.memory] }, body);
  // Let the answer end first, because storing takes CPU time.
  await site.turn();
  await storeInTiers(stored, { ...place, into: site.tiers.below }, body);
}
