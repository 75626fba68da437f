// A bucket of R2 with one object per body, with a timeout on every wait. R2 has no expiry, so the name of
// an object begins with the days after which a lifecycle rule of the bucket may delete the object.
import { hexOfBase64url } from "../../base/sha256.ts";
import { type ByteRange, lengthOf } from "../../rules/ranges.ts";
import type { BodyCall } from "../../cache/tiers/tier-in-code.ts";
import type { TierTrouble } from "../../cache/tiers/tier.ts";
import { BoundedCalls, type BoundedCallsSettings } from "../../remote/bounded-calls.ts";
import { readMsMax, writeMsMax } from "../../remote/latency-bound.ts";

/** The part of a bucket that is used. */
export interface R2Bucket {
  head(name: string): Promise<R2Object | null>;
  /** If the entity tag differs, the result has no body. */
  get(
    name: string,
    options: {
      readonly onlyIf: { readonly etagMatches: string };
      readonly range?: { readonly offset: number; readonly length: number };
    },
  ): Promise<R2Object | R2ObjectBody | null>;
  /** Stores the whole value, or nothing. A stream must have a known length. */
  put(
    name: string,
    value: ReadableStream<Uint8Array> | Blob,
    options?: { readonly sha256?: string },
  ): Promise<R2Object | null>;
  delete(names: string[]): Promise<void>;
}

export interface R2Object {
  readonly etag: string;
  /** The length of the whole object. */
  readonly size: number;
  readonly uploaded: Date;
  readonly checksums: { toJSON(): { readonly sha256?: string } };
}

export interface R2ObjectBody extends R2Object {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** The prefixes of names, in days. The bucket needs a lifecycle rule for each of them. */
export const keepDays = [2, 8, 32, 366];

export const dayMs = 86_400_000;

/** Returns the smallest prefix that keeps a body long enough, or else the largest. */
export function daysFor(keepMs: number): number {
  return keepDays.find((days) => days * dayMs >= keepMs) ?? 366;
}

/** @param name the name of the record in the shared tier */
export const objectName = (days: number, name: string) => `${days}d/${name}`;

/** All names that the object of a record may have. */
export const objectNames = (name: string) => keepDays.map((days) => objectName(days, name));

export interface BoundedBucketSettings extends Pick<BoundedCallsSettings, "nowAtMs" | "tell"> {
  readonly bucket: R2Bucket;
  readonly onBodyCall?: ((call: BodyCall) => void) | undefined;
}

export class BoundedBucket {
  readonly #settings: BoundedBucketSettings;
  readonly #calls: BoundedCalls;

  constructor(settings: BoundedBucketSettings) {
    this.#settings = settings;
    this.#calls = new BoundedCalls({ ...settings, about: "R2", event: "r2" });
  }

  get isBreakerOpen(): boolean {
    return this.#calls.health.isBreakerOpen;
  }

  get trouble(): TierTrouble | undefined {
    return this.#calls.trouble;
  }

  /** Returns whether R2 may be used. If a probe is due, reads the object's head in the background. */
  mayBeAsked(name: string, afterAnswer: (work: () => Promise<void>) => void): boolean {
    return this.#calls.health.mayBeAsked(() => this.head(name), afterAnswer);
  }

  head(name: string): Promise<R2Object | null> {
    return this.#calls.answered(() => this.#bucket("head").head(name), readMsMax);
  }

  /**
   * Reads an object, or a range of it. All methods reject like the bucket, or with `OutOfTime`.
   *
   * @returns `undefined` if there is no object with this entity tag
   */
  async get(
    name: string,
    etag: string,
    range: ByteRange | undefined,
  ): Promise<R2ObjectBody | undefined> {
    const options = {
      onlyIf: { etagMatches: etag },
      ...(range && { range: { offset: range.firstByte, length: lengthOf(range) } }),
    };
    const get = () => this.#bucket("get").get(name, options);
    const found = await this.#calls.answered(get, readMsMax, (late) => late && cancel(late));
    return found !== null && "body" in found ? found : undefined;
  }

  /** Reads a whole body into memory, within the timeout of reads. */
  whole({ body }: R2ObjectBody): Promise<ArrayBuffer> {
    return this.#calls.answered(() => new Response(body).arrayBuffer(), readMsMax);
  }

  /** @param digest the digest in base64url, which R2 checks */
  put(name: string, blob: Blob, digest: string | null): Promise<R2Object | null> {
    const options = digest === null ? {} : { sha256: hexOfBase64url(digest) };
    return this.#calls.answered(() => this.#bucket("put").put(name, blob, options), writeMsMax);
  }

  /**
   * Stores a body that is still arriving.
   *
   * @param stream a stream of known length, such as that of a `FixedLengthStream`
   * @param completed settles once the body has been sent; the timeout then starts
   */
  async putArriving(
    name: string,
    stream: ReadableStream<Uint8Array>,
    completed: Promise<unknown>,
  ): Promise<R2Object | null> {
    const writing = this.#bucket("put").put(name, stream);
    await Promise.race([writing, completed]);
    return this.#calls.answered(() => writing, writeMsMax);
  }

  delete(names: readonly string[]): Promise<void> {
    return this.#calls.answered(() => this.#bucket("delete").delete([...names]), writeMsMax);
  }

  #bucket(call: BodyCall): R2Bucket {
    this.#settings.onBodyCall?.(call);
    return this.#settings.bucket;
  }
}

function cancel(late: R2Object | R2ObjectBody): void {
  if ("body" in late) void late.body.cancel().catch(() => undefined);
}
