// Builds the metadata of an origin's answer, and of a stored response that a 304 has freshened.
import { contentTagName, freshenedFields } from "../../rules/validators.ts";
import {
  acceptClass,
  acceptClassName,
  mayBeChosenByAccept,
  isChosenByAccept,
  isOfPages,
  isOfExtension,
} from "../../rules/accept-class.ts";
import { formatHttpDate } from "../../rules/http-date.ts";
import { responseMediaTypes } from "../../rules/media-types.ts";
import { originAnswered, selectingFieldNames, selectingValues } from "../../rules/selecting.ts";
import { endToEndFields, withoutQualified } from "../../rules/storable.ts";
import {
  contentLength,
  type FieldLine,
  type Fields,
  fieldsOf,
  headersOf,
  hasCoding,
} from "../../rules/fields.ts";
import { rulesIn, matchOf } from "../../config/answer-rules.ts";
import { asOldAs, bodyRequestedAtMs } from "../../cache/record/record.ts";
import { bodyDateOf, type FieldTags, type StoredMetadata } from "../stored/stored-response.ts";
import { governingDirectives } from "../../rules/cache-control.ts";
import type { LookupRequest } from "../request/plan.ts";
import { bodiless } from "../../base/with-fields.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import { type AnswerEffects, effectsOf } from "./answer-effects.ts";
import { keptSinceAtMs } from "./from-before-purge.ts";
import { isOfLyingUrl } from "../stored/content-tag.ts";
import {
  fieldTagsOf,
  freshenedTags,
  taggingOf,
  valueTagsOf,
  withLaterReads,
} from "../stored/tags.ts";
import type { StampedAnswer } from "../site/origin-outcome.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { Site } from "../site/site.ts";
import type { VariantPlace } from "./variant-list.ts";

/** The metadata of a response, and the effects of the answer that it is from. */
export interface ReadAnswer {
  readonly metadata: StoredMetadata;
  readonly effects: AnswerEffects;
}

/**
 * Returns an answer's metadata before its body has arrived. `bodyBytes` is the stated length, or
 * `null` if there is none. The digest is not yet known.
 *
 * @param before the stored response that the answer replaces
 */
export function metadataOf(
  fresh: StampedAnswer,
  place: VariantPlace,
  before?: StoredMetadata,
): ReadAnswer {
  const { request, exchange } = place;
  const { response, requestedAtMs, respondedAtMs } = fresh;
  const { headers, status, statusText } = response;
  const { directives } = governingDirectives(headers, request.route.targets);
  const fields = withoutQualified(fieldsForAll(fresh), directives);
  const ofFields = fieldTagsOf(headers, exchange.site.config);
  const fieldTags = [...ofFields, ...valueTagsOf(exchange.reads)];
  const { renewed, effects } = answerMetadata(
    fresh,
    { status, headers, fields, fieldTags, all: fieldTags, before },
    place,
  );
  const metadata: StoredMetadata = {
    status,
    statusText,
    // Some origins state a length even if the status allows no body (RFC 9110 §8.6).
    bodyBytes: bodiless.has(status) ? null : contentLength(headers),
    bodyDigest: null,
    isOfClient: isOfClient(request, exchange.site) || undefined,
    provisional: request.route.isFallback ? request.route.origin : undefined,
    colo: exchange.colo(),
    fillCostMs: respondedAtMs - requestedAtMs,
    ...renewed,
    bodyRequestedAtMs: keptSinceAtMs({ headers, requestedAtMs }, request),
  };
  return { metadata: settled(asOldAs(metadata, exchange.reads), place), effects };
}

/** Returns whether a client's fields may decide the answer: the origin's handler may see them. */
function isOfClient({ isAnonymous, route }: LookupRequest, { runsInCaller }: Site): boolean {
  return !isAnonymous || runsInCaller(route.origin);
}

/**
 * Returns the metadata of a stored response that an answer without a body has freshened (RFC 9111
 * §4.3.4, §4.3.5). Keeps the metadata of the body, merges the fields, and takes the stamp and the
 * times from the answer.
 *
 * @param fresh a 304, or a 200 to HEAD
 */
export function freshenedMetadata(
  before: StoredMetadata,
  fresh: StampedAnswer,
  place: VariantPlace,
): ReadAnswer {
  const { config } = place.exchange.site;
  const { targets } = place.request.route;
  const received = fresh.response.headers;
  const merged = headersOf(freshenedFields(before.fields, fieldsForAll(fresh)));
  // Also use the directives of the merged fields, because a 304 need not repeat Cache-Control.
  const fields = [received, merged]
    .map((headers) => governingDirectives(headers, targets).directives)
    .reduce(withoutQualified, [...merged]);
  for (const line of received.getSetCookie()) merged.append("set-cookie", line);
  const ofValues = valueTagsOf(place.exchange.reads, before);
  const fieldTags = [...fieldTagsOf(received, config), ...ofValues];
  const all = freshenedTags(before, fieldTags, config);
  const { status } = before;
  const { renewed, effects } = answerMetadata(
    fresh,
    { status, headers: merged, fields, fieldTags, all, before },
    place,
  );
  const metadata: StoredMetadata = {
    status,
    statusText: before.statusText,
    bodyBytes: before.bodyBytes,
    bodyDigest: before.bodyDigest,
    bodyDate: bodyDateOf(before) ?? undefined,
    bodyRequestedAtMs: bodyRequestedAtMs(before),
    isOfClient: before.isOfClient,
    contentTag: before.contentTag,
    heldApart: before.heldApart,
    colo: before.colo,
    fillCostMs: before.fillCostMs,
    ...renewed,
  };
  return { metadata: settled(asOldAs(metadata, place.exchange.reads), place), effects };
}

/**
 * Returns the metadata that every answer of the origin renews, even an answer without a body.
 *
 * @param given.headers all fields of the answer, or all merged fields, on which the route's rules
 *   decide; `given.fields` contains only the fields to store
 * @param given.before the stored response that the answer replaces or freshens
 * @param given.fieldTags the tags in the answer's own fields; `all` also has the stored tags, if
 *   the answer has freshened a stored response
 */
function answerMetadata(
  { requestedAtMs, respondedAtMs, stamp, release }: StampedAnswer,
  given: {
    status: number;
    headers: Headers;
    fields: FieldLine[];
    fieldTags: FieldTags[];
    all: FieldTags[];
    before: StoredMetadata | undefined;
  },
  place: VariantPlace,
) {
  const { request, exchange } = place;
  const { site } = exchange;
  const { url, parameters } = request;
  const { name: route, answer } = request.route;
  const ruleMatch = matchOf({ status: given.status, fields: given.headers }, answer);
  const effects = effectsOf(given.headers, ruleMatch, place);
  const { headers: kept } = effects;
  const isKept = ([name]: FieldLine) => kept.has(name) || !given.headers.has(name);
  const fields = kept === given.headers ? given.fields : given.fields.filter(isKept);
  const ruleTags = rulesIn(ruleMatch, answer).flatMap(({ tags }) => tags);
  const { tags = noTags } = request.route.phases;
  const added = tags({ status: given.status, headers: given.headers });
  const lacksTags = added === undefined;
  const tagged = { route: request.route, parameters, ruleTags: [...ruleTags, ...(added ?? [])] };
  const { leftOutBytes, ...tagging } = taggingOf(given.all, fields, tagged, given.fieldTags);
  site.leftOutTags.add(leftOutBytes, route);
  if (tagging.lacksRouteTags === true) site.leftOutTags.addFailed(route);
  const lacksRouteTags = lacksTags || tagging.lacksRouteTags;
  const selected = selectedBy(given.headers, fields, { ...place, before: given.before });
  const times = { requestedAtMs, respondedAtMs, stamp };
  const parts = { ...times, ...selected, ...tagging };
  return { renewed: { url, route, release, ruleMatch, ...parts, lacksRouteTags }, effects };
}

const noTags = (): readonly string[] => [];

/** Returns the fields of an answer that may be for all clients, with a date. */
function fieldsForAll({ response: { headers }, respondedAtMs }: StampedAnswer): FieldLine[] {
  const fields = endToEndFields(headers).filter(([name]) => name !== "set-cookie");
  // RFC 9110 §6.6.1: a recipient with a clock adds a missing Date.
  return headers.has("date") ? fields : [...fields, ["date", formatHttpDate(respondedAtMs)]];
}

/** A place, and the metadata of the stored response that the answer replaces. */
type ReplacingPlace = VariantPlace & { readonly before: StoredMetadata | undefined };

/**
 * Returns the request fields that select this response (RFC 9111 §4.1), and the fields to store.
 * `Vary` determines the selecting fields, without those of which the key has the normal form. A 304 without `Vary` keeps the stored `Vary`, but the
 * values are from the request that the 304 answers. Missing names are added to the stored `Vary` in
 * three cases:
 * - A response that echoes `Origin` varies by `Origin`.
 * - A coded response varies by `Accept-Encoding`, because not every client can decode the response.
 * - An uncoded response varies by `Accept-Encoding` if stored responses of the page do.
 *
 * A response may also vary by the class of `Accept` (`variesByClass`), which `Vary` does not show.
 *
 * @param headers all fields, including fields that are not stored
 * @param fields the fields to store
 */
function selectedBy(
  headers: Headers,
  fields: readonly FieldLine[],
  place: ReplacingPlace,
): Pick<StoredMetadata, "fields" | "selecting"> {
  const { forwarded, route } = place.request;
  // Departs from RFC 9111 §4.1: the origin got only the normal form of such a field, which the key has.
  const stated = selectingFieldNames(headers).filter((name) => !route.normalForms?.has(name));
  const unstated: string[] = [];
  const isForOrigin = originAnsweredAt(headers, place) === "this";
  if (isForOrigin && !stated.includes("origin")) unstated.push("Origin");
  const isUnstated = !stated.includes("accept-encoding") && !stated.includes("*");
  if (isUnstated && (hasCoding(headers) || namesKnownAt(place).includes("accept-encoding"))) {
    unstated.push("Accept-Encoding");
  }
  const byClass = variesByClass(headers, stated, place) ? [acceptClassName] : [];
  const ofLies = isLyingUrl(place) ? [contentTagName] : [];
  const unsent = [...byClass, ...ofLies];
  const all = [...stated, ...unstated.map((name) => name.toLowerCase()), ...unsent].sort();
  return {
    fields: [...fields, ...unstated.map((name): FieldLine => ["vary", name])],
    selecting: selectingValues(all, forwarded),
  };
}

/**
 * Returns whether an answer without `Vary: Accept` is for clients of one class of `Accept` alone: the origin has
 * probably chosen its type by the field. Other types are then for the clients that prefer no class. If such a client
 * has got the same type, the URL has one response.
 */
function variesByClass(
  headers: Headers,
  stated: readonly string[],
  place: ReplacingPlace,
): boolean {
  const { request, exchange } = place;
  const { forwarded, route, target } = request;
  const isKeyed = route.normalForms?.has("accept") === true || route.keyHeaders.includes("accept");
  const type = responseMediaTypes(headers).at(-1) ?? "";
  if (isKeyed || type === "" || stated.includes("accept") || stated.includes("*")) return false;
  const isKnown = namesKnownAt(place).includes(acceptClassName);
  // Nearly all misses end here, without reading a client's field.
  if (isOfPages(type) && !isKnown) return false;
  if (acceptClass(route.neutralFields.accept) !== "html") return false;
  const accept = forwarded.sent.get("accept");
  const { typesGot } = exchange.site;
  const atMs = exchange.nowAtMs();
  const chosen = `chosen ${type} ${request.key.text}`;
  if (!isChosenByAccept(type, accept)) return isKnown && !typesGot.has(chosen, atMs);
  if (isOfExtension(type, target.path) || isTypeForAll(type, place)) return false;
  typesGot.mark(chosen, atMs);
  return true;
}

const usualMark = (type: string, { key }: LookupRequest) => `usual ${type} ${key.text}`;

/**
 * Remembers the type of a page that is stored from a client that chose no type. Any other answer, such as an error, may
 * be provoked, and says nothing of the page.
 */
export function learnUsualType(stored: StoredMetadata, { request, exchange }: PagePlace): void {
  const type = typeOfPage(stored);
  if (type === "" || isOfPages(type)) return;
  const accept = request.forwarded.sent.get("accept");
  if (isChosenByAccept(type, accept) || mayBeChosenByAccept(type, accept)) return;
  exchange.site.typesGot.mark(usualMark(type, request), exchange.nowAtMs());
}

/** Returns the media type of a success; empty for none, and for an error or redirect, whose type says nothing of the page. */
const typeOfPage = ({ status, fields }: Pick<StoredMetadata, "status" | "fields">): string =>
  status < 300 ? (responseMediaTypes(fieldsOf({ fields })).at(-1) ?? "") : "";

/** Returns whether clients that chose no type have got this one at the URL. Says nothing of HTML and parts of a page. */
function isTypeForAll(type: string, { before, request, exchange }: ReplacingPlace): boolean {
  if (isOfPages(type)) return false;
  if (exchange.site.typesGot.has(usualMark(type, request), exchange.nowAtMs())) return true;
  const isSame = before !== undefined && typeOfPage(before) === type;
  return isSame && !before.selecting.some(([name]) => name === acceptClassName);
}

/**
 * Returns whether the client's `Accept` may have chosen the answer for all clients. Others, such as browsers, may then
 * get another one. The type of an error or a redirect does not show it.
 */
export function isTypeInDoubt(answer: StoredMetadata, place: ReplacingPlace): boolean {
  const { isAnonymous, forwarded, route, target } = place.request;
  if (isAnonymous) return false;
  const type = typeOfPage(answer);
  const mayBeChosen = mayBeChosenByAccept(type, forwarded.sent.get("accept"));
  if (!mayBeChosen || isOfExtension(type, target.path)) return false;
  // Anonymous requests name the type, too.
  if (isChosenByAccept(type, route.neutralFields.accept)) return false;
  const isSelected = answer.selecting.some(
    ([name, value]) =>
      name === "accept" || name === "*" || (name === acceptClassName && value !== "html"),
  );
  const isKeyed = route.normalForms?.has("accept") === true || route.keyHeaders.includes("accept");
  return !isSelected && !isKeyed && !isTypeForAll(type, place);
}

/** Returns whether the origin's validators have lied about the URL. */
export function isLyingUrl({
  before,
  ...place
}: VariantPlace & {
  readonly before: Pick<StoredMetadata, "selecting"> | undefined;
}): boolean {
  const { invalidations } = place.exchange.site;
  const removed = [place.key, place.request.key].map(({ text }) => invalidations.removed(text));
  const isKnown = [before, ...removed].some((one) => one !== undefined && isOfLyingUrl(one));
  return isKnown || namesKnownAt(place).includes(contentTagName);
}

/**
 * Returns the result of `originAnswered` for an answer, given the fields by which stored responses
 * vary.
 *
 * @param fields all fields of the answer, or only the fields to store
 */
export function originAnsweredAt(
  fields: Fields,
  place: VariantPlace,
): ReturnType<typeof originAnswered> {
  const isKnown = namesKnownAt(place).includes("origin");
  return originAnswered(fields, { request: place.request.forwarded.sent, isKnown });
}

/** Returns the names of the fields that select among the stored responses known to this isolate. */
function namesKnownAt({ request, exchange, marker, memoryCount }: VariantPlace): readonly string[] {
  // The lookup found no marker, and memory's record has not changed since.
  const hasNone =
    marker === undefined &&
    memoryCount !== undefined &&
    !exchange.site.tiers.memory.hasChanged(request.key, memoryCount);
  return hasNone ? [] : (newestMarker(request.key, marker, exchange)?.names ?? []);
}

/** Returns the metadata with the names of all values that the handler has read by now, also for the body. */
export function withAllValues(metadata: StoredMetadata, place: VariantPlace): StoredMetadata {
  const { reads } = place.exchange;
  const later = asOldAs(withLaterReads(metadata, reads), reads);
  return later === metadata ? metadata : settled(later, place);
}

/**
 * Limits the lifetime to the route's `settleSeconds` soon after a purge, when a replica or cache of
 * the origin may still answer with old content.
 *
 * @param metadata the metadata with all tags and fields to store
 */
function settled(metadata: StoredMetadata, { request, exchange }: VariantPlace): StoredMetadata {
  const { purgeSettleSeconds } = request.route;
  const sinceAtMs = metadata.requestedAtMs - purgeSettleSeconds * 1_000;
  const { view } = exchange.site;
  const isSettled = purgeSettleSeconds <= 0 || !view.mayBePurgedSince(metadata, sinceAtMs);
  return isSettled ? metadata : { ...metadata, lifetimeSecondsMax: purgeSettleSeconds };
}
