// Sends a body to its client while gathering it. Stores the complete body: first in memory, then in
// the tiers below. A body that is too large for memory is streamed to tiers.
import { isWithinMs } from "../../base/elapsed.ts";
import type { FetchResult } from "../../cache/flights.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import { sha256Hex } from "../../base/sha256.ts";
import { type BytePipe, openBytePipe } from "../body/byte-pipe.ts";
import { type GatherResult, gather } from "../body/gather.ts";
import { Relay } from "../body/relay.ts";
import { clientHasIt } from "../request/conditions.ts";
import { fieldsOfFill, withoutBody } from "../respond/downstream.ts";
import { bodiless, notModified } from "../respond/respond.ts";
import { storedCandidate, type LeadNeed } from "../reuse/need.ts";
import { ageSeconds, termsOf, withTermsKept } from "../stored/lifetime.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import {
  removeDisplaced,
  storeArriving,
  storeInTiers,
  streamBytesMax,
  streamTiers,
} from "./in-tiers.ts";
import { noteAnswer } from "./last-answer.ts";
import { refused, type StoreRefusal } from "./refusal.ts";
import { hasRoomFor, withDisplaced, withListOfOthers } from "./variants.ts";

/** A body to send and store, and its metadata so far. */
export interface BodyToSend {
  readonly metadata: StoredMetadata;
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Whether a 304 left the body unchanged, so that a tier may already contain it. */
  readonly isValidated: boolean;
}

/** The time after the head for which other requests wait for the whole body; see `relayFor`. */
const streamsAfterMs = 200;

/** The runtime ends background work 30 s after the response is sent. */
const behindAnswerMsMax = 25_000;

/**
 * Answers with a body, and stores it at the same time.
 *
 * @param sending an origin's body, or a body that a 304 left unchanged
 * @param need the request. Its flight settles with the complete response, or with
 *   `nothing-to-share` if the body is too large or truncated.
 */
export function sendAndStoreBody(sending: BodyToSend, need: LeadNeed): FetchResult<Response> {
  const { request, exchange } = need;
  const { decision } = exchange;
  const { metadata } = sending;
  const { status, statusText } = metadata;
  const hasIt = clientHasIt(request, metadata);
  const isBodyWanted = !decision.isRefresh && !hasIt && !bodiless.has(status);
  const client = isBodyWanted ? openBytePipe(metadata.bodyBytes) : undefined;
  const done = decision.awaits(storeBehind(sending, need, client));
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = isBodyWanted ? metadata.bodyBytes : 0;
  decision.outcome = "stored";
  const fields = fieldsOfFill(metadata, {
    route: request.route,
    config: exchange.site.config,
    ageSeconds: ageSeconds(metadata, termsOf(metadata, request.route), exchange.nowAtMs()),
    handling: decision,
  });
  const body = client?.readable ?? null;
  const response = hasIt
    ? notModified(withoutBody(fields))
    : new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
  return { answer: response, done };
}

/**
 * @param client the pipe to the client; `undefined` without a client
 * @returns a promise that settles once everything is stored, even if the client is still reading
 */
function storeBehind(
  sending: BodyToSend,
  need: LeadNeed,
  client: BytePipe | undefined,
): Promise<void> {
  const { metadata, source } = sending;
  const { request, flight, exchange } = need;
  const { site, decision } = exchange;
  const done = Promise.withResolvers<void>();
  const relay = relayFor(metadata, need);
  const streaming = streamTiers(request.route, site.tiers);
  const streamed: Promise<boolean>[] = [];
  let sent: Promise<void> | undefined;
  exchange.afterAnswer(async () => {
    try {
      const gathered = await gather({
        source,
        client,
        relay,
        bufferBytes: site.config.limits.bufferBytes,
        betweenBytesMs: site.config.originTimeout.betweenBytesMs,
        isOver: () => exchange.nowAtMs() - metadata.respondedAtMs > behindAnswerMsMax,
        budget: site.fillBudget,
        bodyBytes: metadata.bodyBytes,
        streamBytesMax: streamBytesMax(request, site.tiers),
        onUnshared: () => flight.settle({ kind: "nothing-to-share" }),
        streamCount: streaming.length,
        onOverflow: (stream, completed, nth) => {
          const tier = streaming[nth];
          const arriving = { kind: "arriving", metadata, stream, completed } as const;
          if (tier !== undefined) streamed.push(storeArriving(arriving, need, tier));
        },
      });
      decision.bodyTookMs = exchange.nowAtMs() - metadata.requestedAtMs;
      if (gathered.kind === "whole") {
        ({ sent } = gathered);
        await storeWhole(gathered.blob, sending, need);
      }
      await Promise.all(streamed);
      const unkept = whyUnkept(gathered, streamed.length > 0);
      const { pass } = site.uncacheable;
      if (unkept === undefined) pass.forget(need.key.text);
      else {
        decision.refuses(refused(unkept, metadata, request));
        if (request.isAnonymous) pass.mark(need.key.text, exchange.nowAtMs());
      }
    } finally {
      noteAnswer(metadata, need);
      // If the flight has no outcome yet, the body cannot be shared.
      flight.settle({ kind: "nothing-to-share" });
      done.resolve();
    }
    // Keep the transfer alive until the client has read the body or disconnected.
    await sent;
  });
  return done.promise;
}

/**
 * Limits how long waiting requests wait for a body without a stated length. The body of an
 * anonymous request is relayed as it arrives. If a client's own request is slow, a parallel
 * anonymous request starts.
 */
function relayFor(metadata: StoredMetadata, need: LeadNeed): Relay | undefined {
  const { request, flight, exchange } = need;
  if (metadata.bodyBytes !== null) return undefined;
  const { nowAtMs, config, fillBudget: budget } = exchange.site;
  const relay = request.isAnonymous
    ? new Relay({ bytesMax: config.limits.bufferBytes, budget, nowAtMs })
    : undefined;
  const sinceAtMs = nowAtMs();
  setTimeout(() => {
    // A timer may fire although the isolate's clock has not advanced.
    if (isWithinMs(streamsAfterMs / 2, sinceAtMs, nowAtMs())) return;
    if (relay === undefined) flight.stall();
    else flight.arrive({ kind: "arriving", metadata, relay });
  }, streamsAfterMs);
  return relay;
}

/**
 * Returns a refusal that is known only at the body's end; `undefined` if the body is whole or was
 * streamed to a tier.
 */
function whyUnkept({ kind }: GatherResult, isStreamed: boolean): StoreRefusal | undefined {
  if (kind === "cut") return "cut-short";
  return kind === "streamed" && !isStreamed ? "too-large" : undefined;
}

async function storeWhole(
  blob: Blob,
  { metadata: before, isValidated }: BodyToSend,
  need: LeadNeed,
): Promise<void> {
  const { exchange } = need;
  const { site, decision } = exchange;
  const bodyDigest = await sha256Hex(new Uint8Array(await blob.arrayBuffer()));
  const metadata = withTermsKept(before, {
    bodyBytes: blob.size,
    bodyDigest,
    ...(!isValidated && { fillCostMs: exchange.nowAtMs() - before.requestedAtMs }),
    // A body above `smallBodyBytesMax` does not wait for a second request. On a first hit, tiers
    // return a large body only as a stream, so the hit could not write the body to Redis.
    ...(blob.size > smallBodyBytesMax && { awaitsSecondAsk: undefined }),
  });
  const stored: StoredResponse = { metadata, body: { kind: "blob", blob } };
  need.flight.settle({ kind: "stored", stored });
  decision.bodyBytes = blob.size;
  if (decision.answerBytes === null) decision.lateBytes = blob.size;
  const others = await withListOfOthers(metadata, need);
  // Concurrent fills may have filled the list of variants.
  if (!hasRoomFor(metadata, others)) {
    return decision.refuses(refused("too-many-variants", metadata, need.request));
  }
  const place = withDisplaced(metadata, others);
  removeDisplaced(place);
  const isUnchanged =
    isValidated || bodyDigest === storedCandidate(need)?.stored.metadata.bodyDigest;
  const body = isUnchanged ? "unchanged" : "new";
  await storeInTiers(stored, { ...place, into: [site.tiers.memory] }, body);
  // Let the answer end first, because storing takes CPU time.
  await site.turn();
  await storeInTiers(stored, { ...place, into: site.tiers.below }, body);
}
