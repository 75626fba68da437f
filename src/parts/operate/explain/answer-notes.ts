// Notes on answers of the origin for findings: why an answer was not stored, which fields changed a page, and what a
// cache between Tidemark and the origin has kept.
import { cachesNamedIn } from "../../../protocol/caches-below.ts";
import { acceptClassName, isOfPages } from "../../../rules/accept-class.ts";
import { fieldsOf } from "../../../rules/fields.ts";
import { datedAtMs } from "../../../rules/http-date.ts";
import { responseMediaTypes } from "../../../rules/media-types.ts";
import { sharesNonce } from "../../../rules/nonces.ts";
import { silentlyVaryingBy } from "../../../rules/selecting.ts";
import { contentTagName } from "../../../rules/validators.ts";
import { type PendingRequest, storedCandidate } from "../../../pages/reuse/pending-request.ts";
import { isOfLyingUrl } from "../../../pages/stored/content-tag.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";
import { asKept, keptSinceAtMs } from "../../../pages/storing/from-before-purge.ts";
import type { FindingCode } from "../../../protocol/finding.ts";

/** Notes an answer that is stored, or why it is not. */
export function noteAnswer(metadata: StoredMetadata, pending: PendingRequest): void {
  const { request, exchange } = pending;
  const { site, decision } = exchange;
  const { name } = request.route;
  const note = (code: FindingCode, entries: readonly string[]) =>
    void site.notes.note(code, name, entries, exchange.nowAtMs());
  noteCacheBelow(metadata, pending, note);
  if (!decision.stored) return noteRefusal(metadata, pending, note);
  const path = request.target.path.slice(0, pathCharactersMax);
  if (request.route.traits.replacesNonces !== true && sharesNonce(fieldsOf(metadata))) {
    note("nonce-shared", [path]);
  }
  const changing = decision.outcome === "stored" ? namesChanging(metadata, pending) : [];
  if (changing.length > 0) {
    note(
      "varies-silently",
      changing.map((field) => `${field} ${path}`),
    );
    site.metrics.add("silentVariations", [name]);
  }
  // A marker keeps the fact for the URL, so this answer is the first to show it.
  const isKnownToLie = pending.marker?.names.includes(contentTagName) === true;
  if (isOfLyingUrl(metadata) && !isKnownToLie) {
    note("validator-lies", [path]);
    site.metrics.add("lyingValidators", [name]);
  }
}

type Note = (code: FindingCode, entries: readonly string[]) => void;

/** The maximum length of a path in a note. */
const pathCharactersMax = 200;

/**
 * Returns the fields that changed a page although `Vary` does not name them: a client's own request
 * fetched another media type or language than this request, or an answer for browsers stands beside one for a class of
 * `Accept`.
 */
function namesChanging(metadata: StoredMetadata, pending: PendingRequest): readonly string[] {
  const before = storedCandidate(pending)?.stored.metadata;
  const fields = fieldsOf(metadata);
  const isComparable = before?.isOfClient === true && before.status === metadata.status;
  const changed = isComparable ? silentlyVaryingBy(fieldsOf(before), fields) : [];
  const isBesideClass =
    metadata.selecting.some(([name, value]) => name === acceptClassName && value === "html") &&
    isOfPages(responseMediaTypes(fields).at(-1) ?? "");
  const names = isBesideClass ? [...new Set(["accept", ...changed])] : changed;
  return names.filter((name) => !pending.request.route.normalForms?.has(name));
}

/** A redirect to such a path is probably one to a login. */
const loginPath = /log-?in|log-?on|sign-?in|auth|account|session|sso/i;

/** Notes a refusal to store that a finding names, by its route. */
function noteRefusal(
  metadata: StoredMetadata,
  { request, exchange }: PendingRequest,
  note: Note,
): void {
  const { rule, names } = exchange.decision.refused ?? { rule: undefined, names: [] };
  if (rule === "extension-mismatch") note(rule, []);
  const isLogin =
    metadata.status >= 400 || loginPath.test(fieldsOf(metadata).get("location") ?? "");
  if (rule === "gate-refused" && isLogin) note(rule, names);
  if (rule !== "credential-field") return;
  note(
    rule,
    names.flatMap((field) => request.route.credentials.entryFor(field) ?? []),
  );
}

/** The time within which a purge should also have reached a cache below, once the purge is due. */
const cacheBelowMsMax = 180_000;

/** `Date` has whole seconds. */
const dateRoundingMs = 1_000;

/**
 * Notes the cache that has kept an answer with `Age` since before a purge which should have reached it. Also notes
 * it if a purge covers the answer by `Date`, although by `Age` the answer is newer.
 */
function noteCacheBelow(
  metadata: StoredMetadata,
  { request, exchange: { site, decision, nowAtMs } }: PendingRequest,
  note: Note,
): void {
  const { requestedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const sinceAtMs = keptSinceAtMs({ headers: fields, requestedAtMs }, request);
  if (sinceAtMs === undefined) return;
  const { view, config } = site;
  const { visibleWithinSeconds, allowanceMs } = config.purge;
  const subject = asKept(metadata, site);
  if (view.mayPredatePurge(subject, sinceAtMs)) {
    const reachedMs = visibleWithinSeconds * 1_000 + allowanceMs + cacheBelowMsMax;
    const isOld = decision.refused?.rule === "before-purge";
    if (isOld && !view.mayBePurgedSince(subject, nowAtMs() - reachedMs)) {
      note("cache-unpurged", cachesNamedIn(fields));
    }
    return;
  }
  // The clocks of the origin, the isolate and the journal may differ by A, without a fault.
  const datedMs = datedAtMs(fields, requestedAtMs) + dateRoundingMs + 2 * allowanceMs;
  if (view.mayPredatePurge(subject, datedMs)) note("age-too-low", cachesNamedIn(fields));
}
