// Which fields belong to one connection and must be neither stored nor passed on
// (RFC 9110 §7.6.1, RFC 9111 §3.1).
import type { ResponseDirectives } from "./cache-control.ts";
import type { FieldLine } from "./stored-response.ts";

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
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

/** Names that a recipient must drop before passing a message on, lower case. */
export function connectionFields(fields: Headers): ReadonlySet<string> {
  const nominated = fields.get("connection");
  if (nominated === null) return hopByHop;
  return new Set([...hopByHop, ...nominated.split(",").map((name) => name.trim().toLowerCase())]);
}

/**
 * The field lines that may be stored: without those of the connection, those for proxies, and
 * those that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7).
 */
export function storableFields(fields: Headers, directives: ResponseDirectives): FieldLine[] {
  const dropped = connectionFields(fields);
  const qualified = new Set(
    [directives.private, directives.noCache].flatMap((named) =>
      typeof named === "boolean" ? [] : named,
    ),
  );
  return [...fields].filter(
    ([name]) => !dropped.has(name) && !forProxiesOnly.has(name) && !qualified.has(name),
  );
}
