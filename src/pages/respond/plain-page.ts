// Builds Tidemark's own pages: plain text with advice for a visitor, and the cause in Proxy-Status
// (RFC 9209). The pages reveal nothing about the origin except an error's status and Retry-After. A route
// may replace the pages about the origin by its own.
import { cancelBody } from "../../base/cancel-body.ts";
import type { Route } from "../../config/config.ts";
import { settle } from "../../observe/decision.ts";
import type { PhaseRequest } from "../../part/port/phases.ts";
import { preferredType } from "../../rules/negotiation.ts";
import type { Exchange } from "../site/exchange.ts";

const again = "Please try again in a moment.";

/** The pages by name. `error` is the closest error type of RFC 9209 §2.3. */
const pages = {
  ambiguous: {
    status: 400,
    title: "Bad Request",
    says: "This address can be read in more than one way. Please use the usual one.",
    error: "http_request_error",
  },
  "content-cut": {
    status: 400,
    title: "Bad Request",
    says: "The content of this request did not arrive in time, or not with its stated length.",
    error: "http_request_error",
  },
  "not-found": {
    status: 404,
    title: "Not Found",
    says: "There is nothing at this address.",
    error: "proxy_internal_response",
  },
  fault: {
    status: 500,
    title: "Internal Server Error",
    says: "This request could not be handled. Please try again.",
    error: "proxy_internal_error",
  },
  limited: {
    status: 429,
    title: "Too Many Requests",
    says: "Too many requests have come from this address. Please try again in a minute.",
    error: "http_request_denied",
  },
  trace: {
    status: 501,
    title: "Not Implemented",
    says: "This site does not answer with the request itself.",
    error: "http_request_denied",
  },
  "cache-command": {
    status: 501,
    title: "Not Implemented",
    says: "Requests that command a cache are not forwarded, unless a route of the site names their method.",
    error: "http_request_denied",
  },
  unreachable: {
    status: 502,
    title: "Bad Gateway",
    says: `The site cannot be reached just now. ${again}`,
    error: "destination_unavailable",
  },
  "invalid-response": {
    status: 502,
    title: "Bad Gateway",
    says: `The site did not answer correctly. ${again}`,
    error: "http_protocol_error",
  },
  "fields-too-large": {
    status: 502,
    title: "Bad Gateway",
    says: `The site did not answer correctly. ${again}`,
    error: "http_response_header_section_size",
  },
  down: {
    status: 503,
    title: "Service Unavailable",
    says: `The site is down just now. ${again}`,
    error: "destination_unavailable",
  },
  "error-status": {
    status: 503,
    title: "Service Unavailable",
    says: `The site has a fault just now. ${again}`,
    error: "destination_unavailable",
  },
  timeout: {
    status: 504,
    title: "Gateway Timeout",
    says: `The site did not answer in time. ${again}`,
    error: "http_response_timeout",
  },
  "only-if-cached": {
    status: 504,
    title: "Gateway Timeout",
    says: "No stored response may answer, and the request allows no other answer (only-if-cached).",
    error: "proxy_internal_response",
  },
  loop: {
    status: 508,
    title: "Loop Detected",
    says: "This site sends requests to itself. Only its operator can fix that.",
    error: "proxy_loop_detected",
  },
} as const;

/** The name of a page. */
export type PlainPage = keyof typeof pages;

/** The default `Retry-After` by status. A rate limiter's period is at most a minute. */
const retryAfterSeconds: Readonly<Record<number, number>> = { 429: 60, 503: 5 };

/**
 * Builds a page that no cache may store. The page has no Cache-Status, because Tidemark generates
 * it (RFC 9211 §2).
 *
 * @param extra the parts of the origin's error response to another request that this client may
 *   receive too
 */
export function plainPage(
  page: PlainPage,
  extra: { status?: number; retryAfterSeconds?: number | undefined } = {},
): Response {
  const { status, title, says, error } = pages[page];
  const received = extra.status === undefined ? "" : `; received-status=${extra.status}`;
  const retryAfter = extra.retryAfterSeconds ?? retryAfterSeconds[status];
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "proxy-status": `tidemark; error=${error}${received}`,
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  };
  const response = new Response(`${status} ${title}\n\n${says}\n`, { status, headers });
  ownPages.set(response, aboutOrigin.has(page));
  return response;
}

const aboutOrigin: ReadonlySet<PlainPage> = new Set([
  "unreachable",
  "invalid-response",
  "fields-too-large",
  "down",
  "error-status",
  "timeout",
]);

/** The pages that were built, and whether a route's own page may replace them. */
const ownPages = new WeakMap<Response, boolean>();

/** The origin's own errors that a route's page may replace. */
const gatewayErrors: ReadonlySet<number> = new Set([502, 503, 504]);
const keptFields = ["cache-status", "proxy-status", "retry-after"];

/**
 * Returns the route's own page in place of a page about its origin, and of an error of the origin if the
 * route says so, for a client that accepts HTML. Returns any other response unchanged.
 */
export function withErrorPage(
  response: Response,
  { errorPage, replacesOriginErrors }: Pick<Route, "errorPage" | "replacesOriginErrors">,
  { method, headers: client }: Pick<PhaseRequest, "method" | "headers">,
): Response {
  if (errorPage === undefined) return response;
  const isOfOrigin = replacesOriginErrors && gatewayErrors.has(response.status);
  const isReplaced = ownPages.get(response) ?? isOfOrigin;
  const accepted = isReplaced && preferredType(client.get("accept") ?? "", ["text/html"]);
  if (accepted !== "text/html") return response;
  const headers = new Headers({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
  });
  for (const name of keptFields) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  cancelBody(response);
  const { status } = response;
  return new Response(method === "HEAD" ? null : errorPage, { status, headers });
}

/** Builds the page, and counts the answer. */
export function refused(page: PlainPage, exchange: Exchange): Response {
  exchange.decision.outcome = page === "limited" ? "limited" : "failed";
  settle(exchange);
  return plainPage(page);
}
