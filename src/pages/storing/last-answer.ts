// Notes on answers of the origin for operators: why an answer was not stored, and which fields changed a
// page.
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { noVarySearchField, variationFault } from "../../rules/no-vary-search.ts";
import { acceptClassName, isOfPages } from "../../rules/accept-class.ts";
import { silentlyVaryingBy } from "../../rules/selecting.ts";
import { nameSetBy } from "../request/cookies.ts";
import { type PendingForward, storedCandidate } from "../reuse/pending-forward.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { RefusedStore } from "./refusal.ts";

const tellingFields: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "date",
  "etag",
  "expires",
  "last-modified",
  "pragma",
  "surrogate-control",
  "vary",
]);

/**
 * Records the answer to a GET with the decision so far. Callers repeat the call when more of the
 * decision is known.
 *
 * @param additions values that the decision does not contain
 */
export function noteAnswer(
  metadata: StoredMetadata,
  { request, exchange }: PagePlace,
  additions: { refused?: RuleAndNames; isMadePrivate?: boolean } = {},
): void {
  const { decision } = exchange;
  if (request.method !== "GET" || request.content !== undefined) return;
  const { fields } = metadata;
  const { refused = decision.refused, isMadePrivate = false } = additions;
  const telling = fields.filter(
    ([name]) => tellingFields.has(name) || name.endsWith("-cache-control"),
  );
  const bodyBytes = metadata.bodyBytes ?? decision.bodyBytes;
  const isSent = decision.outcome === "stored" || decision.outcome === "validated";
  const nothing = { tags: [], withheldTags: [], selecting: [] };
  exchange.site.lastAnswers.answered.set(request.url, {
    metadata: { ...metadata, ...nothing, bodyBytes, fields: telling },
    refused: refused?.rule === "set-cookie" ? { ...refused, names: cookiesIn(fields) } : refused,
    isReportedStored: isSent && additions.refused === undefined && !decision.isRefresh,
    isMadePrivate,
    changes: decision.changes,
  });
}

/** Returns only the names of the cookies, because a value may identify a session. */
function cookiesIn(fields: readonly FieldLine[]): string[] {
  const lines = fields.filter(([name]) => name === "set-cookie");
  return lines.flatMap(([, line]) => nameSetBy(line) ?? []);
}

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

/** Notes why the origin's No-Vary-Search has no effect, on a route with `query.noVarySearch`. */
export function noteVariationFault(received: Headers, { request, exchange }: PagePlace): void {
  const { name, noVarySearch } = request.route;
  const fault = noVarySearch ? variationFault(received.get(noVarySearchField)) : undefined;
  if (fault === undefined) return;
  exchange.site.notes.note("no-vary-search-invalid", name, [fault], exchange.nowAtMs());
}

/** The maximum length of a path in a note. */
const pathCharactersMax = 200;

/** Notes a refusal to store that a finding names, by its route. */
export function noteRefusal({ rule, names }: RefusedStore, { request, exchange }: PagePlace): void {
  const { name: route, credentials } = request.route;
  const { notes } = exchange.site;
  const atMs = exchange.nowAtMs();
  if (rule === "extension-mismatch") notes.note(rule, route, [], atMs);
  if (rule !== "credential-field") return;
  notes.note(
    rule,
    route,
    names.flatMap((field) => credentials.entryFor(field) ?? []),
    atMs,
  );
}
