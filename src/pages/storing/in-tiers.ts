// Writes responses to tiers under the keys of their variants, with the markers of responses that
// vary. Also removes responses.
import type { Config } from "../../config/config.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import { isErrorStatus } from "../../rules/fields.ts";
import { contentTagName } from "../../rules/validators.ts";
import { removeFromTiers, writeToTiers } from "../../cache/write-tiers.ts";
import {
  type StoredMetadata,
  type StoredResponse,
  type ArrivingResponse,
  responseIn,
  type ResponseRecord,
  type ResponseTier,
  type Tiers,
} from "../stored/stored-response.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import type { TierKeep, VaryMarker } from "../../cache/tiers/tier.ts";
import type { LookupRequest } from "../request/plan.ts";
import { sharedMsMax } from "../request/brief-retention.ts";
import { keepUntilAtMs, termsOf } from "../stored/lifetime.ts";
import { isOfLyingUrl } from "../stored/content-tag.ts";
import { markerUntilAtMs } from "../reuse/vary-markers.ts";
import type { Exchange, PagePlace } from "../site/exchange.ts";
import { claimIn } from "./lying-validators.ts";
import { hasRoomFor, keyOf, keysOf, markerTo, type VariantPlace } from "./variant-list.ts";

/** Returns the size of the largest body that a tier of the route accepts as a stream; 0 if none. */
export function streamBytesMax({ route }: Pick<LookupRequest, "route">, tiers: Tiers): number {
  return Math.max(0, ...streamTiers(route, tiers).map(({ arrivingBytesMax }) => arrivingBytesMax));
}

/**
 * Returns the size of the largest body that one of these tiers stores. A body up to `limits.bufferBytes` is gathered
 * whole.
 */
function bodyBytesMaxOf(
  tiers: readonly ResponseTier[],
  { limits }: Pick<Config, "limits">,
): number {
  const sizes = tiers.map(({ arrivingBytesMax, bodyBytesMax }) =>
    Math.max(arrivingBytesMax, Math.min(limits.bufferBytes, bodyBytesMax)),
  );
  return Math.max(0, ...sizes);
}

/**
 * Returns whether no tier of the route stores a body of this size.
 *
 * @param bodyBytes `null` if unknown: the last body decides
 */
export function isTooLarge(
  bodyBytes: number | null,
  { request, exchange, key }: PagePlace,
): boolean {
  const { tiers, config, uncacheable } = exchange.site;
  if (bodyBytes === null) return uncacheable.tooLarge.has(key.text, exchange.nowAtMs());
  return bodyBytes > bodyBytesMaxOf(tiers.of(request.route.tiers).all, config);
}

/** Returns the tiers of the route that accept a body as a stream. */
export function streamTiers(route: LookupRequest["route"], tiers: Tiers): readonly ResponseTier[] {
  return tiers.of(route.tiers).all.filter(({ arrivingBytesMax }) => arrivingBytesMax > 0);
}

/** A streamed body may arrive for longer than it is fresh, and readers that it overtakes need it afterwards. */
const arrivingKeepMsMin = 600_000;

type WritableRecord = Exclude<ResponseRecord, VaryMarker> | ArrivingResponse;

/**
 * Removes a record from memory immediately, and from all tiers below memory in the background. The marker of a URL
 * whose validators lie stays, without variants.
 *
 * @param hosts the hosts under which a tier of the colo may store the record
 */
export function removeStored(key: RecordKey, exchange: Exchange, hosts: readonly string[]): void {
  const { decision, site } = exchange;
  const { memory, below } = site.tiers;
  const atMs = exchange.nowAtMs();
  const read = memory.read(key, { atMs, isPeek: true });
  const removed = claimIn(read);
  if (removed !== undefined) site.invalidations.keep(key.text, removed);
  const inColo = [...new Set(hosts)].map((host) => new RecordKey(key.text, host, "r", key.naming));
  const places = below.flatMap((tier) =>
    (tierScopes[tier.name] === "colo" ? inColo : [key]).map((at) => [tier, at] as const),
  );
  const marker = read.kind === "found" && read.record.kind === "vary" ? read.record : undefined;
  const isMark = marker?.names.includes(contentTagName) === true;
  const removing = isMark
    ? emptyMarkers(marker, [[memory, key], ...places], atMs)
    : removeFromTiers([[memory, key], ...places]);
  const noting = async () => {
    for (const tier of await removing) decision.changed(tier, "not-removed");
  };
  exchange.afterAnswer(() => decision.awaits(noting()));
}

/** Writes a marker without its variants. Returns the tiers that may still have the variants. */
async function emptyMarkers(
  { names }: VaryMarker,
  places: readonly (readonly [tier: ResponseTier, key: RecordKey])[],
  atMs: number,
): Promise<readonly TierName[]> {
  const record: VaryMarker = {
    kind: "vary",
    names,
    // A response that was requested in the same millisecond is also invalid.
    sinceAtMs: atMs + 1,
    variants: [],
    listedSinceAtMs: atMs,
  };
  const untilAtMs = markerUntilAtMs(record, atMs);
  const writing = places.map(([tier, key]) =>
    writeToTiers([{ key, record, untilAtMs }], [tier], { atMs, body: "new" }),
  );
  const written = (await Promise.all(writing)).flat();
  return written.filter(({ result }) => result !== "kept").map(({ tier }) => tier);
}

/**
 * Removes displaced variants from Redis in the background. Other tiers may answer with these
 * variants until their expiry or eviction.
 */
export function removeDisplaced(place: VariantPlace): void {
  const { below } = place.exchange.site.tiers;
  const keys = keysOf(place);
  const inWorld = below.filter(({ name }) => tierScopes[name] === "world");
  const places = inWorld.flatMap((tier) => keys.map((key) => [tier, key] as const));
  if (places.length > 0)
    place.exchange.afterAnswer(async () => void (await removeFromTiers(places)));
}

/**
 * Stores a response in the given tiers. Memory contains the response when this function returns,
 * and the other tiers once the promise settles. Skips the shared tier while the response awaits a
 * second request and, if the URL's validators lie, a tier that the lookup could not read. Writes nothing if the
 * response has lost its place (`hasLostItsPlace`).
 *
 * @param given.into the tiers to write to; tiers that the route does not use are ignored
 * @returns whether all writes succeeded, including those of the marker; never rejects
 */
export function storeInTiers(
  stored: StoredResponse,
  given: VariantPlace & { readonly into: readonly ResponseTier[] },
  body: TierKeep["body"],
): Promise<boolean> {
  if (hasLostItsPlace(stored.metadata, given)) return Promise.resolve(false);
  const { awaitsSecondAsk } = stored.metadata;
  // A tier that could not be read may have the mark of a lying URL.
  const mayUnmark = isOfLyingUrl(stored.metadata) ? [] : (given.unread ?? []);
  const notForMemory = isOfCrawler(stored.metadata, given);
  const tiers = given.into.filter(
    ({ name }) =>
      (tierScopes[name] !== "world" || awaitsSecondAsk !== true) &&
      !mayUnmark.includes(name) &&
      !(notForMemory && tierScopes[name] === "isolate"),
  );
  return write({ kind: "response", stored }, tiers, given, body);
}

/** Returns whether a crawler causes a write that would only add to memory, where it would evict pages of people. */
function isOfCrawler(metadata: StoredMetadata, place: VariantPlace): boolean {
  const { request, exchange } = place;
  const { tiers } = exchange.site;
  if (request.staleBy === undefined || tiers.of(request.route.tiers).below.length === 0)
    return false;
  return responseInMemory(metadata, place) === undefined;
}

/**
 * Streams a body that is too large for memory to a tier. If the tier stores the response, removes the
 * older response from memory, which would otherwise answer.
 *
 * @returns whether all writes succeeded, including that of the marker; never rejects
 */
export async function storeArriving(
  arriving: ArrivingResponse,
  place: VariantPlace,
  tier: ResponseTier,
): Promise<boolean> {
  const { metadata } = arriving;
  const { memory } = place.exchange.site.tiers;
  const completed = arriving.completed.then((bytes) =>
    hasLostItsPlace(metadata, place) ? "cut" : bytes,
  );
  const isKept = await write({ ...arriving, completed }, [tier], place, "new");
  if (isKept) memory.remove(keyOf(metadata, place));
  return isKept;
}

async function write(
  record: WritableRecord,
  tiers: readonly ResponseTier[],
  place: VariantPlace,
  body: TierKeep["body"],
): Promise<boolean> {
  const { request, exchange } = place;
  const { decision } = exchange;
  const { metadata } = record.kind === "arriving" ? record : record.stored;
  const atMs = exchange.nowAtMs();
  const keepAtMs = keepUntilAtMs(metadata, termsOf(metadata, request.route));
  const untilAtMs =
    record.kind === "arriving" ? Math.max(keepAtMs, atMs + arrivingKeepMsMin) : keepAtMs;
  const stored = { key: keyOf(metadata, place), record, untilAtMs };
  const { all, below } = exchange.site.tiers.of(request.route.tiers);
  const kept = await writeToTiers<ResponseRecord | ArrivingResponse>(
    metadata.selecting.length === 0 ? [stored] : [stored, markerTo(metadata, stored, place)],
    all.filter((tier) => tiers.includes(tier)),
    {
      atMs,
      body,
      isAskedAgain: (metadata.bodyBytes ?? 0) > bodyBytesMaxOf(below, exchange.site.config),
      leadsToError: isErrorStatus(metadata.status),
      sharedMsMax: sharedMsMax(request, exchange.site),
    },
  );
  for (const { tier, result } of kept) decision.changed(tier, result);
  return kept.every(({ result }) => result === "kept");
}

/**
 * Returns whether the response may no longer be stored: its route is now bypassed, its key or a tag
 * was invalidated since the request, memory of a route with a body holder has a newer response, or the
 * list of variants has no room.
 */
function hasLostItsPlace(metadata: StoredMetadata, place: VariantPlace): boolean {
  const { request, exchange } = place;
  const { site } = exchange;
  return (
    site.bypasses(request.route.name) ||
    site.invalidations.covers(metadata, keyOf(metadata, place)) ||
    isOvertaken(metadata, place) ||
    !hasRoomFor(metadata, place)
  );
}

/** Returns whether memory has a response that was requested later, on a route with a body holder. */
function isOvertaken(metadata: StoredMetadata, place: VariantPlace): boolean {
  if (!place.request.route.traits.holdsBodies) return false;
  const { requestedAtMs = -Infinity } = responseInMemory(metadata, place)?.metadata ?? {};
  return requestedAtMs > metadata.requestedAtMs;
}

function responseInMemory(metadata: StoredMetadata, place: VariantPlace) {
  const { site, nowAtMs } = place.exchange;
  return responseIn(
    site.tiers.memory.read(keyOf(metadata, place), { atMs: nowAtMs(), isPeek: true }),
  );
}
