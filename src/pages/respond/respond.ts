// Builds answers from a stored response, with the client's conditions and range applied, or from
// the origin's response.
import type { Route } from "../../config/config.ts";
import type { Exchange, PagePlace } from "../site/exchange.ts";
import { cacheStatus } from "../../rules/cache-status.ts";
import { discardBody, sizeOf } from "../../cache/record/record.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import { bodiless, withFields } from "../../base/with-fields.ts";
import { contentLength, type Fields } from "../../rules/fields.ts";
import { type ByteRange, contentRange, lengthOf, rangeVerdict } from "../../rules/ranges.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { ClientSite } from "../../bodies/client-end.ts";
import { readableOf } from "../../bodies/held-body.ts";
import { fittedStream, rangedStream } from "../../bodies/ranged-stream.ts";
import { clientHasIt, rangeIn } from "../request/conditions.ts";
import { judgedAlike } from "../reuse/may-answer.ts";
import { type StoredMetadata, type StoredResponse, wholeBytes } from "../stored/stored-response.ts";
import {
  bodyDescriptions,
  contentDigests,
  fieldsFromStored,
  fieldsNotModified,
  fieldsPassedOn,
  withoutLifetime,
} from "./downstream.ts";

const ofTheWhole = ["age", "digest", "etag", "expires", "last-modified", "repr-digest"];

/**
 * Answers with a stored response. Sends a 304 if the client already has the response, a 206 or 416
 * for a range, and only the head for HEAD.
 *
 * @param ageSeconds the age, with fractions
 * @throws Error if the tier read a range of the body other than the range to send
 */
export function fromStored(
  stored: StoredResponse,
  ageSeconds: number,
  asking: PagePlace,
): Response {
  const { request, exchange } = asking;
  const { decision } = exchange;
  const { metadata } = stored;
  exchange.checks?.push(judgedAlike(metadata, asking));
  decision.bodyBytes = wholeBytes(metadata);
  const { config } = exchange.site;
  const ask = { route: request.route, config, ageSeconds, handling: decision };
  const isPurged = decision.outcome === "stale-hit" && decision.purge !== undefined;
  // After a purge of the cache in front, that cache must not store the old response for its lifetime.
  const endsInFront = config.cacheInFront && (isPurged || decision.unverified);
  const limited = (prepared: Headers) => (endsInFront ? withoutLifetime(prepared) : prepared);
  if (clientHasIt(request, metadata)) {
    decision.answerBytes = 0;
    discardBody(stored);
    return notModified(ofOneResponse(limited(fieldsNotModified(metadata, ask))));
  }
  const fields = limited(fieldsFromStored(metadata, ask));
  if (request.method === "GET") return bodyOrPart(stored, fields, asking);
  decision.answerBytes = 0;
  discardBody(stored);
  return headOnly(new Headers(fields), metadata);
}

/** Whether the class `Response` keeps the `Headers` object that its constructor gets. */
let known: { readonly of: typeof Response; readonly keepsFields: boolean } | undefined;

/**
 * Copies shared fields if `Response` would keep the object. The standard class copies the fields
 * itself, but the class of `@hono/node-server` does not. Without a copy, a field that a caller sets
 * on one response would appear in all later responses.
 *
 * @param prepared fields that other responses share
 */
function ofOneResponse(prepared: Headers): Headers {
  if (known?.of !== Response) {
    const headers = new Headers();
    // Some versions of `@hono/node-server` keep the object only for a response with a body.
    const response = new Response(new ReadableStream(), { headers });
    known = { of: Response, keepsFields: response.headers === headers };
  }
  return known.keepsFields ? new Headers(prepared) : prepared;
}

/** @param fields fields without those that describe a body */
export function notModified(fields: Headers): Response {
  return new Response(null, { status: 304, headers: fields });
}

function headOnly(fields: Headers, metadata: StoredMetadata): Response {
  const { status, statusText } = metadata;
  const bodyBytes = wholeBytes(metadata);
  if (bodyBytes !== null && !bodiless.has(status)) fields.set("content-length", String(bodyBytes));
  return new Response(null, { status, statusText, headers: fields, encodeBody: "manual" });
}

/** @param prepared shared fields, which this function does not change */
function bodyOrPart(stored: StoredResponse, prepared: Headers, place: PagePlace): Response {
  const { request, exchange } = place;
  const { decision } = exchange;
  const { metadata } = stored;
  const { status, statusText } = metadata;
  const bodyBytes = wholeBytes(metadata);
  const part = rangeIn(request, metadata);
  if (part.kind === "whole" || bodyBytes === null) {
    const body = bodiless.has(status) ? null : bodyFrom(stored, place);
    decision.answerBytes = body === null ? 0 : bodyBytes;
    const headers = ofOneResponse(prepared);
    return new Response(body, { status, statusText, headers, encodeBody: "manual" });
  }
  if (part.kind === "unsatisfiable") {
    decision.answerBytes = 0;
    discardBody(stored);
    return unsatisfiable(prepared, bodyBytes);
  }
  decision.answerBytes = lengthOf(part);
  return partial(prepared, part, { bodyBytes, content: bodyFrom(stored, place, part) });
}

/**
 * Returns the part of a whole answer that the client's range selects (RFC 9110 §14.2), or else the
 * answer itself.
 *
 * @param conditions the client's `Range` and `If-Range`
 */
export function cutToRange(
  answer: Response,
  bodyBytes: number,
  conditions: Fields,
  exchange: Pick<Exchange, "afterAnswer"> & {
    readonly site: ClientSite;
    readonly decision?: Pick<Exchange["decision"], "answerBytes">;
  },
): Response {
  const { decision } = exchange;
  const { status, headers, body } = answer;
  const bodyDate = headers.get("date");
  const part = rangeVerdict({ request: conditions, stored: headers, status, bodyBytes, bodyDate });
  if (part.kind === "whole" || body === null) return answer;
  if (part.kind === "unsatisfiable") {
    if (decision !== undefined) decision.answerBytes = 0;
    cancelBody(answer);
    return unsatisfiable(headers, bodyBytes);
  }
  if (decision !== undefined) decision.answerBytes = lengthOf(part);
  return partial(headers, part, { bodyBytes, content: rangedStream(body, part, exchange) });
}

/** @param whole the fields of the whole response, which this function does not change */
function unsatisfiable(whole: Headers, bodyBytes: number): Response {
  const fields = new Headers(whole);
  // A 416 applies to this request alone, so drop the fields that describe the stored response.
  for (const name of [...bodyDescriptions, ...ofTheWhole]) fields.delete(name);
  fields.set("cache-control", "no-store");
  fields.set("content-range", `bytes */${bodyBytes}`);
  return new Response(null, { status: 416, headers: fields });
}

/** @param whole the fields of the whole response, which this function does not change */
function partial(
  whole: Headers,
  part: ByteRange,
  { bodyBytes, content }: { readonly bodyBytes: number; readonly content: BodyInit | null },
): Response {
  const fields = new Headers(whole);
  for (const name of contentDigests) fields.delete(name);
  fields.set("content-range", contentRange(part, bodyBytes));
  fields.set("content-length", String(lengthOf(part)));
  return new Response(content, { status: 206, headers: fields, encodeBody: "manual" });
}

/** @throws Error if the tier read a range of the body other than the range to send */
function bodyFrom(
  { body, metadata }: StoredResponse,
  place: PagePlace,
  part?: ByteRange,
): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
  const { exchange } = place;
  if (metadata.heldApart !== undefined) {
    return exchange.site.bodyHolder?.read(metadata, part, place) ?? null;
  }
  switch (body.kind) {
    case "blob": {
      if (sizeOf(body) > smallBodyBytesMax) return readableOf(body.blob, exchange, part);
      if (part === undefined && body.bytes !== undefined) return body.bytes;
      const { blob } = body;
      return (part === undefined ? blob : blob.slice(part.firstByte, part.lastByte + 1)).stream();
    }
    case "stream":
      return part === undefined ? body.stream : rangedStream(body.stream, part, exchange);
    case "part": {
      const { range, stream } = body;
      if (range.firstByte !== part?.firstByte || range.lastByte !== part.lastByte) {
        throw new Error("The range that was read is not the range to send.");
      }
      return fittedStream(stream, lengthOf(range));
    }
    case "absent":
      return null;
    default:
      return unreachable(body);
  }
}

/**
 * Returns the length of the body that the client receives if the origin's response is passed on
 * unchanged.
 *
 * @param method the request's method
 * @returns 0 without a body, as for HEAD; `null` if no length is stated
 */
export function bytesPassedOn({ status, body, headers }: Response, method: string): number | null {
  const hasNone = method === "HEAD" || bodiless.has(status) || body === null;
  return hasNone ? 0 : contentLength(headers);
}

/**
 * Passes the origin's answer on, with its body unchanged and unbuffered, and the route's edits of fields.
 *
 * @param change changes the fields, before `Cache-Status` is added
 */
export function passOn(
  response: Response,
  { route, exchange }: { readonly route: Route; readonly exchange: Exchange },
  change: (fields: Headers) => void,
): Response {
  // A copy would lose the connection of the accepted upgrade.
  if (response.status === 101) return response;
  const { site, decision } = exchange;
  const fields = fieldsPassedOn(response, { config: site.config, route });
  change(fields);
  fields.set("cache-status", cacheStatus(decision, fields.get("cache-status")));
  return withFields(response, fields);
}
