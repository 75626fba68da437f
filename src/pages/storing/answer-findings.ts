// Notes on answers of the origin for findings: why an answer was not stored, and which fields changed a page.
import type { FindingCode } from "../../protocol/finding.ts";
import { fieldsOf } from "../../rules/fields.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { noVarySearchField, variationFault } from "../../rules/no-vary-search.ts";
import { acceptClassName, isOfPages } from "../../rules/accept-class.ts";
import { silentlyVaryingBy } from "../../rules/selecting.ts";
import { sharesNonce } from "../../rules/nonces.ts";
import { storedCandidate, type PendingForward } from "../reuse/pending-forward.ts";
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
  const path = notedPath(pending);
  note(
    "varies-silently",
    names.map((name) => `${name} ${path}`),
    pending,
  );
  exchange.site.metrics.add("silentVariations", [request.route.name]);
}

/** Notes a stored page whose visitors share the nonce of its scripts. */
export function noteSharedNonce(metadata: StoredMetadata, place: PagePlace): void {
  if (place.request.route.traits.replacesNonces || !sharesNonce(fieldsOf(metadata))) return;
  note("nonce-shared", [notedPath(place)], place);
}

/** Notes that the validators of an answer lie, if its body has just shown that. */
export function noteLie(before: StoredMetadata, after: StoredMetadata, place: PagePlace): void {
  if (!isOfLyingUrl(after) || isOfLyingUrl(before)) return;
  note("validator-lies", [notedPath(place)], place);
  place.exchange.site.metrics.add("lyingValidators", [place.request.route.name]);
}

/** Notes why the origin's No-Vary-Search has no effect, on a route with `query.noVarySearch`. */
export function noteVariationFault(received: Headers, place: PagePlace): void {
  const { noVarySearch } = place.request.route;
  const fault = noVarySearch ? variationFault(received.get(noVarySearchField)) : undefined;
  if (fault !== undefined) note("no-vary-search-invalid", [fault], place);
}

/** The maximum length of a path in a note. */
const pathCharactersMax = 200;

const notedPath = ({ request }: PagePlace): string =>
  request.target.path.slice(0, pathCharactersMax);

/** Notes an observation about the route of a request, for a finding. */
function note(
  code: FindingCode,
  entries: readonly string[],
  { request, exchange }: Pick<PagePlace, "request" | "exchange">,
): void {
  exchange.site.notes.note(code, request.route.name, entries, exchange.nowAtMs());
}

/** A redirect to such a path is probably one to a login. */
const loginPath = /log-?in|log-?on|sign-?in|auth|account|session|sso/i;

/** Notes a refusal to store that a finding names, by its route. */
export function noteRefusal(
  { rule, names }: RefusedStore,
  { headers, status }: Pick<Response, "headers" | "status">,
  place: PagePlace,
): void {
  if (rule === "extension-mismatch") note(rule, [], place);
  const isLogin = status >= 400 || loginPath.test(headers.get("location") ?? "");
  if (rule === "gate-refused" && isLogin) note(rule, names, place);
  if (rule !== "credential-field") return;
  const { credentials } = place.request.route;
  const entries = names.flatMap((field) => credentials.entryFor(field) ?? []);
  note(rule, entries, place);
}
