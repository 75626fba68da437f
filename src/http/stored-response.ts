// A stored response as plain data (RFC 9111 §3), the same in every tier.

/** One field line: the name in lower case, then the value as it was received. */
export type FieldLine = readonly [name: string, value: string];

/** The tags that one field names: without the field itself where that may not be stored. */
export type FieldTags = readonly [field: string, tags: readonly string[]];

/** What the rules need of a set of fields; a `Headers` is one. Names are case-insensitive. */
export type Fields = Pick<Headers, "get" | "has">;

/**
 * The place in the purge journal that was known before the origin request was sent: the position
 * of its last entry with that entry's random field `n`. `"none"` when no view was at hand.
 */
export type Stamp = { readonly position: string; readonly n: string } | "none";

/**
 * What is kept of a request to be sent once more: browsers' own have 70 to 200 characters. Of others
 * than these no request can be made (RFC 9110 §5.5).
 */
export const askedByPattern = /^[\t\u0020-\u007e\u0080-\u00ff]{0,256}$/;

/**
 * What kind of client a response was made for, so that a refresh can ask for the same: `User-Agent`
 * and `Accept` of its request, where these fit `askedByPattern`.
 */
export interface AskedBy {
  readonly userAgent?: string | undefined;
  readonly accept?: string | undefined;
}

/** Everything that is known of a stored response, save its body. Serialises to JSON and back. */
export interface StoredMetadata {
  /** The keyed URL, without facets: what a purge by URL, host or prefix is matched against. */
  readonly url: string;
  /** The name of the route it was stored under; empty where none matched. */
  readonly route: string;
  readonly status: number;
  readonly statusText: string;
  readonly fields: readonly FieldLine[];
  /** `request_time` and `response_time` of RFC 9111 §4.2.3, epoch milliseconds. */
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  /** Length of the body as the origin encoded it; `null` while a streamed body's is unknown. */
  readonly bodyBytes: number | null;
  /** SHA-256 of the body, hex; `null` for a body that was streamed and never held whole. */
  readonly bodyDigest: string | null;
  /** Selecting header fields and the forwarded values they had (RFC 9111 §4.1). */
  readonly selecting: readonly (readonly [name: string, value: string | null])[];
  /** For purging; gathered when the response was stored. */
  readonly tags: readonly string[];
  /** Those of them, by field, whose field is not among `fields`, so that a 304 can leave them. */
  readonly withheldTags?: readonly FieldTags[] | undefined;
  /** Its route's tags could not be worked out, so that no purge by them would find it. */
  readonly lacksRouteTags?: boolean | undefined;
  /** `undefined` in records of earlier versions. */
  readonly askedBy?: AskedBy | undefined;
  readonly stamp: Stamp;
  /** The location whose isolate asked the origin for the body; empty where there is none. */
  readonly colo: string;
  /** What the origin took to answer, headers and body. */
  readonly fillCostMs: number;
  /** Drawn once per fill, 0 ≤ draw < 1: how much of the route's jitter shortens this lifetime. */
  readonly jitterDraw: number;
  /** `Date` of the answer that brought the body, once a 304 has brought one of its own. */
  readonly bodyDate?: string | undefined;
  /** When the origin was asked for the body, once a 304 has freshened what stands around it. */
  readonly bodyRequestedAtMs?: number | undefined;
  /** Filled so soon after a purge that its origin may not be settled: fresh for no longer. */
  readonly lifetimeSecondsMax?: number | undefined;
  /** Not in the shared tier before somebody has asked for it again. */
  readonly awaitsSecondAsk?: boolean | undefined;
}

/** First and last byte, both included. */
export interface ByteRange {
  readonly firstByte: number;
  readonly lastByte: number;
}

/**
 * A body held whole, which the runtime sends from where it lies (docs/adr/0016), or one read from its
 * tier as it is sent on; of such a one perhaps a `part` alone; `absent` if it was not asked for.
 */
export type StoredBody =
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array<ArrayBuffer>> }
  | {
      readonly kind: "part";
      readonly range: ByteRange;
      readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
    }
  | { readonly kind: "absent" };

export interface StoredResponse {
  readonly metadata: StoredMetadata;
  readonly body: StoredBody;
}

/** RFC 9110 §15: the classes 4xx and 5xx. */
export function isErrorStatus(status: number): boolean {
  return status >= 400;
}

export function headersOf(lines: readonly FieldLine[]): Headers {
  return new Headers(lines.map(([name, value]) => [name, value]));
}

export function bodyDateOf(metadata: StoredMetadata): string | null {
  return metadata.bodyDate ?? fieldsOf(metadata).get("date");
}

/** Epoch milliseconds. */
export function bodyRequestedAtMs(metadata: StoredMetadata): number {
  return metadata.bodyRequestedAtMs ?? metadata.requestedAtMs;
}

/** The stored fields, read where they stand: `Headers` of each response would outweigh its body. */
export function fieldsOf({ fields }: Pick<StoredMetadata, "fields">): Fields {
  const get = (name: string): string | null => {
    const asked = name.toLowerCase();
    let joined: string | null = null;
    for (const [stored, value] of fields) {
      if (stored === asked) joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  };
  return { get, has: (name) => get(name) !== null };
}
