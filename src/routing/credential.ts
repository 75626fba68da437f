// Finds the credential of a gate. One that was checked is hidden, so that it neither selects a response nor reaches
// the origin.
import type { Gate } from "../part/port/phases.ts";
import { FieldsBehindGate, isIn, type RequestHead } from "./client-fields.ts";
import { pairsIn } from "./cookies.ts";
import { keyedQuery, ownUrl } from "./target.ts";
import type { ReadUrl, UrlRead } from "./url-reader.ts";

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

/** Returns the request without the credential of a gate. */
export function withoutCredential(
  request: RequestHead<Headers>,
  read: UrlRead,
  gate: Gate,
  readUrl: ReadUrl,
): { readonly request: RequestHead; readonly read: UrlRead } {
  const { method, cf } = request;
  const { query } = gate;
  const head = { method, headers: new FieldsBehindGate(request.headers, gate), cf };
  const { target } = read;
  if (query.length === 0) return { request: head, read };
  const kept = keyedQuery(target.query, (name) => !query.includes(name));
  if (kept === target.query) return { request: head, read };
  const bare = readUrl({ url: ownUrl({ ...target, query: kept }), method }, request);
  // A condition on the query may lead to another route, which the gate does not protect.
  return { request: head, read: bare.route === read.route ? bare : read };
}
