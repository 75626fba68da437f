// Turns an origin's answer into a stored response: metadata at once, the body as it arrives.
import { formatHttpDate } from "../../http/http-date.ts";
import { originAnswered, selectingFieldNames, selectingValues } from "../../http/selecting.ts";
import {
  connectionFields,
  qualifiedFieldNames,
  storableFields,
} from "../../http/storable-fields.ts";
import { type FieldLine, type Fields, fieldsOf } from "../../http/fields.ts";
import type { Stamp } from "../../cache/record.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { governingDirectives } from "../../http/governing-directives.ts";
import { edgeBodyBytesMax } from "../../cache/tiers/edge-tier.ts";
import { personalCookies } from "../request/cookies.ts";
import { forClients } from "../respond/downstream.ts";
import type { Need } from "../reuse/need.ts";
import { askedByOf } from "../request/nobodys-name.ts";
import type { Asked } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import { fieldTagsOf, taggingOf } from "../stored/tags.ts";
import { newestMarker } from "../reuse/vary-markers.ts";
import type { VariantPlace } from "./variants.ts";

/** An origin's answer with what was known before it was asked for. */
export interface Fresh {
  readonly response: Response;
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  readonly stamp: Stamp;
}

/** Metadata of what would be stored; length and digest of the body come with the body. */
export function metadataOf(fresh: Fresh, place: VariantPlace): StoredMetadata {
  const { asked, ports } = place;
  const { response, requestedAtMs, respondedAtMs, stamp } = fresh;
  const fields = fieldsToStore(fresh, place);
  const fieldTags = fieldTagsOf(response.headers, ports.config);
  const { leftOutBytes, ...tagging } = taggingOf(fieldTags, fields, asked);
  ports.leftOutTags.add(leftOutBytes, asked.route.name);
  if (tagging.lacksRouteTags === true) ports.leftOutTags.addFailed(asked.route.name);
  const metadata: StoredMetadata = {
    url: asked.url,
    route: asked.route.name,
    status: response.status,
    statusText: response.statusText,
    ...selectedBy(response.headers, fields, place),
    requestedAtMs,
    respondedAtMs,
    bodyBytes: contentLength(response.headers),
    bodyDigest: null,
    ...tagging,
    askedBy: askedByOf(asked),
    stamp,
    colo: ports.colo(),
    fillCostMs: respondedAtMs - requestedAtMs,
    jitterDraw: ports.random(),
  };
  return settled(metadata, asked, ports);
}

/** Those of an answer that are for all: as the origin sent them, and with a date. */
export function fieldsToStore(fresh: Fresh, need: Pick<Need, "asked" | "ports">): FieldLine[] {
  const { headers } = fresh.response;
  const fields = storableFields(headers, governingDirectives(headers).directives);
  return withDate(withoutSharedCookies(fields, headers, need), fresh.respondedAtMs);
}

/** @param headers of which `fields` are stored; what selects unsaid is added to their Vary */
export function selectedBy(
  headers: Headers,
  fields: readonly FieldLine[],
  place: VariantPlace,
): Pick<StoredMetadata, "fields" | "selecting"> {
  const { forwarded: request } = place.asked;
  const names = selectingFieldNames(headers);
  if (originAnsweredAt(headers, place) !== "this") {
    return { fields, selecting: selectingValues(names, request) };
  }
  const selecting = selectingValues([...names, "origin"].sort(), request);
  return { fields: [...fields, ["vary", "Origin"]], selecting };
}

/** By what is known at this place, for whom is an answer with these fields? */
export function originAnsweredAt(fields: Fields, { asked, ports, marker }: VariantPlace) {
  const isKnown = newestMarker(asked.key, marker, ports)?.names.includes("origin") ?? false;
  return originAnswered(fields, { request: asked.forwarded.sent, isKnown });
}

/**
 * Right after a purge, an origin's own replica or cache may still answer with what it was about.
 *
 * @param metadata with all the tags and fields that it will be stored with
 */
export function settled(
  metadata: StoredMetadata,
  { route }: Asked,
  { view }: Ports,
): StoredMetadata {
  const { purgeSettleSeconds } = route;
  const sinceAtMs = metadata.requestedAtMs - purgeSettleSeconds * 1_000;
  const isUnsettled = purgeSettleSeconds > 0 && view.purgedSince(metadata, sinceAtMs);
  return { ...metadata, lifetimeSecondsMax: isUnsettled ? purgeSettleSeconds : undefined };
}

/**
 * Fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7): not stored, but
 * meant for the client that is answered.
 */
export function fieldsForOneClient(
  received: Headers,
  stored: StoredMetadata,
  need: Pick<Need, "asked" | "ports">,
): FieldLine[] {
  const { directives } = governingDirectives(fieldsOf(stored));
  const named = qualifiedFieldNames(directives);
  if (named.size === 0) return [];
  const dropped = connectionFields(received);
  const forClient = [...forClients(received, need.ports.config)];
  const own = forClient.filter(([name]) => named.has(name) && !dropped.has(name));
  return withoutSharedCookies(own, received, need);
}

/** Are fields among them that nobody else may see? What `no-cache` names is only to be validated. */
export function arePersonal(own: readonly FieldLine[], stored: StoredMetadata): boolean {
  const { private: named } = governingDirectives(fieldsOf(stored)).directives;
  const isNamed = (name: string) => typeof named === "object" && named.includes(name);
  return own.some(([name]) => name === "set-cookie" || isNamed(name));
}

/** Cookies that are nobody's own are dropped for all clients alike. */
function withoutSharedCookies(
  fields: readonly FieldLine[],
  received: Headers,
  { asked, ports }: Pick<Need, "asked" | "ports">,
): FieldLine[] {
  const isPersonal = personalCookies(received, asked.route, ports.config).length > 0;
  return fields.filter(([name]) => isPersonal || name !== "set-cookie");
}

/** RFC 9110 §6.6.1: a recipient with a clock records when a message without Date came. */
function withDate(fields: readonly FieldLine[], respondedAtMs: number): FieldLine[] {
  if (fields.some(([name]) => name === "date")) return [...fields];
  return [...fields, ["date", formatHttpDate(respondedAtMs)]];
}

/** @returns bytes; `null` when the field is absent or no number */
export function contentLength(headers: Headers): number | null {
  // RFC 9112 §6.3: beside Transfer-Encoding it means nothing.
  const text = headers.has("transfer-encoding") ? null : headers.get("content-length");
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** The largest body that may be stored without being held whole; 0 where the edge tier is left out. */
export function streamBytesMax({ route }: Asked): number {
  return route.tiers.includes("edge") ? edgeBodyBytesMax : 0;
}
