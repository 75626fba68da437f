// Continues the body of a response from one of its bytes, for a request that has read the bytes
// before it. The rest is read from the tier that has stored the body, or fetched with a range request.
import { cancelBody } from "../../base/cancel-body.ts";
import { discardBody, haveSameBody } from "../../cache/record/record.ts";
import { Decision } from "../../observe/decision.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { contentRange } from "../../rules/ranges.ts";
import { strongValidator } from "../../rules/validators.ts";
import { patiently } from "../../base/timeouts.ts";
import { openBytePipe } from "../../bodies/client-end.ts";
import { ChunkReader, relayRest } from "../../bodies/gather.ts";
import { Relay } from "../../bodies/relay.ts";
import { rangedStream } from "../../bodies/ranged-stream.ts";
import type { LookupRequest } from "../request/plan.ts";
import { needsNewBody, mayValidate, prefersAnotherBody } from "../reuse/pending-request.ts";
import { type FoundResponse, PageLookup } from "../reuse/page-lookup.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { Continuation, SharedRest } from "../../bodies/continuation.ts";
import { validatorOf, type StoredMetadata } from "../stored/stored-response.ts";
import { isFromBeforePurge } from "../storing/from-before-purge.ts";
import { effectsOf } from "../storing/answer-effects.ts";
import { forwardSelecting } from "./forward.ts";

/** Returns how a request continues the body of a response. */
export function continuationIn(place: PagePlace): (metadata: StoredMetadata) => Continuation {
  return (metadata) => ({
    ofStored: (atByte) => restOfStored(metadata, atByte, place),
    ofOrigin: (atByte) => restFromOrigin(metadata, atByte, place),
    together: (atByte, shared) => sharedRest({ metadata, atByte, shared }, place),
  });
}

interface RestPlan {
  readonly metadata: StoredMetadata;
  readonly atByte: number;
  readonly shared: SharedRest;
}

/**
 * Reads the rest from the request of another reader, or leads. If a leader gets no rest, the reason may
 * concern only its client, and the next reader leads.
 */
async function sharedRest(plan: RestPlan, place: PagePlace): ReturnType<typeof leadRest> {
  const { metadata, shared } = plan;
  const { arriving } = shared;
  const continuation = continuationIn(place)(metadata);
  const body = arriving && (await patiently(arriving, place.request.route.waitTimeoutMs));
  const joined = typeof body === "object" ? body.join(continuation, place.exchange) : undefined;
  if (joined !== undefined) return joined;
  if (shared.arriving !== arriving) return sharedRest(plan, place);
  const { promise, resolve } = Promise.withResolvers<Relay | undefined>();
  shared.arriving = promise;
  return leadRest(plan, resolve, place).finally(() => resolve(undefined));
}

async function leadRest(
  { metadata, atByte }: RestPlan,
  arrive: (relay: Relay) => void,
  place: PagePlace,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
  const { exchange } = place;
  const { bodyBytes } = metadata;
  const source = await restFromOrigin(metadata, atByte, place);
  if (source === undefined || bodyBytes === null) return undefined;
  const continuation = continuationIn(place)(metadata);
  const { nowAtMs, fillBudget: budget, endsWithClient, config } = exchange.site;
  const { betweenBytesMs } = config.originTimeout;
  const bytesMax = config.limits.bufferBytes;
  const limits = { bytesMax, budget, nowAtMs, bodyBytes, endsWithClient, mayResume: true };
  const relay = new Relay(limits, atByte);
  arrive(relay);
  const client = openBytePipe(bodyBytes - atByte);
  const reader = new ChunkReader(source, betweenBytesMs, bodyBytes - atByte);
  const rest = { reader, client, relay, continuation, betweenBytesMs, bodyBytes };
  exchange.afterAnswer(() => relayRest({ ...rest, isAwaited: () => false }));
  // The relay writes only chunks.
  return client.readable as ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Returns the place of a range request, whose decisions are not counted. */
function placeOf(fields: Readonly<Record<string, string>>, place: PagePlace) {
  const { route, key } = place.request;
  const request: LookupRequest = { ...place.request, conditions: new Headers(fields) };
  const decision = new Decision({ route: route.name, key, isRefresh: true });
  return { ...place, request, exchange: { ...place.exchange, decision } };
}

/** Accepts only the same body: its response was judged when the request began to read. */
async function restOfStored(metadata: StoredMetadata, atByte: number, place: PagePlace) {
  const { request, exchange } = placeOf({ range: `bytes=${atByte}-` }, place);
  const accepts = ({ candidate: { stored } }: FoundResponse) => {
    const { bodyBytes, bodyDigest } = stored.metadata;
    return haveSameBody({ ...metadata, bodyBytes, bodyDigest }, stored.metadata);
  };
  const found = await new PageLookup({ request, accepts }, exchange).lookUp();
  if (found === undefined) return undefined;
  const { body, metadata: read } = found.candidate.stored;
  const bodyBytes = read.bodyBytes ?? 0;
  if (accepts(found) && atByte < bodyBytes) {
    if (body.kind === "part" && body.range.firstByte === atByte) return body.stream;
    if (body.kind === "stream") {
      const rest = { firstByte: atByte, lastByte: bodyBytes - 1 };
      return rangedStream(body.stream, rest, exchange);
    }
  }
  discardBody(found.candidate.stored);
  return undefined;
}

/**
 * Sends a range request with `If-Range`, so that the rest is of the same version. Obeys rule 23 of the
 * purge protocol: after a hard purge, a new body may have the validator of the old one.
 */
async function restFromOrigin(metadata: StoredMetadata, atByte: number, place: PagePlace) {
  const stored = fieldsOf(metadata);
  const validator = validatorOf(metadata);
  const judged = { stored: { metadata }, key: place.key };
  const { bodyBytes } = metadata;
  if (validator === undefined || bodyBytes === null) return undefined;
  // The page may vary by a field that `Vary` does not name.
  if (prefersAnotherBody(metadata, place.request)) return undefined;
  if (!(await mayValidate(judged, place)) || needsNewBody(judged, place)) return undefined;
  const asking = placeOf({ range: `bytes=${atByte}-`, "if-range": validator }, place);
  const { restSlots, nowAtMs, random } = place.exchange.site;
  const waitMs = place.request.route.waitTimeoutMs;
  const leave = await restSlots.enter(place.key.text, { waitMs, nowAtMs, random });
  const { answer } = await forwardSelecting(asking, []).finally(leave);
  if (answer.kind === "failed") return undefined;
  const { response, requestedAtMs } = answer;
  const { status, headers, body } = response;
  const rest = { firstByte: atByte, lastByte: bodyBytes - 1 };
  // The stored response lacks the validators that a rule has stripped, but a part repeats them.
  const { headers: compared } = effectsOf(headers, metadata.ruleMatch, asking);
  const isSame =
    (answer.failure ?? answer.refusal) === undefined &&
    status === 206 &&
    headers.get("content-range") === contentRange(rest, bodyBytes) &&
    strongValidator(compared, headers.get("date")) === validator &&
    headers.get("content-encoding") === stored.get("content-encoding");
  const isOld = isFromBeforePurge({ headers, requestedAtMs }, metadata, place);
  const isStill = isSame && !isOld && (await mayValidate(judged, place));
  if (isStill && body !== null && !needsNewBody(judged, place)) return body;
  cancelBody(response);
  return undefined;
}
