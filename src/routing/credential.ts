// Finds the credential of a gate.
import type { Gate } from "../part/port/phases.ts";
import { isIn, type RequestHead } from "./client-fields.ts";
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
