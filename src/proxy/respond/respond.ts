// Makes answers: out of a stored response, with the client's own conditions and range applied, or
// by passing the origin's on.
import type { Exchange } from "../site/exchange.ts";
import { cacheStatus } from "../../rules/cache-status.ts";
import { discardBody } from "../../cache/record/record.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import { contentLength } from "../../rules/fields.ts";
import { type ByteRange, contentRange, lengthOf } from "../../rules/ranges.ts";
import { unreachable } from "../../rules/unreachable.ts";
import { readableOf } from "../body/held-body.ts";
import { fittedStream, slicedStream } from "../body/sliced-stream.ts";
import { clientHasIt, rangeIn } from "../request/conditions.ts";
import type { Need } from "../reuse/need.ts";
import type { StoredMetadata, StoredResponse } from "../stored/stored-response.ts";
import {
  bodyDescriptions,
  fieldsFromStored,
  fieldsNotModified,
  fieldsPassedOn,
} from "./downstream.ts";

const ofTheWhole = ["age", "etag", "expires", "last-modified"];

/** Status codes whose responses have no body, which `Response` insists on. */
export const bodiless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** A request, and the record of what becomes of it. */
type Asking = Pick<Need, "asked" | "exchange">;

/**
 * Answers with a stored response: a 304 where the client has it, a 206 or a 416 where it asks for a
 * part, else all of it.
 *
 * @param ageSeconds fractions kept
 * @throws Error where its tier has read another part of its body than is to be sent
 */
export function fromStored(stored: StoredResponse, ageSeconds: number, asking: Asking): Response {
  const { asked, exchange } = asking;
  const { decision } = exchange;
  const { metadata } = stored;
  decision.bodyBytes = metadata.bodyBytes;
  const ask = { route: asked.route, config: exchange.site.config, ageSeconds, handling: decision };
  if (clientHasIt(asked, metadata)) {
    decision.answerBytes = 0;
    discardBody(stored);
    return notModified(ofOneResponse(fieldsNotModified(metadata, ask)));
  }
  const fields = fieldsFromStored(metadata, ask);
  if (asked.method === "GET") return bodyOrPart(stored, fields, asking);
  decision.answerBytes = 0;
  discardBody(stored);
  return headOnly(new Headers(fields), metadata);
}

/** Whether the present class `Response` keeps the `Headers` that it is given. */
let known: { readonly of: typeof Response; readonly keepsFields: boolean } | undefined;

/**
 * The standard's `Response` copies its fields. `@hono/node-server` replaces it by a class that keeps the object
 * it is given: what code around the cache sets on one response would then be in all that follow.
 *
 * @param prepared for this response and for others
 */
function ofOneResponse(prepared: Headers): Headers {
  if (known?.of !== Response) {
    const headers = new Headers();
    // Some versions keep the fields of a response with a body alone.
    const response = new Response(new ReadableStream(), { headers });
    known = { of: Response, keepsFields: response.headers === headers };
  }
  return known.keepsFields ? new Headers(prepared) : prepared;
}

/** A 304. @param fields none that describe a body */
export function notModified(fields: Headers): Response {
  return new Response(null, { status: 304, headers: fields });
}

function headOnly(fields: Headers, { status, statusText, bodyBytes }: StoredMetadata): Response {
  if (bodyBytes !== null && !bodiless.has(status)) fields.set("content-length", String(bodyBytes));
  return new Response(null, { status, statusText, headers: fields, encodeBody: "manual" });
}

/** @param prepared left as they are, for the next answer */
function bodyOrPart(
  stored: StoredResponse,
  prepared: Headers,
  { asked, exchange }: Asking,
): Response {
  const { decision } = exchange;
  const { metadata } = stored;
  const { status, statusText, bodyBytes } = metadata;
  const part = rangeIn(asked, metadata);
  if (part.kind === "whole" || bodyBytes === null) {
    const body = bodiless.has(status) ? null : bodyFrom(stored, exchange);
    decision.answerBytes = body === null ? 0 : bodyBytes;
    const headers = ofOneResponse(prepared);
    return new Response(body, { status, statusText, headers, encodeBody: "manual" });
  }
  const fields = new Headers(prepared);
  if (part.kind === "unsatisfiable") {
    decision.answerBytes = 0;
    discardBody(stored);
    // It is about this one request: nothing of the stored response's own must be kept from it.
    for (const name of [...bodyDescriptions, ...ofTheWhole]) fields.delete(name);
    fields.set("cache-control", "no-store");
    fields.set("content-range", `bytes */${bodyBytes}`);
    return new Response(null, { status: 416, headers: fields });
  }
  fields.set("content-range", contentRange(part, bodyBytes));
  fields.set("content-length", String(lengthOf(part)));
  decision.answerBytes = lengthOf(part);
  const sliced = bodyFrom(stored, exchange, part);
  return new Response(sliced, { status: 206, headers: fields, encodeBody: "manual" });
}

/** @throws Error for a part of a body where other bytes are to be sent: that is never a body. */
function bodyFrom(
  { body }: StoredResponse,
  exchange: Exchange,
  part?: ByteRange,
): ReadableStream<Uint8Array> | null {
  switch (body.kind) {
    case "blob": {
      const { blob } = body;
      if (blob.size > smallBodyBytesMax) return readableOf(blob, exchange, part);
      return (part === undefined ? blob : blob.slice(part.firstByte, part.lastByte + 1)).stream();
    }
    case "stream":
      return part === undefined ? body.stream : slicedStream(body.stream, part);
    case "part": {
      const { range, stream } = body;
      if (range.firstByte !== part?.firstByte || range.lastByte !== part.lastByte) {
        throw new Error("Other bytes of a body were read than are to be sent.");
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
 * The bytes of the body that a client gets, for an origin's answer that is passed on unchanged.
 *
 * @param method of the request
 * @returns 0 where there is none, as for HEAD; `null` where its length is not stated
 */
export function bytesPassedOn({ status, body, headers }: Response, method: string): number | null {
  const hasNone = method === "HEAD" || bodiless.has(status) || body === null;
  return hasNone ? 0 : contentLength(headers);
}

/**
 * The origin's answer as it came, its body untouched and not held here.
 *
 * @param change made to its fields, before `Cache-Status` is added to them
 */
export function passOn(
  response: Response,
  { site, decision }: Exchange,
  change?: (fields: Headers) => void,
): Response {
  // An accepted upgrade belongs to its connection; a copy of it would not be upgraded.
  if (response.status === 101) return response;
  const fields = fieldsPassedOn(response, site.config);
  change?.(fields);
  fields.set("cache-status", cacheStatus(decision, fields.get("cache-status")));
  const { status, statusText } = response;
  const body = bodiless.has(status) ? null : response.body;
  return new Response(body, { status, statusText, headers: fields, encodeBody: "manual" });
}
