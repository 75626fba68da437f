// Notes on answers of the origin for findings: why an answer was not stored, and which fields changed a page.
import { fieldsOf } from "../../rules/fields.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { noVarySearchField, variationFault } from "../../rules/no-vary-search.ts";
import { acceptClassName, isOfPages } from "../../rules/accept-class.ts";
import { silentlyVaryingBy } from "../../rules/selecting.ts";
import { sharesNonce } from "../../rules/nonces.ts";
import { type PendingForward, storedCandidate } from "../reuse/pending-forward.ts";
import type { PagePlace } from "../site/exchange.ts";
import { isOfLyingUrl } from "../stored/content-tag.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { RefusedStore } from "./refusal.ts";

/**
 * Notes the fields that changed a page although `Vary` does not name them: a client's own request
 * fetched another media type or language than this request, or an answer for browsers stands beside one for a class of `Accept`.
 */
export function noteSilentVariation(metadata: StoredMetadata, pending: PendingForward): void {
  const { request, exchange } = pending;
  const before = storedCandidate(pending)?.stored.metadata;
  const isComparable = before?.isOfClient === true && before.status === metadata.status;
  const changed = isComparable ? silentlyVaryingBy(fieldsOf(before), fieldsOf(metadata)) : [];
  const isBesideClass =
    metadata.selecting.some(([name, value]) => name === acceptClassName && value === "html") &&
    isOfPages(responseMediaTypes(fieldsOf(metadata)).at(-1) ?? "");
  const changing = isBesideClass ? [...new Set(["accept", ...changed])] : changed;
  const names = changing.filter((name) => !request.route.normalForms?.has(name));
  if (names.length === 0) return;
  const { site } = exchange;
  const entries = names.map((name) => `${name} ${request.target.path.slice(0, pathCharactersMax)}`);
  site.notes.note("varies-silently", request.route.name, entries, exchange.nowAtMs());
  site.metrics.add("silentVariations", [request.route.name]);
}

/** Notes a stored page whose visitors share the nonce of its scripts. */
export function noteSharedNonce(metadata: StoredMetadata, { request, exchange }: PagePlace): void {
  if (request.route.traits.replacesNonces || !sharesNonce(fieldsOf(metadata))) return;
  const path = request.target.path.slice(0, pathCharactersMax);
  exchange.site.notes.note("nonce-shared", request.route.name, [path], exchange.nowAtMs());
}

/** Notes that the validators of an answer lie, if its body has just shown that. */
export function noteLie(
  before: StoredMetadata,
  after: StoredMetadata,
  { request, exchange }: PagePlace,
): void {
  if (!isOfLyingUrl(after) || isOfLyingUrl(before)) return;
  const { name } = request.route;
  const path = request.target.path.slice(0, pathCharactersMax);
  exchange.site.notes.note("validator-lies", name, [path], exchange.nowAtMs());
  exchange.site.metrics.add("lyingValidators", [name]);
}

/** Notes why the origin's No-Vary-Search has no effect, on a route with `query.noVarySearch`. */
export function noteVariationFault(received: Headers, { request, exchange }: PagePlace): void {
  const { name, noVarySearch } = request.route;
  const fault = noVarySearch ? variationFault(received.get(noVarySearchField)) : undefined;
  if (fault === undefined) return;
  exchange.site.notes.note("no-vary-search-invalid", name, [fault], exchange.nowAtMs());
}

/** The maximum length of a path in a note. */
const pathCharactersMax = 200;

/** A redirect to such a path is probably one to a login. */
const loginPath = /log-?in|log-?on|sign-?in|auth|account|session|sso/i;

/** Notes a refusal to store that a finding names, by its route. */
export function noteRefusal(
  { rule, names }: RefusedStore,
  { headers, status }: Pick<Response, "headers" | "status">,
  { request, exchange }: PagePlace,
): void {
  const { name: route, credentials } = request.route;
  const { notes } = exchange.site;
  const atMs = exchange.nowAtMs();
  if (rule === "extension-mismatch") notes.note(rule, route, [], atMs);
  const isLogin = status >= 400 || loginPath.test(headers.get("location") ?? "");
  if (rule === "gate-refused" && isLogin) notes.note(rule, route, names, atMs);
  if (rule !== "credential-field") return;
  notes.note(
    rule,
    route,
    names.flatMap((field) => credentials.entryFor(field) ?? []),
    atMs,
  );
}
