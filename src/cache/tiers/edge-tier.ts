// The edge tier: the Workers Cache API, one cache per colo. Bodies lie in it as opaque bytes and
// the metadata beside them in one field, so that the Cache API decides nothing about them.
import { errorName } from "../../error-name.ts";
import { letGo } from "../../let-go.ts";
import type { ByteRange } from "../../http/ranges.ts";
import type { StoredBody } from "../record.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import { BoundedCache, type BoundedCacheSettings } from "./bounded-cache.ts";
import { type Decoded, DecodedRecords } from "./decoded-records.ts";
import { partFrom, streamedFrom, wholeBody, withoutBody } from "./edge-body.ts";
import {
  addressOf,
  bodyField,
  objectFields,
  ranged,
  recordField,
  recordFieldBytesMax,
  recordFields,
  unless,
} from "./edge-form.ts";
import { encodeRecord, headOf, type RecordHead } from "./record-codec.ts";
import type { RecordKey } from "../record-key.ts";
import {
  type ArrivingResponse,
  isSmall,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierRemoval,
  type TierWrite,
} from "./tier.ts";

/** The largest object that the Cache API takes. */
export const edgeBodyBytesMax = 512 * 1_048_576;

export interface EdgeTierSettings extends BoundedCacheSettings {
  readonly onBadRecord: () => void;
}

export class EdgeTier implements Tier {
  readonly name = "edge";
  readonly #onBadRecord: () => void;
  readonly #cache: BoundedCache;
  readonly #records = new DecodedRecords();

  constructor(settings: EdgeTierSettings) {
    this.#onBadRecord = settings.onBadRecord;
    this.#cache = new BoundedCache(settings);
  }

  /** The Cache API does not answer: nothing but a probe per pause is asked of it. */
  get isShutOff(): boolean {
    return this.#cache.isShutOff;
  }

  get trouble(): BoundedCache["trouble"] {
    return this.#cache.trouble;
  }

  async read(
    key: RecordKey,
    ask: Pick<TierAsk, "atMs" | "part" | "isHeld" | "rangeOf" | "afterAnswer">,
  ): Promise<TierRead> {
    try {
      const known = this.#sufficing(key, ask);
      const address = await addressOf(key);
      if (!this.#cache.mayBeAsked(address, ask.afterAnswer)) return shutOff;
      const response = await this.#cache.match(
        known === undefined ? address : unless(known.entityTag, address),
      );
      if (response === undefined) return { kind: "absent" };
      if (known !== undefined && response.status === 304) return withoutBody(known, ask.atMs);
      const decoded = this.#decoded(key, response);
      if (decoded === undefined || ask.atMs >= decoded.keepUntilAtMs) {
        letGo(response);
        return { kind: "absent" };
      }
      return await this.#withBody(key, decoded.record, { response, ...ask });
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /** What this isolate has read before, if that does for an answer while it still lies there. */
  #sufficing(key: RecordKey, { part, isHeld }: Pick<TierAsk, "part" | "isHeld">) {
    const known = part === "metadata" ? this.#records.last(key) : undefined;
    if (known?.decoded.record.kind !== "response") return undefined;
    const { metadata } = known.decoded.record;
    const { entityTag, decoded } = known;
    const isWantedWhole = isSmall(metadata) && isHeld?.(metadata) === true;
    return isWantedWhole
      ? undefined
      : { entityTag, metadata, keepUntilAtMs: decoded.keepUntilAtMs };
  }

  #decoded(key: RecordKey, { headers }: Response): Decoded | undefined {
    const text = () => headers.get(recordField) ?? "";
    const decoded = this.#records.decode(key, { entityTag: headers.get("etag"), text });
    if (decoded === undefined) this.#onBadRecord();
    return decoded;
  }

  async #withBody(key: RecordKey, record: RecordHead, matched: Matched): Promise<TierRead> {
    if (record.kind === "vary") return { kind: "found", record };
    const { metadata } = record;
    const body = await this.#bodyOf(key, metadata, matched);
    if (typeof body === "object") {
      return { kind: "found", record: { kind: "response", stored: { metadata, body } } };
    }
    if (body === "not-whole") this.#onBadRecord();
    return { kind: "absent" };
  }

  async #bodyOf(
    key: RecordKey,
    metadata: StoredMetadata,
    matched: Matched,
  ): Promise<StoredBody | "gone" | "not-whole"> {
    const { response, part: asked, isHeld, rangeOf } = matched;
    const apart = response.headers.get(bodyField) ?? undefined;
    if (apart !== undefined) {
      const range = rangeOf?.(metadata);
      return this.#fromAddress(await addressOf(key, apart), metadata, range);
    }
    const isWantedWhole = isSmall(metadata)
      ? asked === "metadata" || isHeld?.(metadata) !== false
      : isHeld?.(metadata) === true;
    if (isWantedWhole) {
      const blob = await this.#cache.whole(response);
      return blob.size === metadata.bodyBytes ? { kind: "blob", blob } : "not-whole";
    }
    const range = isSmall(metadata) ? undefined : rangeOf?.(metadata);
    if (range === undefined) return streamedFrom(response, metadata.bodyBytes);
    // Asked for once more, another record may lie there by now.
    letGo(response);
    const entityTag = response.headers.get("etag") ?? "none";
    return this.#fromAddress(await addressOf(key), metadata, range, entityTag);
  }

  /** `gone`: a streamed body may be evicted before the record that names it. */
  async #fromAddress(
    address: string,
    { bodyBytes }: StoredMetadata,
    range: ByteRange | undefined,
    entityTag?: string,
  ): Promise<StoredBody | "gone" | "not-whole"> {
    const found = await this.#cache.match(range ? ranged(range, address) : address);
    if (found === undefined) return "gone";
    if (entityTag !== undefined && found.headers.get("etag") !== entityTag) {
      letGo(found);
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

  async write(
    key: RecordKey,
    record: TierRecord | ArrivingResponse,
    keep: TierKeep,
  ): Promise<TierWrite> {
    const keepSeconds = Math.ceil((keep.untilAtMs - keep.atMs) / 1_000);
    const fields = objectFields(keepSeconds);
    try {
      if (this.#cache.isShutOff) {
        if (record.kind === "arriving") await record.stream.cancel().catch(() => undefined);
        return shutOff;
      }
      if (record.kind === "arriving") return await this.#writeArriving(key, record, keep, fields);
      if (keepSeconds <= 0) return { kind: "refused", rule: "expired" };
      const body = record.kind === "vary" ? null : wholeBody(record.stored);
      if (body === undefined) return { kind: "refused", rule: "arriving" };
      return await this.#writeHead(key, { head: headOf(record), body, keep, fields });
    } catch (cause) {
      return { kind: "unavailable", cause: errorName(cause) };
    }
  }

  /**
   * The body goes first, under an address of its own; the head that names it is written only once
   * all of it came. A cut body is thus never found, and two fills at once never mix.
   */
  async #writeArriving(
    key: RecordKey,
    arriving: ArrivingResponse,
    keep: TierKeep,
    fields: Record<string, string>,
  ): Promise<TierWrite> {
    const { metadata, stream, completed } = arriving;
    if (keep.untilAtMs <= keep.atMs) {
      await stream.cancel().catch(() => undefined);
      return { kind: "refused", rule: "expired" };
    }
    const part = crypto.randomUUID();
    const address = await addressOf(key, part);
    let isNamed = false;
    try {
      await this.#putStream(address, arriving, fields);
      const bodyBytes = await completed;
      if (bodyBytes === "cut") return { kind: "refused", rule: "cut" };
      const head: RecordHead = { kind: "response", metadata: { ...metadata, bodyBytes } };
      const named = { ...fields, [bodyField]: part };
      const written = await this.#writeHead(key, { head, body: null, keep, fields: named });
      isNamed = written.kind === "kept";
      return written;
    } catch (cause) {
      // A stream that was cut fails its put; one that is still coming did not cause the failure.
      const isCut = (await Promise.race([completed, Promise.resolve()])) === "cut";
      if (isCut) return { kind: "refused", rule: "cut" };
      throw cause;
    } finally {
      if (!isNamed) await this.#cache.delete(address);
    }
  }

  async #putStream(
    address: string,
    { stream, completed }: ArrivingResponse,
    headers: Record<string, string>,
  ): Promise<void> {
    try {
      await this.#cache.putArriving(address, new Response(stream, { headers }), completed);
    } finally {
      // A cache may take nothing and still say it did; who fills the stream would wait for ever.
      await stream.cancel().catch(() => undefined);
    }
  }

  async #writeHead(
    key: RecordKey,
    written: {
      head: RecordHead;
      body: ReadableStream<Uint8Array> | null;
      keep: TierKeep;
      fields: Record<string, string>;
    },
  ): Promise<TierWrite> {
    const text = encodeRecord(written.head, written.keep.untilAtMs);
    if (text.length > recordFieldBytesMax) return { kind: "refused", rule: "too-large" };
    const headers = { ...written.fields, ...recordFields(text) };
    await this.#cache.put(await addressOf(key), new Response(written.body, { headers }));
    return { kind: "kept" };
  }
}

const shutOff = { kind: "unavailable", cause: "shut-off" } as const;

/** What the Cache API has, and how its body is wanted. */
interface Matched extends Pick<TierAsk, "part" | "isHeld" | "rangeOf"> {
  readonly response: Response;
}
