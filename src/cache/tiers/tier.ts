// The port of a tier. The tests in test/cache/tiers/contract/contract.ts define its contract.
import type { TierName } from "../../config/tier-names.ts";
import type { Trouble } from "../../observe/condition.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { CacheRecord, MetadataWith, RecordMetadata, StoredBody } from "../record/record.ts";
import type { RecordKey } from "../record/record-key.ts";

/** Bodies up to this size are always held in memory when read. Larger ones are streamed. */
export const smallBodyBytesMax = 262_144;
/** Bodies up to this size are kept in memory after a second request. */
export const largeBodyBytesMax = 1_048_576;
/** The largest object that the Cache API accepts. */
export const edgeBodyBytesMax = 512 * 1_048_576;
/** The largest value of Workers KV, less a head of 64 KiB. */
export const kvBodyBytesMax = 25 * 1_048_576 - 65_536;

/** The value of a key: a record with a body, or a marker that leads to several records. */
export type TierRecord<Detail> = { kind: "response"; stored: CacheRecord<Detail> } | VaryMarker;

/** A record without its body, in the form of tiers that store text. */
export type RecordHead<Detail> = { kind: "response"; metadata: MetadataWith<Detail> } | VaryMarker;

/** Leads to records under keys of their own. It has no body and no provenance. */
export interface VaryMarker {
  readonly kind: "vary";
  /** The parts of a request in those keys. For HTTP, the fields that `Vary` names. */
  readonly names: readonly string[];
  /** Variants requested before this instant were invalidated and do not count. */
  readonly sinceAtMs: number;
  /** The stored variants and their expiry. Their number is limited (`limits.variants`). */
  readonly variants: readonly StoredVariant[];
  /**
   * The full hex digests of the same keys, in the same order, for removing the records. Empty if unknown.
   * Absent in markers of version 0.1.
   */
  readonly digests?: readonly string[] | undefined;
  /**
   * All listed variants were requested at or after this instant, so a later purge may cover them. Absent in
   * markers of version 0.1, for which `sinceAtMs` applies.
   */
  readonly listedSinceAtMs?: number | undefined;
}

/** The digest is the first 64 bits of the SHA-256 of the variant's key. */
export type StoredVariant = readonly [digest: string, untilAtMs: number];

/** A record whose body is still arriving and too large to hold in memory. */
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

export type TierWrite =
  | { kind: "kept" }
  | {
      kind: "refused";
      rule:
        | "too-large"
        | "arriving"
        | "cut"
        | "expired"
        | "brief"
        | "busy"
        | "no-digest"
        | "no-room";
    }
  | { kind: "unavailable"; cause: string };

export interface TierAsk<Detail> {
  /** Epoch milliseconds. A record is readable before, not at, its expiry. */
  readonly atMs: number;
  /** `metadata` if the body may not be needed. A body that costs a further read is then `absent`. */
  readonly part: "whole" | "metadata";
  /**
   * Returns whether to read the body into memory, for backfilling other tiers; otherwise it is streamed.
   * Absent: small bodies are read into memory. Called at most once for a large body.
   */
  readonly isHeld?: (metadata: MetadataWith<Detail>) => boolean;
  /**
   * Returns the bytes that the answer needs of a body that is streamed. A tier may return only these.
   * Absent or `undefined`: all bytes are needed.
   */
  readonly rangeOf?: (metadata: MetadataWith<Detail>) => ByteRange | undefined;
  /** Extends the record's time in the shared tier, at most to its expiry, behind the answer. */
  readonly prolongMs?: number | undefined;
  /** Skips replicas, which may lag behind a recent write. */
  readonly atPrimary?: boolean | undefined;
  /** Reads without side effects: no counting, no learning, no background work. */
  readonly isPeek?: boolean | undefined;
  /** Runs work that the answer does not wait for. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A tier that timed out. */
export type TierTrouble = Trouble<"timeout"> & { readonly why: string };

export interface Tier<Detail> {
  /** Shown as `detail` in Cache-Status (RFC 9211 §2.8). */
  readonly name: TierName;
  /** The largest body that the tier stores while it arrives; 0: only whole bodies. */
  readonly arrivingBytesMax: number;
  /** Calls time out, so only probes go to this tier. */
  readonly isShutOff: boolean;
  /** The last timeouts, even if they are over. */
  readonly trouble?: TierTrouble | undefined;
  /** Reads a record. Never throws and never rejects: an unreachable tier is `unavailable`. */
  read(key: RecordKey, ask: TierAsk<Detail>): TierRead<Detail> | Promise<TierRead<Detail>>;
  /**
   * Writes a record. Takes over an arriving record's stream: reads it to its end before settling, or
   * cancels it. A truncated body is never readable. Never throws and never rejects; after anything but
   * `kept`, nothing of the record can be read.
   */
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite | Promise<TierWrite>;
  /** Removes a record. After `unavailable`, it returns when the tier does. Never throws and never rejects. */
  remove(key: RecordKey): void | Promise<TierRemoval>;
  /** Reads several whole records in one round trip. Results are in the order of the keys. Never rejects. */
  readMany?(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]>;
  /** Writes several new records in one round trip. Results are in their order. Never rejects. */
  writeMany?(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]>;
  /** Lists some of the stored records, for an operator. */
  listed?(bounds: ListingBounds): Promise<RecordList<Detail> | "unavailable">;
  /** Reads records without bodies and without side effects. */
  listedAt?(
    keys: readonly RecordKey[],
  ): Promise<readonly (RecordHead<Detail> | undefined)[] | "unavailable">;
}

/** The topmost tier. It answers synchronously, and rejects records older than one that it has had. */
export interface Memory<Detail> extends Tier<Detail> {
  read(key: RecordKey, ask: Pick<TierAsk<Detail>, "atMs">): TierRead<Detail>;
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite;
  remove(key: RecordKey): void;
  /** The size limit of a body, however often it is requested. */
  readonly largestBodyBytes: number;
  holds(body: Blob): boolean;
  /** The number of writes and removals. */
  readonly changeCount: number;
  /** Returns whether the key changed since then; true if that is too long ago to know. */
  hasChanged(key: RecordKey, sinceCount: number): boolean;
  /** The size and number of all records. */
  readonly bytes: number;
  readonly count: number;
  /** Returns all records, in no particular order. */
  stored(): Iterable<MetadataWith<Detail>>;
  /** Returns all keys and records without side effects. */
  entries(): Iterable<readonly [keyText: string, record: TierRecord<Detail>]>;
  /** `read` without side effects: no record moves up, and expired ones stay. */
  peek(key: RecordKey, ask: Pick<TierAsk<Detail>, "atMs">): TierRead<Detail>;
}

export interface RecordList<Detail> {
  readonly metadata: readonly MetadataWith<Detail>[];
  /** Why the list is incomplete; `undefined` if it is complete. */
  readonly leftOut: ListingLimit | undefined;
}

/** The limit that was reached: records, others' keys, time, length of metadata, or commands. */
export type ListingLimit = "records" | "keys" | "time" | "metadata" | "commands";

/** Timeout of a listing. */
export const listingMsMax = 5_000;

/** The limits of a listing. */
export interface ListingBounds {
  readonly recordsMax: number;
  /** Upstash counts each command of a pipeline. */
  readonly commandsMax: number;
}

export type TierRemoval = "removed" | "unavailable";

export interface TierKeep {
  readonly atMs: number;
  readonly untilAtMs: number;
  /**
   * `unchanged`: a tier had this very body, so this tier may have it, too, and needs only metadata and
   * expiry. `new`: anything else.
   */
  readonly body: "unchanged" | "new";
  /** A large body new to memory was requested a second time in this isolate. */
  readonly isAskedAgain?: boolean;
  /** The shared tier drops the record after this time, unless it is requested (`TierAsk.prolongMs`). */
  readonly sharedMsMax?: number | undefined;
  /** The marker leads to a record that may not evict others (`RecordForm`). */
  readonly leadsToError?: boolean;
}

export function isSmall({ bodyBytes }: Pick<RecordMetadata, "bodyBytes">): boolean {
  return (bodyBytes ?? 0) <= smallBodyBytesMax;
}

/** Builds the result of a read, with the body as far as it was read. */
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
