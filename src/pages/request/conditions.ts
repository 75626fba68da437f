// Evaluates the client's preconditions and range against a stored response.
import type { FieldLine } from "../../rules/fields.ts";
import { rangeFields, type RangeVerdict, rangeVerdict } from "../../rules/ranges.ts";
import type { Route } from "../../config/config.ts";
import { conditionalFieldNames, isNotModified } from "../../rules/validators.ts";
import { contentTagFor, fieldsForClients } from "../stored/content-tag.ts";
import { bodyDateOf, type StoredMetadata, wholeBytes } from "../stored/stored-response.ts";
import type { LookupRequest } from "./plan.ts";

/**
 * Returns whether the client already has the stored response, so that a 304 answers the request
 * (RFC 9111 §4.3.2).
 */
export function clientHasIt(request: LookupRequest, metadata: StoredMetadata): boolean {
  if (!isConditional(request)) return false;
  const { conditions, route } = request;
  const hasContentTag = contentTagFor(metadata, route) !== undefined;
  return isNotModified({
    request: conditions,
    stored: fieldsForClients(metadata, route),
    status: metadata.status,
    receivedAtMs: hasContentTag ? undefined : metadata.respondedAtMs,
  });
}

/** Evaluates the client's range against a stored body (RFC 9110 §14.2). */
export function rangeIn(
  { method, conditions, route }: LookupRequest,
  metadata: StoredMetadata,
): RangeVerdict {
  const { status, provisional } = metadata;
  const bodyBytes = wholeBytes(metadata);
  // The client may have other parts from the route's own origin, and no validator tells them apart.
  if (provisional !== undefined) return { kind: "whole" };
  if (method !== "GET" || bodyBytes === null || !conditions.has("range")) return { kind: "whole" };
  const bodyDate = bodyDateOf(metadata);
  const stored = fieldsForClients(metadata, route);
  return rangeVerdict({ request: conditions, stored, status, bodyBytes, bodyDate });
}

/** Returns whether the answer may need no stored body: for HEAD, and for a possible 304. */
export function mayNeedNoBody(request: LookupRequest): boolean {
  return request.method === "HEAD" || isConditional(request);
}

/** Returns whether a 304 may answer the request. */
export function isConditional({ conditions }: Pick<LookupRequest, "conditions">): boolean {
  return conditions.has("if-none-match") || conditions.has("if-modified-since");
}

/** Returns the `Range` and `If-Range` of a request for a part, as an origin gets them; empty for the whole body. */
export function partAsked({ method, conditions }: LookupRequest): FieldLine[] {
  // RFC 9110 §14.2: only GET has ranges.
  return method === "GET" && conditions.has("range") ? rangeFields(conditions) : [];
}

/** Returns the request for the whole body. */
export function withoutRange(request: LookupRequest): LookupRequest {
  const { conditions } = request;
  const has = (name: string) => name !== "range" && name !== "if-range" && conditions.has(name);
  const get = (name: string) => (has(name) ? conditions.get(name) : null);
  return { ...request, conditions: { has, get } };
}

/**
 * Returns the request that is planned in place of a client's GET or HEAD on a route that assembles pages: a
 * GET for a whole body without a coding, and unconditional. Only the body shows the fields of a HEAD. Returns
 * any other request itself. Conditions of other methods protect the origin's state.
 */
export function requestForWhole(client: Request, { traits }: Route): Request {
  const { method, headers } = client;
  const isRead = method === "GET" || method === "HEAD";
  if (traits.assembles !== true || !isRead || headers.has("upgrade")) return client;
  const fields = new Headers(headers);
  for (const name of [...conditionalFieldNames, "range"]) fields.delete(name);
  fields.set("accept-encoding", "identity");
  const whole = new Request(client, { method: "GET", headers: fields });
  clients.set(whole, client);
  return whole;
}

/** Returns a client's GET or HEAD for a range as one for the whole body; `undefined` for any other request. */
export function requestWithoutRange(client: Request): Request | undefined {
  const isRead = client.method === "GET" || client.method === "HEAD";
  if (!isRead || !client.headers.has("range")) return undefined;
  const fields = new Headers(client.headers);
  for (const name of ["range", "if-range"]) fields.delete(name);
  return new Request(client, { headers: fields });
}

const clients = new WeakMap<object, Request>();

/** Notes that a request is for a part of the page that the client has requested. */
export const noteOwnRequest = (part: Request, page: Request): void => {
  clients.set(part, ownRequest(page));
};

/** Returns the client's own request, in place of which, or for a part of which, the given one is sent. */
export const ownRequest = <Given extends object>(request: Given): Given | Request =>
  clients.get(request) ?? request;
