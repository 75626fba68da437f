// The contents of a tier: a body, what a purge can match, and provenance. Users of the cache add their own
// detail.
import type { ByteRange } from "../../rules/ranges.ts";

/** The properties that a purge can match. */
export interface Coverage {
  /** As the source spelled them; used only for purging. */
  readonly tags: readonly string[];
  /** Cache groups, which apply only to the URL's own origin. Absent: none. */
  readonly groups?: readonly string[] | undefined;
  /** The cache key's URL, without facets. Purges by URL, host or prefix match it. */
  readonly url: string;
  /** The name of the record's route; empty if none matched. */
  readonly route: string;
}

/**
 * The position in the purge journal that was known before the request: that of its last entry, with the
 * entry's random field `n`. `"none"` if there was no view.
 */
export type Stamp = { readonly position: string; readonly n: string } | "none";

/** Where and when a record was fetched. The purge view judges it by this. All instants in epoch ms. */
export interface Provenance {
  readonly stamp: Stamp;
  /** The colo whose isolate fetched the body; empty if there is none. */
  readonly colo: string;
  /** `request_time` and `response_time` of RFC 9111 §4.2.3. */
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  /** When the body was requested, if a later validation renewed the metadata. */
  readonly bodyRequestedAtMs?: number | undefined;
  /** How long the source took to answer, body included. */
  readonly fillCostMs: number;
}

/** A record without its body. */
export interface RecordMetadata extends Coverage, Provenance {
  /** Length of the body; `null` for a stream of unknown length. */
  readonly bodyBytes: number | null;
  /** SHA-256 of the body, hex; `null` for a streamed body that was never held in memory. */
  readonly bodyDigest: string | null;
  /** Stored in the shared tier only after a second request. */
  readonly awaitsSecondAsk?: boolean | undefined;
}

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * A body in memory, which the runtime sends without copying (docs/adr/0016); a stream from its tier; or a
 * `part` of such a stream. `absent` if it was not requested.
 */
export type StoredBody =
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "stream"; readonly stream: Bytes }
  | { readonly kind: "part"; readonly range: ByteRange; readonly stream: Bytes }
  | { readonly kind: "absent" };

/** @typeParam Detail added by the user of the cache, such as HTTP's status and fields */
export type MetadataWith<Detail> = RecordMetadata & Detail;

/** @typeParam Detail as of `MetadataWith` */
export interface CacheRecord<Detail> {
  readonly metadata: MetadataWith<Detail>;
  readonly body: StoredBody;
}

/** Epoch milliseconds. */
export function bodyRequestedAtMs(provenance: Provenance): number {
  return provenance.bodyRequestedAtMs ?? provenance.requestedAtMs;
}

/** Cancels an unused stream, which would hold its tier's connection. */
export function discardBody(record: Pick<CacheRecord<unknown>, "body"> | undefined): void {
  if (record === undefined || !("stream" in record.body)) return;
  void record.body.stream.cancel().catch(() => undefined);
}
