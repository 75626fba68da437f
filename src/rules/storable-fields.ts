// Drops the fields that must not be stored or forwarded, such as those of one connection (RFC 9110
// §7.6.1, RFC 9111 §3.1).
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

/**
 * Fields for every recipient. `Connection` must not name them (RFC 9110 §7.6.1). If it does, they
 * are kept.
 */
const endToEnd: ReadonlySet<string> = new Set(
  "age authorization cache-control cdn-cache-control cookie date etag expires set-cookie vary".split(
    " ",
  ),
);

/**
 * Returns the names, in lower case, of the fields that must be dropped before a message is
 * forwarded.
 */
export function connectionFields(fields: Headers): ReadonlySet<string> {
  const nominated = fields.get("connection")?.toLowerCase().split(",") ?? [];
  const isChunked = fields.has("transfer-encoding");
  if (nominated.length === 0 && !isChunked) return hopByHop;
  const own = nominated.map((name) => name.trim()).filter((name) => !endToEnd.has(name));
  // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length.
  return new Set([...hopByHop, ...own, ...(isChunked ? ["content-length"] : [])]);
}

/**
 * Returns the fields that a qualified `private` or `no-cache` names. These fields are for one
 * client and are not stored.
 */
export function qualifiedFieldNames(directives: ResponseDirectives): ReadonlySet<string> {
  const named = [directives.private, directives.noCache];
  return new Set(named.flatMap((names) => (typeof names === "boolean" ? [] : names)));
}

/**
 * Returns the field lines that may be stored. Drops fields of the connection, fields for proxies,
 * and fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7).
 */
export function storableFields(fields: Headers, directives: ResponseDirectives): FieldLine[] {
  const dropped = connectionFields(fields);
  const qualified = qualifiedFieldNames(directives);
  return [...fields].filter(
    ([name]) => !dropped.has(name) && !forProxiesOnly.has(name) && !qualified.has(name),
  );
}
