// The memory tier: small, hot stored responses in the isolate's heap, under a bound in bytes.
import { LRUCache } from "lru-cache";
import { isErrorStatus } from "../../http/fields.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import { blobIn, heapBytes } from "./heap-bytes.ts";
import type { RecordKey } from "../record-key.ts";
import {
  type ArrivingResponse,
  largeBodyBytesMax,
  refuseArriving,
  smallBodyBytesMax,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierWrite,
} from "./tier.ts";

interface Held {
  readonly record: TierRecord;
  readonly keepUntilAtMs: number;
}

/** Of the bytes, what errors may take: whoever asks for random paths pushes out errors alone. */
const errorShare = 1 / 8;

/** What large bodies may take from small ones, */
const largeShare = 1 / 4;
/** and one of them alone. */
const largestShare = 1 / 16;

/** No look-up goes on while more than these are written, or it brings nothing up. */
const changedKeysMax = 256;

type Part = LRUCache<string, Held>;

/**
 * Three parts, each with a bound of its own: one for responses of status 400 and above, and what leads
 * to them alone; one for large bodies, which push out each other alone once they have their share; one
 * for all others. A key stands in one of them at the most.
 */
export class MemoryTier implements Tier {
  readonly name = "memory";
  /** The largest body that it holds, asked for as often as may be. */
  readonly largestBodyBytes: number;
  readonly #errors: Part;
  readonly #large: Part;
  readonly #others: Part;
  /** Of what is no error. */
  readonly #bytesMax: number;
  readonly #onLetGo: (body: Blob) => void;
  readonly #bodies = new WeakSet<Blob>();
  /** When a key was last written or removed, by how often any was. */
  readonly #changed = new LRUCache<string, number>({ max: changedKeysMax });
  #changeCount = 0;
  /** The body that is being written, which may be the one that stands there. */
  #written: Blob | undefined;

  /**
   * @param bytesMax of bodies, fields and keys together; 0 holds nothing
   * @param onLetGo  gets each body that is no longer held
   */
  constructor(bytesMax: number, onLetGo: (body: Blob) => void = () => undefined) {
    const errorBytesMax = Math.floor(bytesMax * errorShare);
    const letGo = ({ record }: Held) => this.#letGo(blobIn(record));
    this.largestBodyBytes = Math.min(largeBodyBytesMax, bytesMax * largestShare);
    this.#bytesMax = bytesMax - errorBytesMax;
    this.#onLetGo = onLetGo;
    this.#errors = partOf(errorBytesMax, letGo);
    this.#large = partOf(Math.floor(bytesMax * largeShare), letGo);
    this.#others = partOf(this.#bytesMax, letGo);
  }

  get #parts(): readonly Part[] {
    return [this.#others, this.#large, this.#errors];
  }

  holds(body: Blob): boolean {
    return this.#bodies.has(body);
  }

  /** How often anything was written or removed. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Was anything under the key since then? Yes, where that is too long ago to tell. */
  hasChanged({ text }: RecordKey, sinceCount: number): boolean {
    const isTooLongAgo = this.#changeCount - sinceCount > changedKeysMax;
    return isTooLongAgo || (this.#changed.peek(text) ?? 0) > sinceCount;
  }

  get bytes(): number {
    return this.#parts.reduce((bytes, { calculatedSize }) => bytes + calculatedSize, 0);
  }

  get count(): number {
    return this.#parts.reduce((count, { size }) => count + size, 0);
  }

  /** What is held, in no order that means anything. */
  *stored(): Generator<StoredMetadata> {
    for (const part of this.#parts) {
      for (const { record } of part.values()) {
        if (record.kind === "response") yield record.stored.metadata;
      }
    }
  }

  read({ text }: RecordKey, ask: Pick<TierAsk, "atMs">): TierRead {
    const held = this.#others.get(text) ?? this.#large.get(text) ?? this.#errors.get(text);
    if (held === undefined) return { kind: "absent" };
    if (ask.atMs < held.keepUntilAtMs) return { kind: "found", record: held.record };
    // No change: whoever finds it expired brings up what is below.
    this.#drop(text);
    return { kind: "absent" };
  }

  remove({ text }: RecordKey): void {
    this.#changeCount += 1;
    this.#changed.set(text, this.#changeCount);
    this.#drop(text);
  }

  #drop(keyText: string): void {
    for (const part of this.#parts) part.delete(keyText);
  }

  write(key: RecordKey, record: TierRecord | ArrivingResponse, keep: TierKeep): TierWrite {
    if (record.kind === "arriving") {
      this.remove(key);
      return refuseArriving(record);
    }
    const part = this.#partFor(key, record, keep);
    const isRefused = part === this.#large && !this.#takesLarge(key, record, keep);
    const body = blobIn(record);
    this.#written = body;
    // Whatever stood here is older, also when the new record cannot be held.
    this.remove(key);
    this.#written = undefined;
    const written = isRefused ? tooLarge : this.#put(part, key, { record, keep });
    if (body !== undefined) {
      if (written.kind === "kept") this.#bodies.add(body);
      else this.#letGo(body);
    }
    return written;
  }

  #put(
    part: Part,
    key: RecordKey,
    { record, keep }: { record: TierRecord; keep: TierKeep },
  ): TierWrite {
    if (keep.untilAtMs <= keep.atMs) return { kind: "refused", rule: "expired" };
    const isWhole = record.kind === "vary" || blobIn(record) !== undefined;
    if (!isWhole) return { kind: "refused", rule: "arriving" };
    part.set(key.text, { record, keepUntilAtMs: keep.untilAtMs });
    while (this.#others.calculatedSize + this.#large.calculatedSize > this.#bytesMax) {
      this.#others.pop();
    }
    return part.has(key.text) ? { kind: "kept" } : tooLarge;
  }

  /** One that was asked for again, or the very body that it holds already. */
  #takesLarge(key: RecordKey, record: TierRecord, keep: TierKeep): boolean {
    if (record.kind === "vary") return true;
    const { bodyDigest } = record.stored.metadata;
    const held = this.#large.peek(key.text)?.record;
    const isHeld =
      held?.kind === "response" &&
      bodyDigest !== null &&
      held.stored.metadata.bodyDigest === bodyDigest;
    const bodyBytes = blobIn(record)?.size ?? 0;
    return bodyBytes <= this.largestBodyBytes && (keep.isAskedAgain === true || isHeld);
  }

  #letGo(body: Blob | undefined): void {
    if (body === undefined || body === this.#written || !this.#bodies.delete(body)) return;
    this.#onLetGo(body);
  }

  /** A marker that has led to other responses leads to them still, whatever is stored beside them. */
  #partFor(key: RecordKey, record: TierRecord, keep: TierKeep): Part {
    if (record.kind === "response") {
      const isLarge = (blobIn(record)?.size ?? 0) > smallBodyBytesMax;
      if (isLarge) return this.#large;
      return isErrorStatus(record.stored.metadata.status) ? this.#errors : this.#others;
    }
    const hasLedToOthers = this.#others.peek(key.text)?.record.kind === "vary";
    return keep.leadsToError === true && !hasLedToOthers ? this.#errors : this.#others;
  }
}

const tooLarge: TierWrite = { kind: "refused", rule: "too-large" };

function partOf(bytesMax: number, letGo: (held: Held) => void): Part {
  return new LRUCache<string, Held>({
    maxSize: Math.max(1, bytesMax),
    dispose: letGo,
    sizeCalculation: (held, key) => heapBytes(held.record) + 2 * key.length,
  });
}
