// The memory tier: small, hot stored responses in the isolate's heap, under a bound in bytes.
import { LRUCache } from "lru-cache";
import type { StoredMetadata } from "../http/stored-response.ts";
import type { RecordKey } from "./record-key.ts";
import {
  type ArrivingResponse,
  refuseArriving,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierWrite,
} from "./tier.ts";

/** Copying a larger body out of memory costs more than reading it from the edge tier. */
export const memoryBodyBytesMax = 262_144;

interface Held {
  readonly record: TierRecord;
  readonly keepUntilAtMs: number;
}

export class MemoryTier implements Tier {
  readonly name = "memory";
  readonly #held: LRUCache<string, Held>;

  /** @param bytesMax of bodies, fields and keys together; 0 holds nothing */
  constructor(bytesMax: number) {
    this.#held = new LRUCache<string, Held>({
      maxSize: Math.max(1, bytesMax),
      sizeCalculation: (held, key) => heapBytes(held.record) + 2 * key.length,
    });
  }

  get bytes(): number {
    return this.#held.calculatedSize;
  }

  get count(): number {
    return this.#held.size;
  }

  /** What is held, in no order that means anything. */
  *stored(): Generator<StoredMetadata> {
    for (const { record } of this.#held.values()) {
      if (record.kind === "response") yield record.stored.metadata;
    }
  }

  read(key: RecordKey, ask: Pick<TierAsk, "atMs">): TierRead {
    const held = this.#held.get(key.text);
    if (held === undefined) return { kind: "absent" };
    if (ask.atMs < held.keepUntilAtMs) return { kind: "found", record: held.record };
    this.#held.delete(key.text);
    return { kind: "absent" };
  }

  remove(key: RecordKey): void {
    this.#held.delete(key.text);
  }

  write(key: RecordKey, record: TierRecord | ArrivingResponse, keep: TierKeep): TierWrite {
    // Whatever stood here is older, also when the new record cannot be held.
    this.#held.delete(key.text);
    if (record.kind === "arriving") return refuseArriving(record);
    if (keep.untilAtMs <= keep.atMs) return { kind: "refused", rule: "expired" };
    if (record.kind === "response") {
      const { body } = record.stored;
      if (body.kind !== "bytes") return { kind: "refused", rule: "arriving" };
      if (body.bytes.byteLength > memoryBodyBytesMax) return { kind: "refused", rule: "too-large" };
    }
    this.#held.set(key.text, { record, keepUntilAtMs: keep.untilAtMs });
    return this.#held.has(key.text) ? { kind: "kept" } : { kind: "refused", rule: "too-large" };
  }
}

/** What a record without fields and body takes, roughly. */
const objectBytes = 512;

/** What a marker takes for each variant that it lists: an array, a short text and a number. */
const variantBytes = 128;

function heapBytes(record: TierRecord): number {
  if (record.kind === "vary") return objectBytes + variantBytes * record.variants.length;
  const { metadata, body } = record.stored;
  const fieldBytes = metadata.fields.reduce(
    // Once as text of two bytes a character at most, once more as built `Headers`.
    (sum, [name, value]) => sum + 4 * (name.length + value.length),
    0,
  );
  return objectBytes + fieldBytes + (body.kind === "bytes" ? body.bytes.byteLength : 0);
}
