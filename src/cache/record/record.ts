// What a tier holds: a body, what a purge can match of it, and where and when it came from. Whoever
// uses the cache adds what it needs to know beside that.
import type { ByteRange } from "../../rules/ranges.ts";

/** What a purge can match. */
export interface Coverage {
  /** As its source named them; for purging alone. */
  readonly tags: readonly string[];
  /** Names that count for the URL's own origin alone, as that spells them. Absent: none. */
  readonly groups?: readonly string[] | undefined;
  /** The keyed URL, without facets: what a purge by URL, host or prefix is matched against. */
  readonly url: string;
  /** The name of the route it was stored under; empty where none matched. */
  readonly route: string;
}

/**
 * The place in the purge journal that was known before the source was asked: the position of the
 * journal's last entry with that entry's random field `n`. `"none"` when no view was at hand.
 */
export type Stamp = { readonly position: string; readonly n: string } | "none";

/** Where and when a record came from: the purge view judges it by this. All instants in epoch ms. */
export interface Provenance {
  readonly stamp: Stamp;
  /** The location whose isolate asked the source for the body; empty where there is none. */
  readonly colo: string;
  /** `request_time` and `response_time` of RFC 9111 §4.2.3. */
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  /** When the source was asked for the body, once a validation has renewed what stands around it. */
  readonly bodyRequestedAtMs?: number | undefined;
  /** What the source took to answer, body included. */
  readonly fillCostMs: number;
}

/** What is known of a record without its body. */
export interface RecordMetadata extends Coverage, Provenance {
  /** Length of the body; `null` while a streamed body's is unknown. */
  readonly bodyBytes: number | null;
  /** SHA-256 of the body, hex; `null` for a body that was streamed and never held whole. */
  readonly bodyDigest: string | null;
  /** Not in the shared tier before somebody has asked for it again. */
  readonly awaitsSecondAsk?: boolean | undefined;
}

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * A body held whole, which the runtime sends from where it lies (docs/adr/0016), or one read from its
 * tier as it is sent on; of such a one perhaps a `part` alone; `absent` if it was not asked for.
 */
export type StoredBody =
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "stream"; readonly stream: Bytes }
  | { readonly kind: "part"; readonly range: ByteRange; readonly stream: Bytes }
  | { readonly kind: "absent" };

/** @typeParam Detail what its user knows of it beyond that: HTTP's status and fields, for one */
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

/** A stream that nobody reads would hold its tier's connection. */
export function discardBody(record: Pick<CacheRecord<unknown>, "body"> | undefined): void {
  if (record === undefined || !("stream" in record.body)) return;
  void record.body.stream.cancel().catch(() => undefined);
}
