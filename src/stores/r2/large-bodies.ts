// The shared tier with R2 behind it. R2 has the bodies that are too large for the tier, and the tier has
// their records. So purges and verdicts need only the tier, and R2 is read only for a body.
import { errorName } from "../../base/error-name.ts";
import { hexOfBase64url, sha256Base64url } from "../../base/sha256.ts";
import { haveSameBody, type MetadataWith, type RecordMetadata } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Locks } from "../../cache/tiers/lock.ts";
import { bodyIn } from "../../cache/tiers/record-form.ts";
import {
  type ArrivingRecord,
  edgeBodyBytesMax,
  foundWith,
  isSmall,
  largeBodyBytesMax,
  type RecordHead,
  refuseArriving,
  breakerOpen,
  type Tier,
  type TierAsk,
  type TierFill,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierRemoval,
  type TierTrouble,
  type TierWrite,
} from "../../cache/tiers/tier.ts";
import type { TierName } from "../../config/tier-names.ts";
import { type BodyApart, joinedWith, type WithApart, withoutBody } from "./apart-form.ts";
import {
  type BoundedBucket,
  dayMs,
  daysFor,
  objectName,
  objectNames,
  type R2Object,
} from "./bucket.ts";

export interface LargeBodiesSettings<Detail> {
  /** The shared tier, whose form is `formWithApart`. */
  readonly tier: Tier<WithApart<Detail>>;
  readonly bucket: BoundedBucket;
  readonly namespace: string;
  readonly onBadRecord: () => void;
  /** The largest body. Default: the largest body of the edge tier. */
  readonly bodyBytesMax?: number;
}

/** A body that is not larger never costs a write to R2, even if its metadata is large. */
const bodyBytesMin = 65_536;

/** The body in the tier of a record whose body is in R2. */
const noBody = { kind: "blob", blob: new Blob() } as const;

export class LargeBodies<Detail> implements Tier<Detail> {
  readonly name: TierName;
  readonly arrivingBytesMax: number;
  readonly bodyBytesMax: number;
  readonly locks: Locks<RecordHead<Detail>> | undefined;
  readonly listed?: NonNullable<Tier<Detail>["listed"]>;
  readonly #settings: LargeBodiesSettings<Detail>;

  constructor(settings: LargeBodiesSettings<Detail>) {
    const { tier, bodyBytesMax = edgeBodyBytesMax } = settings;
    this.#settings = settings;
    this.name = tier.name;
    this.arrivingBytesMax = bodyBytesMax;
    this.bodyBytesMax = bodyBytesMax;
    this.locks = tier.locks;
    if (tier.listed !== undefined) this.listed = tier.listed.bind(tier);
  }

  get isBreakerOpen(): boolean {
    return this.#settings.tier.isBreakerOpen;
  }

  get trouble(): TierTrouble | undefined {
    return this.#settings.tier.trouble;
  }

  get bodies(): Pick<Tier<never>, "isBreakerOpen" | "trouble"> {
    return this.#settings.bucket;
  }

  async read(key: RecordKey, ask: TierAsk<Detail>): Promise<TierRead<Detail>> {
    const read = await this.#settings.tier.read(key, ask);
    if (read.kind !== "found" || read.record.kind === "vary") return read;
    const { metadata: inTier } = read.record.stored;
    if (inTier.apart === undefined) return read;
    const metadata = joinedWith(inTier, inTier.apart);
    if (ask.part === "metadata" || ask.isPeek === true)
      return foundWith(metadata, { kind: "absent" });
    try {
      return await this.#found(key, metadata, inTier.apart, ask);
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /** Reads a body into memory if it is small, or if `isHeld` returns true. Streams any other body. */
  async #found(
    key: RecordKey,
    metadata: MetadataWith<Detail>,
    { etag, days, bodyBytes }: BodyApart,
    { isHeld, rangeOf, afterAnswer }: TierAsk<Detail>,
  ): Promise<TierRead<Detail>> {
    const { bucket, namespace, onBadRecord } = this.#settings;
    const name = objectName(days, await key.nameIn(namespace));
    if (!bucket.mayBeAsked(name, afterAnswer)) return breakerOpen;
    const isWhole = isSmall(metadata) || isHeld?.(metadata) === true;
    const range = isWhole ? undefined : rangeOf?.(metadata);
    const object = await bucket.get(name, etag, range);
    // A lifecycle rule has deleted the object, or another body has replaced it.
    if (object === undefined) return { kind: "absent" };
    const { body: stream } = object;
    if (object.size !== bodyBytes) {
      void stream.cancel().catch(() => undefined);
      onBadRecord();
      return { kind: "absent" };
    }
    if (range !== undefined) return foundWith(metadata, { kind: "part", range, stream });
    if (!isWhole) return foundWith(metadata, { kind: "stream", stream });
    const bytes = new Uint8Array(await bucket.whole(object));
    const { bodyDigest } = metadata;
    const isSame = bodyDigest === null || (await sha256Base64url(bytes)) === bodyDigest;
    if (isSame && bytes.byteLength === bodyBytes)
      return foundWith(metadata, { kind: "blob", blob: new Blob([bytes]) });
    onBadRecord();
    return { kind: "absent" };
  }

  async write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): Promise<TierWrite> {
    if (record.kind === "arriving") return this.#writeArriving(key, record, keep);
    const { tier, bucket } = this.#settings;
    const isHeadAlone = record.kind === "response" && bodyIn(record) === undefined;
    if (isHeadAlone) return this.#rewriteHead(key, record.stored.metadata, keep);
    const written = await tier.write(key, record as TierRecord<WithApart<Detail>>, keep);
    const isTooLarge = written.kind === "refused" && written.rule === "too-large";
    const blob = isTooLarge ? bodyIn(record)?.blob : undefined;
    if (record.kind === "vary" || blob === undefined || blob.size <= bodyBytesMin) return written;
    if (blob.size > this.arrivingBytesMax) return written;
    if (bucket.isBreakerOpen) return breakerOpen;
    const { metadata } = record.stored;
    return this.#writeApart(key, { metadata, bodyBytes: blob.size, keep }, async (name, days) => {
      const held = keep.body === "new" ? undefined : await this.#held(name, metadata, days, keep);
      return held ?? bucket.put(name, blob, metadata.bodyDigest);
    });
  }

  /** Rewrites the record of a body that is in R2. R2 is neither read nor written. */
  async #rewriteHead(
    key: RecordKey,
    metadata: MetadataWith<Detail>,
    keep: TierKeep,
  ): Promise<TierWrite> {
    const { tier } = this.#settings;
    const unused = { afterAnswer: () => undefined, isPeek: true };
    const read = await tier.read(key, { atMs: keep.atMs, part: "metadata", ...unused });
    if (read.kind === "unavailable") return read;
    const named = read.kind === "found" && read.record.kind === "response" && read.record.stored;
    const { apart } = named ? named.metadata : {};
    const isSame = named && apart && haveSameBody(joinedWith(named.metadata, apart), metadata);
    if (!isSame || keep.body === "new") return { kind: "refused", rule: "arriving" };
    const stored = { metadata: withoutBody(metadata, apart), body: noBody } as const;
    return tier.write(key, { kind: "response", stored }, { ...keep, body: "new" });
  }

  /** Returns the object if it has the same body, and stays for as long as the record. */
  async #held(
    name: string,
    { bodyDigest }: Pick<RecordMetadata, "bodyDigest">,
    days: number,
    { untilAtMs }: TierKeep,
  ): Promise<R2Object | undefined> {
    const object = await this.#settings.bucket.head(name);
    if (object === null || bodyDigest === null) return undefined;
    const isSame = object.checksums.toJSON().sha256 === hexOfBase64url(bodyDigest);
    return isSame && object.uploaded.getTime() + days * dayMs >= untilAtMs ? object : undefined;
  }

  /** Streams a body to R2. R2 needs its length, and a small body is not worth the price of a write. */
  async #writeArriving(
    key: RecordKey,
    arriving: ArrivingRecord<Detail>,
    keep: TierKeep,
  ): Promise<TierWrite> {
    const { metadata, stream, completed } = arriving;
    const { bodyBytes } = metadata;
    const { bucket } = this.#settings;
    if (bodyBytes === null || bodyBytes <= largeBodyBytesMax) return refuseArriving(arriving);
    const isExpired = keep.untilAtMs <= keep.atMs;
    if (isExpired || bucket.isBreakerOpen || bodyBytes > this.arrivingBytesMax) {
      refuseArriving(arriving);
      if (isExpired) return { kind: "refused", rule: "expired" };
      return bucket.isBreakerOpen ? breakerOpen : { kind: "refused", rule: "too-large" };
    }
    let isCut = false;
    const written = await this.#writeApart(key, { metadata, bodyBytes, keep }, async (name) => {
      const putting = bucket.putArriving(name, stream, completed).catch(async (cause: unknown) => {
        // A truncated stream also makes the put fail. Any other failure is the bucket's.
        isCut = (await Promise.race([completed, Promise.resolve()])) === "cut";
        throw cause;
      });
      // A bucket may settle without reading the stream, and its writer would wait forever.
      const object = await putting.finally(() => stream.cancel().catch(() => undefined));
      const end = await completed;
      isCut = end === "cut";
      return end === bodyBytes ? object : null;
    });
    return isCut ? { kind: "refused", rule: "cut" } : written;
  }

  /**
   * Stores a body by `put`, then the record that names it. So no record leads to a truncated body, and a
   * body without a record is only overwritten or deleted.
   */
  async #writeApart(
    key: RecordKey,
    { metadata, bodyBytes, keep }: ToWrite<Detail>,
    put: (name: string, days: number) => Promise<R2Object | null>,
  ): Promise<TierWrite> {
    try {
      const { tier, namespace } = this.#settings;
      const days = daysFor(keep.untilAtMs - keep.atMs);
      const object = await put(objectName(days, await key.nameIn(namespace)), days);
      if (object?.size !== bodyBytes) return { kind: "unavailable", cause: "not stored" };
      const { etag } = object;
      const { bodyDigest } = metadata;
      const inTier = withoutBody(metadata, { etag, days, bodyBytes, bodyDigest });
      const stored = { metadata: inTier, body: noBody } as const;
      return await tier.write(key, { kind: "response", stored }, { ...keep, body: "new" });
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /** Removes the record. If R2 does not delete the body, no record leads to the body. */
  async remove(key: RecordKey): Promise<TierRemoval> {
    const { tier, bucket, namespace } = this.#settings;
    const names = objectNames(await key.nameIn(namespace));
    const deleting = bucket.isBreakerOpen ? undefined : bucket.delete(names).catch(() => undefined);
    const removed = (await tier.remove(key)) ?? "removed";
    await deleting;
    return removed;
  }
}

interface ToWrite<Detail> {
  readonly metadata: MetadataWith<Detail>;
  readonly bodyBytes: number;
  readonly keep: TierKeep;
}
