// A record: a body, the properties that a purge can match, and provenance. Users of the cache add
// their own details.
import { nodeGlobals } from "../../base/node-globals.ts";
import { sha256Base64url } from "../../base/sha256.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { SelectingValues } from "../../rules/selecting.ts";

/** The properties that a purge can match. */
export interface Coverage {
  /** The tags as the source spelled them. Only purges use them. */
  readonly tags: readonly string[];
  /** Cache groups, which apply only to the URL's own origin; absent for none. */
  readonly groups?: readonly string[] | undefined;
  /**
   * The cache key's URL, without the key's fields and cookies. Purges by URL, host or prefix match
   * this URL.
   */
  readonly url: string;
  /** The name of the record's route; empty if none matched. */
  readonly route: string;
  /** The build that made a page; empty if unknown. Absent if no field of the origin names builds. */
  readonly release?: string | undefined;
}

/** The largest number of names by which purges of values cover a record. Fewer would cover less. */
export const valueNamesMax = 128;

/** The values of application data that present work has read, so that their purges cover what it makes. */
export interface ValueReads {
  /** The tags of the values, and the URLs that purges of their keys name. More may follow. */
  readonly names: ReadonlySet<string>;
  /** Whether there are more names than a record may have. `names` then lacks some. */
  readonly areTooMany: boolean;
  /** Whether a value was stale after a soft purge or a failed load, or was made of such a value. */
  readonly isStale: boolean;
  /** Whether the view knew the stamps of all values when they were read. */
  readonly areKnown: boolean;
  /** The earliest body time of the values, in epoch milliseconds; `Infinity` without a value. */
  readonly bodyRequestedAtMs: number;
  /** The colo of all values; empty if they differ, and `undefined` without a value. */
  readonly colo: string | undefined;
}

/** Runs work, and collects the values that it reads; without data, nothing. */
export type CollectReads = <Result>(work: (reads?: ValueReads) => Result) => Result;

/**
 * The last entry of the purge journal that the view contained before the request: its position and
 * its unique field `n`. `"none"` if there was no view.
 */
export type Stamp = { readonly position: string; readonly n: string } | "none";

/**
 * The place and time at which a record was fetched. The purge view judges the record by them. All
 * instants are in epoch milliseconds.
 */
export interface Provenance {
  /**
   * The stamp by which purges judge the record: that of its load, or a later one up to which no purge covers the
   * record (rule 27 b).
   */
  readonly stamp: Stamp;
  /** The stamp of the load, if `stamp` is a later one. */
  readonly loadStamp?: Stamp | undefined;
  /** The colo whose isolate fetched the body; empty if unknown. */
  readonly colo: string;
  /** `request_time` and `response_time` of RFC 9111 §4.2.3. */
  readonly requestedAtMs: number;
  readonly respondedAtMs: number;
  /**
   * The instant of the body's request, if a later validation renewed the metadata. For an answer with
   * `Age`, when it counts as generated (rule 29 of the purge protocol).
   */
  readonly bodyRequestedAtMs?: number | undefined;
  /** The time that the source took to answer, including the body. */
  readonly fillCostMs: number;
}

/** A record without its body. */
export interface RecordMetadata extends Coverage, Provenance {
  /** The length of the body; `null` for a stream of unknown length. */
  readonly bodyBytes: number | null;
  /** The SHA-256 of the body, in base64url; `null` for a streamed body that was never held in memory. */
  readonly bodyDigest: string | null;
  /** The request's values that select the record, besides its key. Stores have only the names. */
  readonly selecting?: SelectingValues;
  /** Whether the shared tier stores the record only after a second request. */
  readonly awaitsSecondAsk?: boolean | undefined;
}

/**
 * Says which records of a key are newer than a written one (docs/internals/purge-protocol-data.md, rule 28 c). For a
 * set, these are recent records with a later stamp. For a load, these are records with a later stamp, if
 * they are recent or the load has not seen them; and recent records with an equal stamp that the load has
 * not seen. A record is recent if its source answered at most `recentMsMax` before the request of the
 * written record, or later.
 */
export interface NewerRecords {
  readonly kind: "load" | "set";
  /** The stored record that the load has found. */
  readonly seen?: Pick<RecordMetadata, "respondedAtMs" | "bodyDigest"> | undefined;
}

/**
 * A write of a record by the step that appends its purge to a journal in the same database. The step sets
 * the record's stamp to the place of the purge.
 */
export interface WriteWithPurge {
  readonly key: string;
  /** The record's text before and after its stamp, and further arguments, in the form of the database. */
  readonly around: readonly [before: string, after: string];
  readonly options: readonly unknown[];
}

/** The time exceeds any likely difference between the clocks of two isolates. */
export const recentMsMax = 60_000;

type Chunk = Uint8Array<ArrayBuffer>;
type Bytes = ReadableStream<Chunk>;

/**
 * A body in memory (`blob`), which the runtime sends without copying, as it would copy bytes (`bytes` if its blob was
 * not needed yet, and `text` if these were not needed either and are ASCII), a `stream` from its tier, or a `part` of
 * such a stream. A body that was not read is `absent`.
 */
export type StoredBody =
  | {
      readonly kind: "blob";
      readonly blob: Blob;
      readonly bytes?: Chunk | undefined;
      readonly text?: string | undefined;
    }
  | { readonly kind: "stream"; readonly stream: Bytes }
  | { readonly kind: "part"; readonly range: ByteRange; readonly stream: Bytes }
  | { readonly kind: "absent" };

/** @typeParam Detail members that the user of the cache adds, such as HTTP's status and fields */
export type MetadataWith<Detail> = RecordMetadata & Detail;

/** @typeParam Detail as in `MetadataWith` */
export interface CacheRecord<Detail> {
  readonly metadata: MetadataWith<Detail>;
  readonly body: StoredBody;
}

/** Returns the stamp that the load of the record took (rules 1 and 27 b). */
function loadStampOf({ stamp, loadStamp }: Pick<Provenance, "stamp" | "loadStamp">): Stamp {
  return loadStamp ?? stamp;
}

/**
 * Replaces a record's stamp, and keeps that of its load. Callers ensure that no purge between the two stamps covers the
 * record, because backfills copy the new stamp into tiers that other isolates read.
 */
export function restamp(
  record: { stamp: Stamp; loadStamp?: Stamp | undefined },
  end: Exclude<Stamp, "none">,
): void {
  const { stamp } = record;
  if (stamp === "none" || stamp.n !== end.n) record.loadStamp = loadStampOf(record);
  record.stamp = end;
}

/** Returns the metadata with the stamp of its load alone, as it is at this call: a verification may replace the other. */
export function asLoaded<Metadata extends Provenance>(metadata: Metadata): Metadata {
  return { ...metadata, stamp: loadStampOf(metadata), loadStamp: undefined };
}

/**
 * Returns the metadata with the tags that its reader gives it. If it lacks some of them, it gets the stamp of its load: a
 * later stamp proves nothing about purges of these tags (rule 27 b).
 */
export function withTags<Metadata extends Coverage & Provenance>(
  metadata: Metadata,
  tags: readonly string[],
): Metadata {
  const further = tags.filter((tag) => !metadata.tags.includes(tag));
  if (further.length === 0) return metadata;
  return { ...asLoaded(metadata), tags: [...new Set([...metadata.tags, ...further])] };
}

/** Returns the body time of the purge protocol, in epoch milliseconds. */
export function bodyRequestedAtMs(provenance: Provenance): number {
  return provenance.bodyRequestedAtMs ?? provenance.requestedAtMs;
}

/**
 * Returns the metadata of a record that is made of values, which is as old as they are (rule 30): its time is that of the
 * oldest, and its colo that of all. If the view did not know the stamp of a value, the stamp of the record proves nothing.
 */
export function asOldAs<Metadata extends Provenance>(
  metadata: Metadata,
  values: ValueReads | undefined,
): Metadata {
  if (values?.colo === undefined) return metadata;
  const atMs = Math.min(bodyRequestedAtMs(metadata), values.bodyRequestedAtMs);
  const colo = metadata.colo === values.colo ? metadata.colo : "";
  const stamp = values.areKnown ? metadata.stamp : "none";
  const isOld = stamp === metadata.stamp && colo === metadata.colo;
  if (isOld && atMs === bodyRequestedAtMs(metadata)) return metadata;
  return { ...metadata, stamp, colo, bodyRequestedAtMs: atMs };
}

/**
 * Returns whether two records have the body of one fill. A 304 renews the rest of a record, and keeps
 * these members.
 */
export function haveSameBody(one: RecordMetadata, other: RecordMetadata): boolean {
  return (
    bodyRequestedAtMs(one) === bodyRequestedAtMs(other) &&
    one.colo === other.colo &&
    one.fillCostMs === other.fillCostMs &&
    one.bodyBytes === other.bodyBytes &&
    one.bodyDigest === other.bodyDigest
  );
}

/** Cancels an unused stream, which would otherwise occupy a connection to its tier. */
export function discardBody(record: Pick<CacheRecord<unknown>, "body"> | undefined): void {
  if (record === undefined || !("stream" in record.body)) return;
  void record.body.stream.cancel().catch(() => undefined);
}

export type HeldBody = Extract<StoredBody, { kind: "blob" }>;

/**
 * A body whose blob and bytes are created when a tier needs them. A blob costs Node 8 µs, and values of
 * data need none.
 */
export class BytesBody {
  readonly kind = "blob";
  #held: Chunk | Blob | string;

  /** @param held bytes, or ASCII text, whose characters take a byte each in memory, too */
  constructor(held: Chunk | string) {
    this.#held = held;
  }

  /** Keeps text that is ASCII. Workers cannot tell without encoding it. */
  static ofText(text: string): BytesBody {
    const isAscii = nodeGlobals.Buffer?.byteLength(text) === text.length;
    return new BytesBody(isAscii ? text : new TextEncoder().encode(text));
  }

  get blob(): Blob {
    if (!(this.#held instanceof Blob)) this.#held = new Blob([this.#held]);
    return this.#held;
  }

  get bytes(): Chunk | undefined {
    if (typeof this.#held === "string") this.#held = new TextEncoder().encode(this.#held);
    return this.#held instanceof Blob ? undefined : this.#held;
  }

  get text(): string | undefined {
    return typeof this.#held === "string" ? this.#held : undefined;
  }
}

/** Returns the length in bytes. */
export function sizeOf(body: HeldBody): number {
  return body.text?.length ?? body.bytes?.byteLength ?? body.blob.size;
}

/** Returns the SHA-256 of a body whose blob was not needed yet, in base64url; on Node without a promise. */
export function digestOf(body: BytesBody): string | Promise<string> {
  return sha256Base64url(body.text ?? body.bytes ?? "");
}

export async function bytesOf(body: HeldBody): Promise<Uint8Array<ArrayBuffer>> {
  return body.bytes ?? new Uint8Array(await body.blob.arrayBuffer());
}
