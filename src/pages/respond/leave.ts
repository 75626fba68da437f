// The last step of an answer: the page of the route replaces an error, and parts filter the body and change the fields.
import { cancelBody } from "../../base/cancel-body.ts";
import type { Route } from "../../config/config.ts";
import type { BodyFilter, PhaseRequest, Phases } from "../../part/port/phases.ts";
import { hasCoding } from "../../rules/fields.ts";
import { makePrivate } from "./downstream.ts";
import { requestWithoutRange } from "../request/conditions.ts";
import { plainPage, withErrorPage } from "./plain-page.ts";
import { withFields } from "../../base/with-fields.ts";

/** Returns whether a route may change an answer that leaves. */
export function mayChange({ errorPage, phases }: Route): boolean {
  const { respond, filter, rewrite, admits, keyed } = phases;
  return (errorPage ?? respond ?? filter ?? rewrite ?? admits ?? keyed) !== undefined;
}

/**
 * Returns the answer that leaves, in place of the one that the cache has given. An answer that a rule has chosen by its
 * client is private, because a cache downstream would give it to others.
 *
 * @param again answers the same request without its range
 */
export function leave(
  given: Response,
  route: Route,
  request: Request,
  again: (whole: Request) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { phases } = route;
  const response = filtered(withErrorPage(given, route, request), phases, request);
  // A copy would lose the connection of an accepted upgrade, and its fields are fixed.
  if (response.status === 101) return response;
  const { headers, status } = response;
  const { respond, admits, keyed } = phases;
  const { removed = [], lines = [], cookies = [] } = respond?.({ status, headers }, request) ?? {};
  for (const name of removed) headers.delete(name);
  for (const [name, value] of lines) headers.set(name, value ?? "");
  for (const line of cookies) headers.append("set-cookie", line);
  if ((admits ?? keyed) !== undefined || cookies.length > 0) makePrivate(headers);
  const { rewrite } = phases;
  const sent = rewrite ? rewrite(response, request) : response;
  if (sent !== undefined) return sent;
  const whole = requestWithoutRange(request);
  if (whole === undefined) return faultInPlaceOf(response);
  cancelBody(response);
  return Promise.resolve(again(whole)).then((answer) => leave(answer, route, whole, again));
}

/**
 * Returns a fragment, which does not leave by itself, with its body changed.
 *
 * @param page the request of the page, as `requestForWhole` has returned it
 */
export const asFragment = (given: Response, phases: Phases, page: PhaseRequest): Response =>
  rewritten(filtered(given, phases, page), phases, page);

/** Returns an answer with its own text changed. For the template of a page, before its fragments are in it. */
export const rewritten = (
  response: Response,
  { rewrite }: Phases,
  request: PhaseRequest,
): Response => (rewrite ? (rewrite(response, request) ?? faultInPlaceOf(response)) : response);

function faultInPlaceOf(response: Response): Response {
  cancelBody(response);
  return plainPage("fault");
}

/** Fields that are true of the stored body, and not of the filtered one. */
const ofBody =
  "accept-ranges content-digest content-length content-md5 digest etag last-modified repr-digest";

/** Returns an answer whose body passes through a stream, without the fields of the body before. */
export function withBodyThrough(
  response: Response,
  stream: BodyFilter,
  { method }: Pick<PhaseRequest, "method">,
): Response {
  const { headers, body } = response;
  const fields = new Headers(headers);
  for (const name of ofBody.split(" ")) fields.delete(name);
  return withFields(response, fields, method === "HEAD" ? null : body?.pipeThrough(stream));
}

/** Returns a whole 200 without a coding as it leaves the filter, and any other response itself. */
function filtered(response: Response, { filter }: Phases, request: PhaseRequest): Response {
  const { status, headers } = response;
  if (filter === undefined || status !== 200 || hasCoding(headers)) return response;
  const stream = filter({ status, headers });
  if (stream === undefined) return response;
  return stream === "failed"
    ? faultInPlaceOf(response)
    : withBodyThrough(response, stream, request);
}
