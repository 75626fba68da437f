// Finds the credential of a gate. One that was checked is hidden, so that it neither selects a response nor reaches
// the origin.
import type { Gate } from "../part/port/phases.ts";
import { FieldsBehindGate, isIn, type RequestHead } from "./client-fields.ts";
import { pairsIn } from "./cookies.ts";
import { keyedQuery } from "./target.ts";
import type { UrlRead } from "./url-reader.ts";

/** Returns whether a request has a part of the credential that a gate checks. */
export function hasCredential(
  { headers }: RequestHead,
  { target }: UrlRead,
  { headers: fields, cookies, query }: Gate,
): boolean {
  return (
    fields.some((name) => headers.has(name)) ||
    pairsIn(headers.get("cookie") ?? "").some((pair) => isIn(cookies, pair)) ||
    keyedQuery(target.query, (name) => !query.includes(name)) !== target.query
  );
}

/** Returns the request without the credential of a gate in its fields. Keys have no parameters that a gate checks. */
export function withoutCredential(
  { method, headers, cf }: RequestHead<Headers>,
  gate: Gate,
): RequestHead {
  return { method, headers: new FieldsBehindGate(headers, gate), cf };
}
