// The memory tier: recently used records in the isolate's heap, within a limit in bytes.
import { BoundedMap, BoundedMarks } from "../../base/bounded-map.ts";
import { type MetadataWith, sizeOf } from "../../cache/record/record.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { bodyIn, heapBytes, type RecordForm } from "../../cache/tiers/record-form.ts";
import {
  type Memory,
  type MemoryAsk,
  memoryBodyBytesMax,
  refuseArriving,
  smallBodyBytesMax,
  type TierKeep,
  type TierFill,
  type TierRead,
  type TierRecord,
  type TierWrite,
} from "../../cache/tiers/tier.ts";

export interface MemoryTierSettings<Detail> {
  /** The limit for bodies, metadata and keys together; 0 disables the tier. */
  readonly bytesMax: number;
  readonly form: RecordForm<Detail>;
  /** Receives each body that the tier no longer stores. */
  readonly onRelease?: (body: Blob) => void;
  /** Called for each evicted record. */
  readonly onEvicted?: () => void;
}

interface MemoryRecord<Detail> {
  readonly record: TierRecord<Detail>;
  readonly keepUntilAtMs: number;
  /** The size of the record and its key. */
  readonly bytes: number;
}

/** The share of the bytes for records that may evict only each other, such as errors. */
const lesserShare = 1 / 8;

/** The share of the bytes for records with large bodies. */
const largeShare = 1 / 4;
/** The share of each part for records that were not read since they were stored. */
const trialShare = 1 / 20;

/**
 * The maximum number of changed keys to remember. A lookup during which more keys change backfills
 * nothing.
 */
const changedKeysMax = 256;
/** The size limit of the keys of refused large bodies. */
const refusedBytesMax = 65_536;

type Part<Detail> = BoundedMap<MemoryRecord<Detail>>;

/**
 * The tier has three parts, each with its own limit. `lesser` contains records that may evict only
 * each other, and markers that lead only to such records. `large` contains records with large
 * bodies, and `others` contains the rest. A key is in at most one part.
 */
export class MemoryTier<Detail> implements Memory<Detail> {
  readonly name = "memory";
  readonly arrivingBytesMax = 0;
  readonly isBreakerOpen = false;
  readonly largestBodyBytes: number;
  readonly bodyBytesMax: number;
  readonly #settings: MemoryTierSettings<Detail>;
  readonly #lesser: Part<Detail>;
  readonly #large: Part<Detail>;
  readonly #others: Part<Detail>;
  readonly #parts: readonly Part<Detail>[];
  /** The limit for the records of `large` and `others` together, in bytes. */
  readonly #bytesMax: number;
  readonly #bodies = new WeakSet<Blob>();
  /** The last keys that were written or removed, each at its change count modulo their number. */
  readonly #changed: string[] = [];
  /** The keys of large bodies that await a second request. */
  readonly #refused = new BoundedMarks(refusedBytesMax);
  changeCount = 0;
  /**
   * The body that is being written. It is not released if the replaced record has the same body.
   */
  #written: Blob | undefined;

  constructor(settings: MemoryTierSettings<Detail>) {
    const { bytesMax } = settings;
    const lesserBytesMax = Math.floor(bytesMax * lesserShare);
    this.largestBodyBytes = memoryBodyBytesMax(bytesMax);
    this.#bytesMax = bytesMax - lesserBytesMax;
    this.bodyBytesMax = Math.max(
      this.largestBodyBytes,
      Math.min(smallBodyBytesMax, this.#bytesMax),
    );
    this.#settings = settings;
    this.#lesser = this.#part(lesserBytesMax);
    this.#large = this.#part(Math.floor(bytesMax * largeShare));
    this.#others = this.#part(this.#bytesMax);
    this.#parts = [this.#others, this.#large, this.#lesser];
  }

  #part(bytesMax: number): Part<Detail> {
    return new BoundedMap({
      sizeMax: bytesMax,
      trialShare,
      onRemoved: ({ record }, _, why) => {
        if (why === "evicted") this.#settings.onEvicted?.();
        this.#release(readBlob(record));
      },
      sizeOf: ({ bytes }) => bytes,
    });
  }

  holds(body: Blob): boolean {
    return this.#bodies.has(body);
  }

  hasChanged({ text }: RecordKey, sinceCount: number): boolean {
    if (this.changeCount - sinceCount > changedKeysMax) return true;
    for (let count = this.changeCount; count > sinceCount; count -= 1)
      if (this.#changed[count % changedKeysMax] === text) return true;
    return false;
  }

  get bytes(): number {
    return this.#parts.reduce((bytes, { size }) => bytes + size, 0);
  }

  get count(): number {
    return this.#parts.reduce((sum, { count }) => sum + count, 0);
  }

  *stored(): Generator<MetadataWith<Detail>> {
    for (const [, record] of this.entries()) {
      if (record.kind === "response") yield record.stored.metadata;
    }
  }

  read({ text }: RecordKey, ask: MemoryAsk): TierRead<Detail> {
    const entry =
      ask.isPeek === true
        ? (this.#others.peek(text) ?? this.#large.peek(text) ?? this.#lesser.peek(text))
        : (this.#others.get(text) ?? this.#large.get(text) ?? this.#lesser.get(text));
    if (entry === undefined) return { kind: "absent" };
    if (ask.atMs < entry.keepUntilAtMs) return { kind: "found", record: entry.record };
    // Do not count an expiry as a change, so that the lookup that detects the expiry may backfill.
    if (ask.isPeek !== true) this.#drop(text);
    return { kind: "absent" };
  }

  *entries(): Generator<readonly [keyText: string, record: TierRecord<Detail>]> {
    for (const part of this.#parts) {
      for (const [keyText, { record }] of part.entries()) yield [keyText, record];
    }
  }

  remove({ text }: RecordKey): void {
    this.#noteChange(text);
    this.#drop(text);
  }

  #noteChange(keyText: string): void {
    this.changeCount += 1;
    this.#changed[this.changeCount % changedKeysMax] = keyText;
  }

  #drop(keyText: string): void {
    for (const part of this.#parts) part.delete(keyText);
  }

  write(key: RecordKey, record: TierFill<Detail>, keep: TierKeep): TierWrite {
    if (record.kind === "arriving") {
      this.remove(key);
      return refuseArriving(record);
    }
    const body = readBlob(record);
    const part = this.#partFor(key, record, keep);
    this.#written = body;
    this.#noteChange(key.text);
    for (const other of this.#parts) if (other !== part) other.delete(key.text);
    const written = part === undefined ? tooLarge : this.#put(part, key, { record, keep });
    // Any previous record is outdated, even if the new one does not fit.
    if (written.kind !== "kept") this.#drop(key.text);
    this.#written = undefined;
    if (body !== undefined) {
      if (written.kind === "kept") this.#bodies.add(body);
      else this.#release(body);
    }
    return written;
  }

  #put(
    part: Part<Detail>,
    key: RecordKey,
    { record, keep }: { record: TierRecord<Detail>; keep: TierKeep },
  ): TierWrite {
    if (keep.untilAtMs <= keep.atMs) return { kind: "refused", rule: "expired" };
    const isWhole = record.kind === "vary" || bodyIn(record) !== undefined;
    if (!isWhole) return { kind: "refused", rule: "arriving" };
    const bytes = heapBytes(record, this.#settings.form) + 2 * key.text.length;
    if (part === this.#others) this.#makeRoom(bytes);
    part.set(key.text, { record, keepUntilAtMs: keep.untilAtMs, bytes });
    this.#makeRoom(0);
    return part.has(key.text) ? { kind: "kept" } : tooLarge;
  }

  /** Evicts from `others`, so that it fits with `large` and some new bytes. */
  #makeRoom(bytes: number): void {
    if (bytes > this.#bytesMax) return;
    while (
      this.#others.count > 0 &&
      this.#others.size + this.#large.size + bytes > this.#bytesMax
    ) {
      this.#others.evict();
    }
  }

  #release(body: Blob | undefined): void {
    if (body === undefined || body === this.#written || !this.#bodies.delete(body)) return;
    this.#settings.onRelease?.(body);
  }

  /**
   * Returns the part for a record. A large body is stored only after a second request or a second
   * write, or if the key's record in memory has the same body. Without a working Cache API, each
   * request reads the shared tier, and the second write is the only sign of the second request.
   */
  #partFor(key: RecordKey, record: TierRecord<Detail>, keep: TierKeep): Part<Detail> | undefined {
    if (record.kind === "vary") {
      // A marker in `others` stays there, even if an error is stored for the page.
      const hasLedToOthers = this.#others.peek(key.text)?.record.kind === "vary";
      return keep.leadsToError === true && !hasLedToOthers ? this.#lesser : this.#others;
    }
    const { metadata } = record.stored;
    const body = bodyIn(record);
    const bodyBytes = body === undefined ? 0 : sizeOf(body);
    if (bodyBytes > smallBodyBytesMax) {
      const isWanted =
        keep.isAskedAgain === true ||
        this.#holdsLarge(key, metadata) ||
        this.#refused.has(key.text);
      if (isWanted) this.#refused.delete(key.text);
      else this.#refused.set(key.text, bodyBytes);
      return isWanted && bodyBytes <= this.largestBodyBytes ? this.#large : undefined;
    }
    return this.#settings.form.mayPushOutOthers(metadata) ? this.#others : this.#lesser;
  }

  #holdsLarge({ text }: RecordKey, { bodyDigest }: MetadataWith<Detail>): boolean {
    const record = this.#large.peek(text)?.record;
    return (
      bodyDigest !== null &&
      record?.kind === "response" &&
      record.stored.metadata.bodyDigest === bodyDigest
    );
  }
}

const tooLarge: TierWrite = { kind: "refused", rule: "too-large" };

/** Returns a body that responses may be reading. Responses read the bytes of small bodies only. */
function readBlob(record: TierRecord<unknown>): Blob | undefined {
  const body = bodyIn(record);
  const isBlob = body !== undefined && body.text === undefined && body.bytes === undefined;
  return isBlob ? body.blob : undefined;
}
