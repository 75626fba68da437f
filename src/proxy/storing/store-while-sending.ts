// Sends a body to its client while gathering it. Stores it when it is complete: in memory at once, then in
// the tiers below. A body too large for memory is streamed to the edge.
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
import { removeDisplaced, storeArriving, storeInTiers, streamBytesMax } from "./in-tiers.ts";
import { noteAnswer } from "./last-answer.ts";
import { refused, type StoreRefusal } from "./refusal.ts";
import { hasRoomFor, withDisplaced, withListOfOthers } from "./variants.ts";

/** A body to send and store, and its metadata so far. */
export interface BodyToSend {
  readonly metadata: StoredMetadata;
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** A 304 left the body unchanged, so a tier may already have it. */
  readonly isValidated: boolean;
}

/** Followers get a stream of a body that takes longer than this after its head. */
const streamsAfterMs = 200;

/** The runtime ends background work 30 s after the answer. */
const behindAnswerMsMax = 25_000;

/**
 * Answers with a body, and stores it meanwhile.
 *
 * @param sending an origin's body, or one that a 304 left unchanged
 * @param led     its flight settles with the complete response, or because it is too large to share or
 *   truncated
 */
export function sendAndStoreBody(sending: BodyToSend, led: LeadNeed): FetchResult<Response> {
  const { asked, exchange } = led;
  const { decision } = exchange;
  const { metadata } = sending;
  const { status, statusText } = metadata;
  const hasIt = clientHasIt(asked, metadata);
  const isBodyWanted = !decision.isRefresh && !hasIt && !bodiless.has(status);
  const client = isBodyWanted ? openBytePipe(metadata.bodyBytes) : undefined;
  const done = decision.awaits(storeBehind(sending, led, client));
  decision.bodyBytes = metadata.bodyBytes;
  decision.answerBytes = isBodyWanted ? metadata.bodyBytes : 0;
  decision.outcome = "stored";
  const fields = fieldsOfFill(metadata, {
    route: asked.route,
    config: exchange.site.config,
    ageSeconds: ageSeconds(metadata, termsOf(metadata, asked.route), exchange.nowAtMs()),
    handling: decision,
  });
  const body = client?.readable ?? null;
  const response = hasIt
    ? notModified(withoutBody(fields))
    : new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
  return { answer: response, done };
}

/**
 * @param client where the client reads; `undefined` without a client
 * @returns settles once everything is stored, though the client may still be reading
 */
function storeBehind(
  sending: BodyToSend,
  led: LeadNeed,
  client: BytePipe | undefined,
): Promise<void> {
  const { metadata, source } = sending;
  const { asked, flight, exchange } = led;
  const { site } = exchange;
  const { decision } = exchange;
  const done = Promise.withResolvers<void>();
  const relay = relayFor(metadata, led);
  let streamed: Promise<boolean> | undefined;
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
        streamBytesMax: streamBytesMax(asked, site.tiers),
        onUnshared: () => flight.settle({ kind: "nothing-to-share" }),
        onOverflow: (stream, completed) => {
          streamed = storeArriving({ kind: "arriving", metadata, stream, completed }, led);
        },
      });
      decision.bodyTookMs = exchange.nowAtMs() - metadata.requestedAtMs;
      if (gathered.kind === "whole") {
        ({ sent } = gathered);
        await storeWhole(gathered.blob, sending, led);
      }
      await streamed;
      const unkept = whyUnkept(gathered, streamed !== undefined);
      const { pass } = site.uncacheable;
      if (unkept === undefined) pass.forget(led.key.text);
      else {
        decision.refuses(refused(unkept, metadata, asked));
        if (asked.isAnonymous) pass.mark(led.key.text, exchange.nowAtMs());
      }
    } finally {
      noteAnswer(metadata, led);
      // Without an outcome so far, the body was truncated.
      flight.settle({ kind: "nothing-to-share" });
      done.resolve();
    }
    // Keep this work alive until the client has left, to release the memory held for it.
    await sent;
  });
  return done.promise;
}

/**
 * Stops followers from waiting for the end of a body of unknown length. The body of an anonymous request is
 * relayed as it arrives. Beside a client's own request, an anonymous one starts.
 */
function relayFor(metadata: StoredMetadata, led: LeadNeed): Relay | undefined {
  const { asked, flight, exchange } = led;
  if (metadata.bodyBytes !== null) return undefined;
  const { nowAtMs, config } = exchange.site;
  const relay = asked.isAnonymous
    ? new Relay({ bytesMax: config.limits.bufferBytes, nowAtMs })
    : undefined;
  const sinceAtMs = nowAtMs();
  setTimeout(() => {
    // A timer may fire although no time has passed for the isolate.
    if (isWithinMs(streamsAfterMs / 2, sinceAtMs, nowAtMs())) return;
    if (relay === undefined) flight.stall();
    else flight.arrive({ kind: "arriving", metadata, relay });
  }, streamsAfterMs);
  return relay;
}

/** @returns the refusal, which shows only while a body arrives; `undefined` if a tier got the body */
function whyUnkept({ kind }: GatherResult, isStreamed: boolean): StoreRefusal | undefined {
  if (kind === "cut") return "cut-short";
  return kind === "streamed" && !isStreamed ? "too-large" : undefined;
}

async function storeWhole(
  blob: Blob,
  { metadata: before, isValidated }: BodyToSend,
  led: LeadNeed,
): Promise<void> {
  const { exchange } = led;
  const { site } = exchange;
  const { decision } = exchange;
  const bodyDigest = await sha256Hex(new Uint8Array(await blob.arrayBuffer()));
  const metadata = withTermsKept(before, {
    bodyBytes: blob.size,
    bodyDigest,
    ...(!isValidated && { fillCostMs: exchange.nowAtMs() - before.requestedAtMs }),
    // No tier returns a larger body in one piece on a first hit, so it could not be written at its second
    // request.
    ...(blob.size > smallBodyBytesMax && { awaitsSecondAsk: undefined }),
  });
  const stored: StoredResponse = { metadata, body: { kind: "blob", blob } };
  led.flight.settle({ kind: "stored", stored });
  decision.bodyBytes = blob.size;
  if (decision.answerBytes === null) decision.lateBytes = blob.size;
  const others = await withListOfOthers(metadata, led);
  // Concurrent fills may have taken the room.
  if (!hasRoomFor(metadata, others)) {
    return decision.refuses(refused("too-many-variants", metadata, led.asked));
  }
  const place = withDisplaced(metadata, others);
  removeDisplaced(place);
  const isUnchanged =
    isValidated || bodyDigest === storedCandidate(led)?.stored.metadata.bodyDigest;
  const body = isUnchanged ? "unchanged" : "new";
  await storeInTiers(stored, { ...place, into: [site.tiers.memory] }, body);
  // Let the answer end first: storing takes CPU time.
  await site.turn();
  await storeInTiers(stored, { ...place, into: site.tiers.below }, body);
}
