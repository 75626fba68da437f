// Sends a body to its client, to the requests that wait for it, and to the tiers, as it arrives.
import type { FetchResult } from "../../cache/flights.ts";
import { clientHasIt } from "../request/conditions.ts";
import { withoutBody, fieldsOfFill } from "../respond/downstream.ts";
import { notModified } from "../respond/respond.ts";
import { bodiless } from "../../base/with-fields.ts";
import type { LeaderRequest } from "../reuse/pending-request.ts";
import { type StoredMetadata, validatorOf } from "../stored/stored-response.ts";
import { contentTagFor } from "../stored/content-tag.ts";
import { ageSeconds, termsOf, withTermsKept } from "../stored/lifetime.ts";
import { claimedUnseen, taggedByBody, taggedByLength } from "./lying-validators.ts";
import { withAllValues } from "./metadata-of-answer.ts";
import { refusalForValues, type StoreRefusal, refused } from "./refusal.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { sha256Base64url } from "../../base/sha256.ts";
import { openBytePipe } from "../../bodies/client-end.ts";
import { ChunkReader, gather, type GatherPlan, type GatherResult } from "../../bodies/gather.ts";
import { smallBytesMax } from "../../bodies/body-window.ts";
import { Relay } from "../../bodies/relay.ts";
import { isTooLarge, storeArriving, streamBytesMax, streamTiers } from "./in-tiers.ts";
import { type GatheredBody, storeWhole } from "./store-whole.ts";

/** A body to send and store. */
interface BodyToSend extends GatheredBody {
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
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
  pending: LeaderRequest,
): Promise<FetchResult<Response>> {
  const { request, exchange } = pending;
  const { decision } = exchange;
  const { metadata: before, source } = sending;
  const { status, statusText, bodyBytes } = before;
  const { nowAtMs, site } = exchange;
  const { originTimeout, limits } = site.config;
  const reader = new ChunkReader(source, originTimeout.betweenBytesMs, bodyBytes);
  const smallMax = Math.min(smallBytesMax, limits.bufferBytes);
  const isSmall = bodyBytes !== null && bodyBytes <= smallMax;
  const mayWant = (metadata: StoredMetadata) =>
    !decision.isRefresh && !clientHasIt(request, metadata) && !bodiless.has(status);
  const whole = mayWant(before) && isSmall ? await reader.wholeWithin(wholeWithinMs) : undefined;
  const metadata = whole === undefined ? before : await taggedAtOnce(before, whole, pending);
  const hasIt = clientHasIt(request, metadata);
  const isBodyWanted = mayWant(metadata);
  const client = isBodyWanted && whole === undefined ? openBytePipe(bodyBytes) : undefined;
  const storing =
    whole === undefined
      ? () => gatherAndStore(sending, pending, { reader, client })
      : () => storeArrived(whole, sending, pending);
  const done = decision.awaits(storeBehind(before, pending, storing));
  decision.bodyBytes = bodyBytes;
  decision.answerBytes = isBodyWanted ? bodyBytes : 0;
  // The requests that wait for the flight still share such a body.
  const isStored = !isTooLarge(bodyBytes, pending);
  decision.outcome = isStored ? "stored" : "forwarded";
  if (!isStored) decision.refuses(refused("too-large", metadata, request));
  const forClient = whole === undefined ? claimedUnseen(metadata, pending) : metadata;
  const fields = fieldsOfFill(forClient, {
    route: request.route,
    config: site.config,
    ageSeconds: ageSeconds(metadata, termsOf(metadata, request.route), nowAtMs()),
    handling: decision,
  });
  const body = isBodyWanted ? (whole?.stream() ?? client?.readable ?? null) : null;
  const response = hasIt
    ? notModified(withoutBody(fields))
    : new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
  return { answer: response, done };
}

/** Returns the metadata with the validators of a body that has arrived before its client is answered. */
async function taggedAtOnce(
  metadata: StoredMetadata,
  whole: Blob,
  pending: LeaderRequest,
): Promise<StoredMetadata> {
  if (contentTagFor(metadata, pending.request.route) !== "") return metadata;
  const bodyDigest = await sha256Base64url(new Uint8Array(await whole.arrayBuffer()));
  return taggedByBody(withTermsKept(metadata, { bodyDigest }), pending);
}

/** The result of storing a body. */
interface StoringEnd {
  readonly metadata: StoredMetadata;
  /** The transfer to the client, which may outlast the storing. */
  readonly sent?: Promise<void> | undefined;
}

/**
 * Stores a body behind its answer.
 *
 * @returns a promise that settles once everything is stored, even if the client is still reading
 */
function storeBehind(
  metadata: StoredMetadata,
  pending: LeaderRequest,
  store: () => Promise<StoringEnd>,
): Promise<void> {
  const { flight, exchange } = pending;
  const done = Promise.withResolvers<void>();
  exchange.afterAnswer(async () => {
    let end: StoringEnd | undefined;
    try {
      end = await store();
    } finally {
      // If the flight has no outcome yet, the body cannot be shared.
      flight.settle({ kind: "nothing-to-share" });
      done.resolve();
      exchange.site.answers?.answered(end?.metadata ?? metadata, pending);
    }
    // Keep the transfer alive until the client has read the body or disconnected.
    await end.sent;
  });
  return done.promise;
}

/** Stores a body that has arrived whole before its client is answered. */
async function storeArrived(
  whole: Blob,
  sending: BodyToSend,
  pending: LeaderRequest,
): Promise<StoringEnd> {
  const { decision, site, nowAtMs } = pending.exchange;
  decision.bodyTookMs = nowAtMs() - sending.metadata.requestedAtMs;
  const metadata = await storeWhole(whole, sending, pending);
  site.uncacheable.pass.forget(pending.key.text);
  return { metadata };
}

/** @param ends the body's reader, and the pipe to a client that still needs the body */
async function gatherAndStore(
  sending: BodyToSend,
  pending: LeaderRequest,
  { reader, client }: Pick<GatherPlan, "reader" | "client">,
): Promise<StoringEnd> {
  const { metadata } = sending;
  const ofStream = () => withAllValues(taggedByLength(metadata, pending), pending);
  const { request, flight, exchange } = pending;
  const { site, decision } = exchange;
  const relay = relayFor(metadata, pending);
  const streaming = streamTiers(request.route, site.tiers);
  const streamed: Promise<boolean>[] = [];
  let isStreamed = false;
  let known = metadata;
  try {
    const gathered = await gather({
      reader,
      client,
      relay,
      continuation: pending.continuationOf(metadata),
      betweenBytesMs: site.config.originTimeout.betweenBytesMs,
      isAwaited: () => flight.isAwaited,
      bufferBytes: site.config.limits.bufferBytes,
      budget: site.fillBudget,
      bodyBytes: metadata.bodyBytes,
      streamBytesMax: streamBytesMax(request, site.tiers),
      onStreaming: (mayStore) => {
        if (!mayStore) flight.settle({ kind: "nothing-to-share" });
        else {
          const joined = ofStream();
          share(relay, { metadata: joined, isFit: validatorOf(joined) !== undefined }, pending);
        }
      },
      streamCount: streaming.length,
      onOverflow: (stream, end, nth) => {
        const tier = streaming[nth];
        // Readers of the anonymous request's body may still need the record of that body.
        const head = ofStream();
        const completed = end.then((bytes) =>
          flight.isReplaced || hasLaterValues(head, pending) ? "cut" : bytes,
        );
        const arriving = { kind: "arriving", metadata: head, stream, completed } as const;
        if (tier !== undefined) streamed.push(storeArriving(arriving, pending, tier));
      },
    });
    decision.bodyTookMs = exchange.nowAtMs() - metadata.requestedAtMs;
    // If nobody can join any more, the blob is the only copy.
    if (gathered.kind === "whole" && flight.arrived === undefined) relay.settle(false);
    if (gathered.kind === "whole") known = await storeWhole(gathered.blob, sending, pending);
    if (gathered.kind === "streamed") known = ofStream();
    const kept = await Promise.all(streamed);
    isStreamed = kept.includes(true);
    const isOnlyInColo = !streaming.some((tier, nth) => tier === site.tiers.ofWorld && kept[nth]);
    if (isStreamed) flight.settle({ kind: "in-tiers", metadata: known, isOnlyInColo });
    const unkept = whyUnkept(gathered, streamed.length > 0);
    const { pass, tooLarge } = site.uncacheable;
    if (unkept === "too-large") tooLarge.mark(pending.key.text, exchange.nowAtMs());
    if (unkept === undefined) pass.forget(pending.key.text);
    else {
      decision.refuses(refused(unkept, metadata, request));
      if (request.isAnonymous) pass.mark(pending.key.text, exchange.nowAtMs());
    }
    return { metadata: known, sent: gathered.kind === "cut" ? undefined : gathered.sent };
  } finally {
    relay.settle(isStreamed);
  }
}

/**
 * Opens a relay, and limits how long waiting requests wait for a body without a stated length. The
 * body of an anonymous request is relayed as it arrives. If a client's own request is slow, a parallel
 * anonymous request starts.
 */
function relayFor(metadata: StoredMetadata, pending: LeaderRequest): Relay {
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
  pending: LeaderRequest,
): void {
  const { request, flight } = pending;
  if (!request.isAnonymous && !isFit) return flight.stall();
  void relay.beat();
  flight.arrive({
    kind: "arriving",
    // Purges of all values that the handler has read so far cover the body.
    get metadata() {
      return withAllValues(metadata, pending);
    },
    relay,
  });
}

/** Returns whether purges of values that the handler has read after the head of a stored stream would miss it. */
function hasLaterValues(head: StoredMetadata, pending: LeaderRequest): boolean {
  const isComplete = withAllValues(head, pending) === head;
  return !isComplete || refusalForValues(head, pending) !== undefined;
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
