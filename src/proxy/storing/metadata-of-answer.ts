// Builds the metadata of an origin's answer, and of a stored response that a 304 has freshened, in one pass
// each.
import { freshenedFields } from "../../rules/freshen.ts";
import { formatHttpDate } from "../../rules/http-date.ts";
import { originAnswered, selectingFieldNames, selectingValues } from "../../rules/selecting.ts";
import { storableFields } from "../../rules/storable-fields.ts";
import { contentLength, type FieldLine, type Fields, headersOf } from "../../rules/fields.ts";
import { bodyRequestedAtMs, type Stamp } from "../../cache/record/record.ts";
import { bodyDateOf, type FieldTags, type StoredMetadata } from "../stored/stored-response.ts";
import { governingDirectives } from "../../rules/governing-directives.ts";
import { askedByOf } from "../request/anonymous.ts";
import { bodiless } from "../respond/respond.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import { withoutSharedCookies } from "./of-one-client.ts";
import { fieldTagsOf, freshenedTags, taggingOf } from "../stored/tags.ts";
import type { VariantPlace } from "./variants.ts";

/** An origin's answer, with the state from before the request. All instants in epoch ms. */
export interface OriginAnswer {
  readonly response: Response;
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  readonly stamp: Stamp;
}

/**
 * Returns an answer's metadata before its body has arrived: the stated length, `null` if there is none, and
 * no digest yet.
 */
export function metadataOf(fresh: OriginAnswer, place: VariantPlace): StoredMetadata {
  const { asked, exchange } = place;
  const { response, requestedAtMs, respondedAtMs } = fresh;
  const { headers, status, statusText } = response;
  const fields = fieldsToStore(fresh, place);
  const told = fieldTagsOf(headers, exchange.site.config);
  const metadata: StoredMetadata = {
    status,
    statusText,
    // RFC 9110 §8.6: some origins state a length all the same.
    bodyBytes: bodiless.has(status) ? null : contentLength(headers),
    bodyDigest: null,
    askedBy: askedByOf(asked),
    colo: exchange.colo(),
    fillCostMs: respondedAtMs - requestedAtMs,
    ...answerMetadata(fresh, { headers, fields, told, all: told }, place),
  };
  return settled(metadata, place);
}

/**
 * Returns the metadata of a stored response that an answer without a body has freshened (RFC 9111 §4.3.4,
 * §4.3.5). Keeps the body's metadata, and takes fields, stamp and times from the answer.
 *
 * @param fresh a 304, or a 200 to HEAD
 */
export function freshenedMetadata(
  before: StoredMetadata,
  fresh: OriginAnswer,
  place: VariantPlace,
): StoredMetadata {
  const { config } = place.exchange.site;
  const merged = headersOf(freshenedFields(before.fields, fieldsToStore(fresh, place)));
  // Use the directives of the merged fields: a 304 need not repeat Cache-Control.
  const fields = storableFields(merged, governingDirectives(merged).directives);
  const told = fieldTagsOf(fresh.response.headers, config);
  const all = freshenedTags(before, told, config);
  const metadata: StoredMetadata = {
    status: before.status,
    statusText: before.statusText,
    bodyBytes: before.bodyBytes,
    bodyDigest: before.bodyDigest,
    bodyDate: bodyDateOf(before) ?? undefined,
    bodyRequestedAtMs: bodyRequestedAtMs(before),
    askedBy: before.askedBy,
    colo: before.colo,
    fillCostMs: before.fillCostMs,
    ...answerMetadata(fresh, { headers: merged, fields, told, all }, place),
  };
  return settled(metadata, place);
}

/**
 * Returns the metadata that each answer of the origin renews, also one without a body.
 *
 * @param given.headers from which `fields` are stored
 * @param given.told    the tags in the answer's own fields; `all` of them, if it has freshened others
 */
function answerMetadata(
  { requestedAtMs, respondedAtMs, stamp }: OriginAnswer,
  given: { headers: Headers; fields: FieldLine[]; told: FieldTags[]; all: FieldTags[] },
  place: VariantPlace,
) {
  const { asked, exchange } = place;
  const { site } = exchange;
  const { url } = asked;
  const route = asked.route.name;
  const jitterDraw = site.random();
  const { leftOutBytes, ...tagging } = taggingOf(given.all, given.fields, asked, given.told);
  site.leftOutTags.add(leftOutBytes, route);
  if (tagging.lacksRouteTags === true) site.leftOutTags.addFailed(route);
  const selected = selectedBy(given.headers, given.fields, place);
  return { url, route, requestedAtMs, respondedAtMs, stamp, jitterDraw, ...selected, ...tagging };
}

/** Returns the fields that are for all clients, with a date. */
function fieldsToStore(fresh: OriginAnswer, place: VariantPlace): FieldLine[] {
  const { headers } = fresh.response;
  const fields = storableFields(headers, governingDirectives(headers).directives);
  const forAll = withoutSharedCookies(fields, headers, place);
  if (forAll.some(([name]) => name === "date")) return forAll;
  // RFC 9110 §6.6.1: a recipient with a clock adds a missing Date.
  return [...forAll, ["date", formatHttpDate(fresh.respondedAtMs)]];
}

/**
 * Returns the request fields that select this response (RFC 9111 §4.1), by the `Vary` in all its future
 * fields. A 304 without `Vary` keeps the stored one; the values are from the request that it answers. A
 * response that echoes `Origin` also varies by that. A response in a content coding also varies by
 * `Accept-Encoding`, as does a plain one stored beside it: a client could not decode the other.
 *
 * @param headers the same as `fields`
 */
function selectedBy(
  headers: Headers,
  fields: readonly FieldLine[],
  place: VariantPlace,
): Pick<StoredMetadata, "fields" | "selecting"> {
  const { forwarded: request } = place.asked;
  const names = selectingFieldNames(headers);
  const unstated: string[] = [];
  if (originAnsweredAt(headers, place) === "this") unstated.push("Origin");
  const isUnstated = !names.includes("accept-encoding") && !names.includes("*");
  if (isUnstated && (isCoded(headers) || namesKnownAt(place).includes("accept-encoding"))) {
    unstated.push("Accept-Encoding");
  }
  if (unstated.length === 0) return { fields, selecting: selectingValues(names, request) };
  const all = [...names, ...unstated.map((name) => name.toLowerCase())].sort();
  return {
    fields: [...fields, ...unstated.map((name): FieldLine => ["vary", name])],
    selecting: selectingValues(all, request),
  };
}

/** Returns whether the client has to decode the body (RFC 9110 §8.4). */
function isCoded(headers: Headers): boolean {
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  return coding !== "" && coding !== "identity";
}

/** Returns for which clients an answer with these fields is, by the fields known here. */
export function originAnsweredAt(
  fields: Fields,
  place: VariantPlace,
): ReturnType<typeof originAnswered> {
  const isKnown = namesKnownAt(place).includes("origin");
  return originAnswered(fields, { request: place.asked.forwarded.sent, isKnown });
}

/** Returns the fields that select among the stored responses, as far as this isolate knows. */
function namesKnownAt({ asked, exchange, marker, memoryCount }: VariantPlace): readonly string[] {
  // The look-up read memory and met no marker, and none has arrived since.
  const hasNone =
    marker === undefined &&
    memoryCount !== undefined &&
    !exchange.site.tiers.memory.hasChanged(asked.key, memoryCount);
  return hasNone ? [] : (newestMarker(asked.key, marker, exchange)?.names ?? []);
}

/**
 * Limits the lifetime to `purgeSettle` right after a purge: a replica or cache of the origin may still answer
 * with the old response.
 *
 * @param metadata with all the tags and fields that will be stored
 */
function settled(metadata: StoredMetadata, { asked, exchange }: VariantPlace): StoredMetadata {
  const { purgeSettleSeconds } = asked.route;
  const sinceAtMs = metadata.requestedAtMs - purgeSettleSeconds * 1_000;
  const isSettled = purgeSettleSeconds <= 0 || !exchange.site.view.purgedSince(metadata, sinceAtMs);
  return isSettled ? metadata : { ...metadata, lifetimeSecondsMax: purgeSettleSeconds };
}
