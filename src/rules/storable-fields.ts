// Which fields belong to one connection and must be neither stored nor passed on
// (RFC 9110 §7.6.1, RFC 9111 §3.1).
import type { ResponseDirectives } from "./cache-control.ts";
import type { FieldLine } from "./fields.ts";

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const forProxiesOnly: ReadonlySet<string> = new Set([
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
]);

/** For every recipient, so never to be nominated (RFC 9110 §7.6.1): a nomination is ignored. */
const endToEnd: ReadonlySet<string> = new Set(
  "age authorization cache-control cdn-cache-control cookie date etag expires set-cookie vary".split(
    " ",
  ),
);

/** Names that a recipient must drop before passing a message on, lower case. */
export function connectionFields(fields: Headers): ReadonlySet<string> {
  const nominated = fields.get("connection")?.toLowerCase().split(",") ?? [];
  const isChunked = fields.has("transfer-encoding");
  if (nominated.length === 0 && !isChunked) return hopByHop;
  const own = nominated.map((name) => name.trim()).filter((name) => !endToEnd.has(name));
  // RFC 9112 §6.3: beside Transfer-Encoding a length means nothing.
  return new Set([...hopByHop, ...own, ...(isChunked ? ["content-length"] : [])]);
}

/** Fields that the qualified forms name: for one client, and not stored. */
export function qualifiedFieldNames(directives: ResponseDirectives): ReadonlySet<string> {
  const named = [directives.private, directives.noCache];
  return new Set(named.flatMap((names) => (typeof names === "boolean" ? [] : names)));
}

/**
 * The field lines that may be stored: without those of the connection, those for proxies, and
 * those that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7).
 */
export function storableFields(fields: Headers, directives: ResponseDirectives): FieldLine[] {
  const dropped = connectionFields(fields);
  const qualified = qualifiedFieldNames(directives);
  return [...fields].filter(
    ([name]) => !dropped.has(name) && !forProxiesOnly.has(name) && !qualified.has(name),
  );
}
