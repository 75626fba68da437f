// Finds the credential of a gate. One that was checked is removed, so that it neither selects a response nor reaches
// the origin.
import type { Gate } from "../part/port/phases.ts";
import { keyedQuery, ownUrl } from "./target.ts";
import { nameOfCookie, pairsIn } from "./cookies.ts";
import type { ReadUrl, UrlRead } from "./url-reader.ts";

/** The head of a request. */
export type RequestHead = Pick<Request, "method" | "headers"> & Partial<Pick<Request, "cf">>;

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

const isIn = (cookies: Gate["cookies"], pair: string): boolean =>
  cookies.includes(nameOfCookie(pair) ?? "");

/** Returns the request without the credential of a gate. */
export function withoutCredential(
  request: RequestHead,
  read: UrlRead,
  { headers, cookies, query }: Gate,
  readUrl: ReadUrl,
): { readonly request: RequestHead; readonly read: UrlRead } {
  const { method, cf } = request;
  const fields = new Headers(request.headers);
  for (const name of headers) fields.delete(name);
  const pairs = pairsIn(fields.get("cookie") ?? "");
  const others = pairs.filter((pair) => !isIn(cookies, pair));
  if (others.length === 0) fields.delete("cookie");
  else if (others.length < pairs.length) fields.set("cookie", others.join("; "));
  const head = { method, headers: fields, cf };
  const { target } = read;
  const kept = keyedQuery(target.query, (name) => !query.includes(name));
  if (query.length === 0 || kept === target.query) return { request: head, read };
  const bare = readUrl({ url: ownUrl({ ...target, query: kept }), method }, request);
  // A condition on the query may lead to another route, which the gate does not protect.
  return { request: head, read: bare.route === read.route ? bare : read };
}
