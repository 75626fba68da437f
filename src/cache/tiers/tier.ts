// The port of a tier. The tests in test/cache/tiers/contract/contract.ts define its contract.
import type { TierName } from "../../config/tier-names.ts";
import type { Trouble } from "../../observe/condition.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type {
  CacheRecord,
  MetadataWith,
  NewerRecords,
  RecordMetadata,
  WriteWithPurge,
  StoredBody,
} from "../record/record.ts";
import type { RecordKey } from "../record/record-key.ts";
import type { Locks } from "./lock.ts";

/** Bodies up to this size are read into memory by default, and larger bodies are streamed. */
export const smallBodyBytesMax = 262_144;
/** Bodies up to this size are kept in memory after a second request. */
export const largeBodyBytesMax = 1_048_576;
/** Returns the size of the largest body of a memory tier. */
export const memoryBodyBytesMax = (tierBytesMax: number): number =>
  Math.min(largeBodyBytesMax, tierBytesMax / 16);
/** The largest object that the Cache API accepts. */
export const edgeBodyBytesMax = 512 * 1_048_576;

/** The value of a key: a record with its body, or a marker that leads to several records. */
export type TierRecord<Detail> = { kind: "response"; stored: CacheRecord<Detail> } | VaryMarker;

/** A record without its body, as tiers that store text keep it. */
export type RecordHead<Detail> = { kind: "response"; metadata: MetadataWith<Detail> } | VaryMarker;

/** A marker that leads to records under other keys. A marker has no body and no provenance. */
export interface VaryMarker {
  readonly kind: "vary";
  /** The parts of a request in those keys. For HTTP, these are the fields that `Vary` names. */
  readonly names: readonly string[];
  /** The instant of the last invalidation. Variants that were requested earlier are invalid. */
  readonly sinceAtMs: number;
  /** The stored variants and their expiry. `limits.variants` limits their number. */
  readonly variants: readonly StoredVariant[];
  /** The instant since which all listed variants were requested. A later purge may cover them. */
  readonly listedSinceAtMs: number;
}

/** A stored variant, by the digest of its key (`RecordKey.digest`). */
export type StoredVariant = readonly [digest: string, untilAtMs: number];

/** A record whose body is still arriving and is too large to hold in memory. */
export interface ArrivingRecord<Detail> {
  readonly kind: "arriving";
  readonly metadata: MetadataWith<Detail>;
  readonly stream: ReadableStream<Uint8Array>;
  /** Settles when the stream has ended, with its length in bytes or `cut`. */
  readonly completed: Promise<number | "cut">;
}

/** A record to write. */
export type TierFill<Detail> = TierRecord<Detail> | ArrivingRecord<Detail>;

export type TierRead<Detail> =
  | { kind: "found"; record: TierRecord<Detail> }
  | { kind: "absent" }
  | { kind: "unavailable"; cause: string };

/** The result of a call that was not sent, because of earlier failures. */
export const breakerOpen = { kind: "unavailable", cause: "breaker-open" } as const;

export type WriteRefusal =
  | "too-large"
  | "arriving"
  | "cut"
  | "expired"
  | "busy"
  | "no-digest"
  | "no-room"
  | "newer"
  | "not-at-end";

export type TierWrite =
  | { kind: "kept" }
  | { kind: "refused"; rule: WriteRefusal }
  | { kind: "unavailable"; cause: string };

export interface TierAsk<Detail> {
  /**
   * The instant of the read, in epoch milliseconds. A record is readable before its expiry, but not at
   * its expiry.
   */
  readonly atMs: number;
  /**
   * The part to read. `metadata` if the body may not be needed: a body that requires a further read is
   * then `absent`.
   */
  readonly part: "whole" | "metadata";
  /**
   * Returns whether to read the body into memory, to backfill other tiers, instead of streaming it. By
   * default, small bodies are read into memory. Called at most once for a large body.
   */
  readonly isHeld?: (metadata: MetadataWith<Detail>) => boolean;
  /**
   * Returns the range that the answer needs of a streamed body; `undefined` for the whole body. A tier
   * may return only this range.
   */
  readonly rangeOf?: (metadata: MetadataWith<Detail>) => ByteRange | undefined;
  /**
   * The range that the answer needs, if the caller knows it before the metadata. The body is then
   * stored with its record, so that a tier needs one request.
   */
  readonly knownRange?: ByteRange | undefined;
  /** Extends the record's time in the shared tier in the background, at most to its expiry. */
  readonly prolongMs?: number | undefined;
  /**
   * Whether to read also an expired record that the shared tier still has. It answers nothing, but a load may replace it
   * only if the load has seen it (docs/internals/purge-protocol-data.md, rule 28 c).
   */
  readonly seesExpired?: boolean | undefined;
  /** Whether to read at the primary, because a replica may lag behind a recent write. */
  readonly atPrimary?: boolean | undefined;
  /**
   * Whether the read has the longest time-out, because a load costs more than a wait. By default, the wait
   * adapts to the latency.
   */
  readonly waitsLongest?: boolean | undefined;
  /** Whether to read without side effects, such as counts, evictions and background work. */
  readonly isPeek?: boolean | undefined;
  /** Runs work that the answer does not wait for. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** `busy`, `refused` and `full`: the tier's store has refused a call at once. */
export type TierTroubleKind =
  | "timeout"
  | "unreachable"
  | "busy"
  | "refused"
  | "full"
  | "other-version";

/** The last trouble of a tier, its cause, and its remedy if there is one. */
export type TierTrouble = Trouble<TierTroubleKind> & {
  readonly why: string;
  readonly remedy?: string;
};

export interface Tier<Detail> {
  /** The tier's name, which is `detail` in Cache-Status (RFC 9211 §2.8). */
  readonly name: TierName;
  /**
   * The largest body that the tier stores while the body arrives; 0 if the tier stores only whole
   * bodies.
   */
  readonly arrivingBytesMax: number;
  /** The largest whole body that the tier stores. */
  readonly bodyBytesMax: number;
  /** The locks of the same store; absent if the store has none. */
  readonly locks?: Locks<RecordHead<Detail>> | undefined;
  /** Whether the breaker of the tier is open, because calls time out. Only probes then use the tier. */
  readonly isBreakerOpen: boolean;
  /** Whether a write can compare its stamp with the journal's last entry (`TierKeep.isAtEnd`). */
  readonly isBesideJournal?: boolean;
  /** The last trouble, even if the tier has recovered. */
  readonly trouble?: TierTrouble | undefined;
  /** The store of the bodies that are too large for the tier itself; absent if there is none. */
  readonly bodies?: Pick<Tier<never>, "isBreakerOpen" | "trouble"> | undefined;
  /** Reads a record. Never throws and never rejects: an unreachable tier returns `unavailable`. */
  read(key: RecordKey, ask: TierAsk<Detail>): TierRead<Detail> | Promise<TierRead<Detail>>;
  /**
   * Writes a record. Consumes the stream of an arriving record: reads it to its end before settling, or
   * cancels it. A truncated body is never readable. Never throws and never rejects. After a refusal, no
   * part of the record is readable; after `newer`, a newer record is readable; after `not-at-end`, the
   * tier is unchanged. After `unavailable`, the record may have been stored.
   */
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite | Promise<TierWrite>;
  /**
   * Removes a record. After `unavailable`, the tier may still contain the record. Never throws and
   * never rejects.
   */
  remove(key: RecordKey): void | Promise<TierRemoval>;
  /**
   * Reads several whole records in one round trip. The results are in the order of the keys. Never
   * rejects.
   */
  readMany?(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "seesExpired" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]>;
  /**
   * Writes several new records in few round trips. The results are in the order of the records. Never
   * rejects.
   */
  writeMany?(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]>;
  /**
   * Prepares a write that a journal in the same database makes with the purge of the key. `undefined` if the
   * journal cannot make it. Never rejects.
   */
  prepared?(
    key: RecordKey,
    record: TierRecord<Detail>,
    keep: TierKeep,
  ): Promise<PreparedWrite | undefined>;
  /** Lists stored records for an operator, within limits. */
  listed?(bounds: ListingBounds): Promise<RecordList<Detail> | "unavailable">;
}

/** A write of `Tier.prepared`. */
export interface PreparedWrite {
  readonly write: WriteWithPurge;
  /**
   * Ends the write. Must be called once.
   *
   * @param reply the journal's reply for the record; `undefined` without one
   * @returns the result; `undefined` if the journal has not made the write
   */
  ended(reply: unknown): Promise<TierWrite | undefined>;
}

/** The part of an ask that memory reads. */
export type MemoryAsk = Pick<TierAsk<never>, "atMs" | "isPeek">;

/** The topmost tier. It is synchronous, and reports whether a key has changed since a lookup began. */
export interface Memory<Detail> extends Tier<Detail> {
  read(key: RecordKey, ask: MemoryAsk): TierRead<Detail>;
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite;
  remove(key: RecordKey): void;
  /** The size limit of a body, regardless of how often it is requested. */
  readonly largestBodyBytes: number;
  holds(body: Blob): boolean;
  /** The number of writes and removals. */
  readonly changeCount: number;
  /**
   * Returns whether the key changed since a value of `changeCount`. Also returns true if that value
   * is too old to determine the result.
   */
  hasChanged(key: RecordKey, sinceCount: number): boolean;
  /** The size of all records. */
  readonly bytes: number;
  readonly count: number;
  /** Returns all records, in no particular order. */
  stored(): Iterable<MetadataWith<Detail>>;
  /** Returns all keys and records without side effects. */
  entries(): Iterable<readonly [keyText: string, record: TierRecord<Detail>]>;
}

export type TierRemoval = "removed" | "unavailable";

export interface TierKeep {
  readonly atMs: number;
  readonly untilAtMs: number;
  /**
   * `unchanged` if a tier already had the same body. A tier that still has the body needs only the
   * metadata and the expiry. The record's body is then `absent` if it is not in memory: a tier without
   * the body refuses the record.
   */
  readonly body: "unchanged" | "new";
  /**
   * Whether this isolate requested the body a second time, or no lower tier stores the body. Memory stores a large body
   * only in these cases, or at the second write.
   */
  readonly isAskedAgain?: boolean;
  /** The shared tier drops the record after this time, unless it is requested (`TierAsk.prolongMs`). */
  readonly sharedMsMax?: number | undefined;
  /** Redis has the record for so long, also as an expired one, with which a write is still compared (rule 28 c). */
  readonly sharedMsMin?: number | undefined;
  /**
   * Whether the marker leads to an error, so that it may not evict other records
   * (`RecordForm.mayPushOutOthers`).
   */
  readonly leadsToError?: boolean;
  /** The records that the shared tier keeps. Absent: it replaces any record. */
  readonly unlessNewer?: NewerRecords | undefined;
  /**
   * Whether to write the record, which has `unlessNewer`, only if its stamp is the journal's last entry.
   * Only for a tier with `isBesideJournal`.
   */
  readonly isAtEnd?: boolean | undefined;
  /** Whether the journal replaces no record with tags that this one lacks. Only for `prepared`. */
  readonly keepsTags?: boolean | undefined;
}

/**
 * Returns whether a tier that accepts streams stores the body apart from the record's head. A 304 then
 * rewrites the head alone.
 */
export function isApart({ bodyBytes, bodyDigest }: RecordMetadata): boolean {
  return bodyDigest === null || (bodyBytes ?? 0) > largeBodyBytesMax;
}

export function isSmall({ bodyBytes }: Pick<RecordMetadata, "bodyBytes">): boolean {
  return (bodyBytes ?? 0) <= smallBodyBytesMax;
}

/** Returns the result of a read, with the part of the body that was read. */
export function foundWith<Detail>(
  metadata: MetadataWith<Detail>,
  body: StoredBody,
): TierRead<Detail> {
  return { kind: "found", record: { kind: "response", stored: { metadata, body } } };
}

/** Refuses an arriving record, for a tier that stores only whole bodies. */
export function refuseArriving({ stream }: ArrivingRecord<unknown>): TierWrite {
  void stream.cancel().catch(() => undefined);
  return { kind: "refused", rule: "arriving" };
}

export interface RecordList<Detail> {
  readonly metadata: readonly MetadataWith<Detail>[];
  /** The reason why the list is incomplete; `undefined` if it is complete. */
  readonly leftOut: ListingLimit | undefined;
}

/**
 * The limit that a listing reached. `keys`: too many keys of other applications. `metadata`: records
 * with long metadata.
 */
export type ListingLimit = "records" | "keys" | "time" | "metadata" | "commands";

/** The timeout of a listing. */
export const listingMsMax = 5_000;

/** The limits of a listing. */
export interface ListingBounds {
  readonly recordsMax: number;
  /** The maximum number of commands. Upstash counts each command of a pipeline. */
  readonly commandsMax: number;
}
