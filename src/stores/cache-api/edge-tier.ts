// The edge tier: the Workers Cache API, one cache per colo. One header field, or the body, contains
// the metadata, so the Cache API does not act on the fields of the stored response.
import { errorName } from "../../base/error-name.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { MetadataWith, RecordMetadata } from "../../cache/record/record.ts";
import { BoundedCache, type BoundedCacheSettings } from "./bounded-cache.ts";
import { DecodedRecords, type KnownRecord } from "./decoded-records.ts";
import { type BodyRead, partFrom, ranged, streamedFrom } from "./edge-reads.ts";
import {
  addressOf,
  bodyField,
  recordField,
  rewriteHead,
  writeArriving,
  writeHead,
} from "./edge-writes.ts";
import { bodyIn, type RecordForm } from "../../cache/tiers/record-form.ts";
import { headOf } from "../../cache/tiers/record-codec.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import {
  edgeBodyBytesMax,
  foundWith,
  isApart,
  isSmall,
  refuseArriving,
  breakerOpen,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierFill,
  type TierRead,
  type TierRemoval,
  type TierWrite,
} from "../../cache/tiers/tier.ts";

export class EdgeTier<Detail> implements Tier<Detail> {
  readonly name = "edge";
  readonly arrivingBytesMax = edgeBodyBytesMax;
  readonly bodyBytesMax = edgeBodyBytesMax;
  readonly #onBadRecord: () => void;
  readonly #cache: BoundedCache;
  readonly #form: RecordForm<Detail>;
  readonly #records: DecodedRecords<Detail>;

  constructor(
    settings: BoundedCacheSettings & { form: RecordForm<Detail>; onBadRecord: () => void },
  ) {
    this.#onBadRecord = settings.onBadRecord;
    this.#cache = new BoundedCache(settings);
    this.#form = settings.form;
    this.#records = new DecodedRecords(settings.form);
  }

  /** Returns whether only probes use the Cache API, because it has stopped answering. */
  get isBreakerOpen(): boolean {
    return this.#cache.isBreakerOpen;
  }

  get trouble(): BoundedCache["trouble"] {
    return this.#cache.trouble;
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    try {
      const address = await addressOf(key);
      if (!this.#cache.mayBeAsked(address, ask.afterAnswer)) return breakerOpen;
      const known = ask.isPeek === true ? undefined : this.#records.last(address);
      const isSufficing = known !== undefined && sufficesUnchanged(known, ask);
      const response = await this.#cache.match(
        isSufficing ? known.requests.unlessSame : requestFor(address, known, ask),
      );
      if (response === undefined) return { kind: "absent" };
      const isUnchanged = isSufficing && response.status === 304;
      const { headers } = response;
      const isInBody = !isUnchanged && !headers.has(recordField);
      const text = isInBody ? await (await this.#cache.whole(response)).text() : undefined;
      const metadataText = () => text ?? headers.get(recordField) ?? "";
      const entityTag = ask.isPeek === true ? null : headers.get("etag");
      const place = { address, entityTag, digest: key.knownDigest };
      const decode = () => this.#records.decode(place, metadataText);
      const decoded = isUnchanged ? known.decoded : decode();
      if (decoded === undefined && ask.isPeek !== true) this.#onBadRecord();
      if (decoded === undefined || ask.atMs >= decoded.keepUntilAtMs) {
        cancelBody(response);
        return { kind: "absent" };
      }
      const { record } = decoded;
      if (record.kind === "vary") return { kind: "found", record };
      const body = await this.#bodyOf(key, record.metadata, response, ask);
      if (typeof body === "object") return foundWith(record.metadata, body);
      if (body === "not-whole" && ask.isPeek !== true) this.#onBadRecord();
      return { kind: "absent" };
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  async #bodyOf(
    key: RecordKey,
    metadata: MetadataWith<Detail>,
    response: Response,
    { part: partKind, isHeld, rangeOf }: TierAsk<Detail>,
  ): Promise<BodyRead> {
    if (response.status === 304) return { kind: "absent" };
    if (response.status === 206) {
      const range = rangeOf?.(metadata);
      return range === undefined ? "not-whole" : partFrom(response, range, metadata.bodyBytes);
    }
    const apart = response.headers.get(bodyField) ?? undefined;
    const bodyAddress = () => addressOf(key, apart);
    // A body that arrived as a stream has no digest, and is always streamed.
    const hasArrived = apart !== undefined && metadata.bodyDigest === null;
    const isBrief = !hasArrived && isSmall(metadata);
    if (apart !== undefined && partKind === "metadata" && !isBrief) return { kind: "absent" };
    const isWantedWhole = isBrief
      ? partKind === "metadata" || isHeld?.(metadata) !== false
      : !hasArrived && isHeld?.(metadata) === true;
    const range = isBrief ? undefined : rangeOf?.(metadata);
    if (isWantedWhole) {
      const found = apart === undefined ? response : await this.#cache.match(await bodyAddress());
      if (found === undefined) return "gone";
      const blob = await this.#cache.whole(found);
      return blob.size === metadata.bodyBytes ? { kind: "blob", blob } : "not-whole";
    }
    if (apart !== undefined) return this.#fromAddress(await bodyAddress(), metadata, range);
    if (range === undefined) return streamedFrom(response, metadata.bodyBytes);
    // Another record may replace this one before the second request, so check the entity tag.
    cancelBody(response);
    const entityTag = response.headers.get("etag") ?? "none";
    return this.#fromAddress(await bodyAddress(), metadata, range, entityTag);
  }

  /**
   * Reads a body by its address. Returns `gone` if the cache has evicted the body, or has a
   * response with another entity tag.
   */
  async #fromAddress(
    address: string,
    { bodyBytes }: Pick<RecordMetadata, "bodyBytes">,
    range: ByteRange | undefined,
    entityTag?: string,
  ): Promise<BodyRead> {
    const found = await this.#cache.match(range ? ranged(range, address) : address);
    if (found === undefined) return "gone";
    if (entityTag !== undefined && found.headers.get("etag") !== entityTag) {
      cancelBody(found);
      return "gone";
    }
    return found.status === 206 && range !== undefined
      ? partFrom(found, range, bodyBytes)
      : streamedFrom(found, bodyBytes);
  }

  async remove(key: RecordKey): Promise<TierRemoval> {
    try {
      await this.#cache.delete(await addressOf(key));
      return "removed";
    } catch {
      return "unavailable";
    }
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    const { isBreakerOpen } = this.#cache;
    if (isBreakerOpen || keep.untilAtMs <= keep.atMs) {
      if (record.kind === "arriving") refuseArriving(record);
      return isBreakerOpen ? breakerOpen : { kind: "refused", rule: "expired" };
    }
    try {
      const into = { cache: this.#cache, form: this.#form, keep };
      if (record.kind === "arriving") return await writeArriving(key, record, into);
      const head = headOf(record);
      const isUnchanged = record.kind === "response" && keep.body === "unchanged";
      if (isUnchanged && isApart(record.stored.metadata)) {
        const written = await rewriteHead(key, head, into);
        if (written !== undefined) return written;
      }
      const body = record.kind === "vary" ? null : bodyIn(record);
      if (body === undefined) return { kind: "refused", rule: "arriving" };
      return await writeHead(key, head, { ...into, body });
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }
}

/** Returns whether a 304 for the known record would suffice for a read, without a body. */
function sufficesUnchanged<Detail>(
  { decoded: { record } }: KnownRecord<Detail>,
  { part, isHeld }: TierAsk<Detail>,
): boolean {
  if (part !== "metadata" || record.kind !== "response") return false;
  return !isSmall(record.metadata) || isHeld?.(record.metadata) !== true;
}

function requestFor(
  address: string,
  known: KnownRecord<unknown> | undefined,
  { knownRange }: Pick<TierAsk<unknown>, "knownRange">,
): string | Request {
  if (knownRange !== undefined) return ranged(knownRange, address);
  return known?.requests.whole ?? address;
}
