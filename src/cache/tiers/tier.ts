// The port of a tier. What it promises is written as tests in test/cache/tiers/contract/contract.ts.
import type { TierName } from "../../config/tier-names.ts";
import type { Trouble } from "../../observe/condition.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import type { CacheRecord, MetadataWith, RecordMetadata, StoredBody } from "../record/record.ts";
import type { RecordKey } from "../record/record-key.ts";

/** A body up to here is held whole wherever it is met. A larger one is read as it is sent. */
export const smallBodyBytesMax = 262_144;
/** A body up to here is held in memory once it is asked for again. */
export const largeBodyBytesMax = 1_048_576;
/** The largest object that the Cache API takes. */
export const edgeBodyBytesMax = 512 * 1_048_576;
/** The largest value of Workers KV, less a head of 64 KiB. */
export const kvBodyBytesMax = 25 * 1_048_576 - 65_536;

/** Under one key stands a record with a body, or the marker that leads to several of them. */
export type TierRecord<Detail> = { kind: "response"; stored: CacheRecord<Detail> } | VaryMarker;

/** A record without its body, as a tier that holds text keeps it. */
export type RecordHead<Detail> = { kind: "response"; metadata: MetadataWith<Detail> } | VaryMarker;

/** Leads to records under keys of their own, and has neither a body nor a provenance. */
export interface VaryMarker {
  readonly kind: "vary";
  /** The parts of a request that are in those keys; of HTTP, the fields that its `Vary` names. */
  readonly names: readonly string[];
  /** Variants that were asked for before this instant were invalidated, and do not count. */
  readonly sinceAtMs: number;
  /** Those that were stored, and until when: what bounds their number (`limits.variants`). */
  readonly variants: readonly StoredVariant[];
  /**
   * The whole digest of each of these keys in hex, in the same order, so that a record can be removed;
   * empty where it is not known. Absent in markers of version 0.1.
   */
  readonly digests?: readonly string[] | undefined;
  /**
   * All of these were requested at or after this instant; a purge since then may cover each of them.
   * Absent in markers of version 0.1, of which `sinceAtMs` says the same.
   */
  readonly listedSinceAtMs?: number | undefined;
}

/** By the first 64 bits of the SHA-256 of its key. */
export type StoredVariant = readonly [digest: string, untilAtMs: number];

/** A record whose body is still on its way, too large to be held whole. */
export interface ArrivingRecord<Detail> {
  readonly kind: "arriving";
  readonly metadata: MetadataWith<Detail>;
  readonly stream: ReadableStream<Uint8Array>;
  /** Settles when the stream has ended: with its length in bytes, or that it was cut short. */
  readonly completed: Promise<number | "cut">;
}

/** What a tier is given to keep. */
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
  /** Epoch milliseconds; a record is there up to, but not at, the instant it is kept until. */
  readonly atMs: number;
  /** `metadata` where a body may prove needless; the body is then `absent` if it costs anything. */
  readonly part: "whole" | "metadata";
  /**
   * Is such a body wanted whole, for other tiers to keep? If not, a body that is read as it is sent
   * will do. Where this is absent, small bodies are read whole. It is called once at the most for a
   * large body.
   */
  readonly isHeld?: (metadata: MetadataWith<Detail>) => boolean;
  /**
   * Of a body that is not wanted whole: the bytes that the answer is made of. They will do in place
   * of all. Where this is absent or tells none, all are wanted.
   */
  readonly rangeOf?: (metadata: MetadataWith<Detail>) => ByteRange | undefined;
  /** What is found is kept for that much longer behind the answer, up to its end. Of the shared tier. */
  readonly prolongMs?: number | undefined;
  /** Not from a replica, which may lag behind what was just written. */
  readonly atPrimary?: boolean | undefined;
  /** Somebody only wants to know what lies there: nothing is counted, learnt of records or begun. */
  readonly isPeek?: boolean | undefined;
  /** For what the tier has to do that no answer waits for. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A tier did not answer in time. */
export type TierTrouble = Trouble<"timeout"> & { readonly why: string };

export interface Tier<Detail> {
  /** Shown as `detail` in Cache-Status (RFC 9211 §2.8). */
  readonly name: TierName;
  /** The largest body that it stores while the body arrives; 0: it stores only whole bodies. */
  readonly arrivingBytesMax: number;
  /** Its calls time out, so only probes are sent to it. */
  readonly isShutOff: boolean;
  /** The last time-outs, also after they are over. */
  readonly trouble?: TierTrouble | undefined;
  /** Never throws and never rejects: what cannot be reached reads as `unavailable`. */
  read(key: RecordKey, ask: TierAsk<Detail>): TierRead<Detail> | Promise<TierRead<Detail>>;
  /**
   * Takes over an arriving record's stream: a tier that keeps such reads it to its end before
   * this settles, any other cancels it. A record whose body was cut short is never there.
   * Never throws and never rejects; after anything but `kept`, nothing of it can be read.
   */
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite | Promise<TierWrite>;
  /**
   * Nothing can be read under the key from then on; after `unavailable` it can, once the tier can be
   * reached again. Never throws and never rejects.
   */
  remove(key: RecordKey): void | Promise<TierRemoval>;
  /**
   * Several whole records by one round trip, where the tier can: what each read comes to, in the order of the
   * keys. Never rejects.
   */
  readMany?(
    keys: readonly RecordKey[],
    ask: Pick<TierAsk<Detail>, "atMs" | "afterAnswer">,
  ): Promise<readonly TierRead<Detail>[]>;
  /** Several new records by one round trip: what each write comes to, in their order. Never rejects. */
  writeMany?(
    records: readonly (readonly [key: RecordKey, record: TierRecord<Detail>, keep: TierKeep])[],
  ): Promise<readonly TierWrite[]>;
  /** Some of the records that stand there, for an operator. */
  listed?(bounds: ListingBounds): Promise<Listed<Detail> | "unavailable">;
  /** What stands under keys, without bodies: for whoever only wants to know. Nothing is learnt of it. */
  listedAt?(
    keys: readonly RecordKey[],
  ): Promise<readonly (RecordHead<Detail> | undefined)[] | "unavailable">;
}

/** The tier above all others: it answers at once, and lets nothing older in than it has met. */
export interface Memory<Detail> extends Tier<Detail> {
  read(key: RecordKey, ask: Pick<TierAsk<Detail>, "atMs">): TierRead<Detail>;
  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite;
  remove(key: RecordKey): void;
  /** The largest body that it holds, asked for as often as may be. */
  readonly largestBodyBytes: number;
  holds(body: Blob): boolean;
  /** How often anything was written or removed. */
  readonly changeCount: number;
  /** Was anything under the key since then? Yes, where that is too long ago to tell. */
  hasChanged(key: RecordKey, sinceCount: number): boolean;
  /** Of all that it holds, and how many records that are. */
  readonly bytes: number;
  readonly count: number;
  /** What is held, in no order that means anything. */
  stored(): Iterable<MetadataWith<Detail>>;
  /** Texts of keys, and what is held under each, without a trace. */
  entries(): Iterable<readonly [keyText: string, record: TierRecord<Detail>]>;
  /** `read` without a trace: what is found goes no later for it, and what has expired stays. */
  peek(key: RecordKey, ask: Pick<TierAsk<Detail>, "atMs">): TierRead<Detail>;
}

export interface Listed<Detail> {
  readonly metadata: readonly MetadataWith<Detail>[];
  /** Why something was left out; `undefined` if nothing was. */
  readonly leftOut: LeftOut | undefined;
}

/** Enough records, too many keys of others, too little time, metadata that is too long, or enough commands. */
export type LeftOut = "records" | "keys" | "time" | "metadata" | "commands";

/** Whoever asks for a listing waits for it so long. */
export const listingMsMax = 5_000;

/** How far a listing goes. */
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
   * What is known of the body under this key. `unchanged`: a tier had this very body, so that this
   * one may have it too, and need be given the metadata and expiry alone. `new`: nothing of the kind.
   */
  readonly body: "unchanged" | "new";
  /** Of a large body that is new to memory: this isolate was asked for it again. */
  readonly isAskedAgain?: boolean;
  /** The shared tier drops it after so long, unless somebody asks there for it (`TierAsk.prolongMs`). */
  readonly sharedMsMax?: number | undefined;
  /** Of a marker: it leads to a record that may not push out others (`RecordForm`). */
  readonly leadsToError?: boolean;
}

export function isSmall({ bodyBytes }: Pick<RecordMetadata, "bodyBytes">): boolean {
  return (bodyBytes ?? 0) <= smallBodyBytesMax;
}

/** What a read brings of a record, with as much of its body as was read. */
export function foundWith<Detail>(
  metadata: MetadataWith<Detail>,
  body: StoredBody,
): TierRead<Detail> {
  return { kind: "found", record: { kind: "response", stored: { metadata, body } } };
}

/** Of a tier that holds whole bodies alone. */
export function refuseArriving({ stream }: ArrivingRecord<unknown>): TierWrite {
  void stream.cancel().catch(() => undefined);
  return { kind: "refused", rule: "arriving" };
}
