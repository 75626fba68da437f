// The memory tier: small, hot stored responses in the isolate's heap, under a bound in bytes.
import { LRUCache } from "lru-cache";
import { isErrorStatus, type StoredMetadata } from "../http/stored-response.ts";
import type { RecordKey } from "./record-key.ts";
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

type Part = LRUCache<string, Held>;

/**
 * Two parts, each with a bound of its own: one for responses of status 400 and above, and what leads
 * to them alone; one for all others. A key stands in one of them at the most.
 */
export class MemoryTier implements Tier {
  readonly name = "memory";
  readonly #errors: Part;
  readonly #others: Part;
  readonly #bodies = new WeakSet<Blob>();

  /**
   * @param bytesMax of bodies, fields and keys together; 0 holds nothing
   * @param onLetGo  gets each body that is no longer held
   */
  constructor(bytesMax: number, onLetGo: (body: Blob) => void = () => undefined) {
    const errorBytesMax = Math.floor(bytesMax * errorShare);
    const letGo = ({ record }: Held) => {
      const body = blobIn(record);
      if (body === undefined) return;
      this.#bodies.delete(body);
      onLetGo(body);
    };
    this.#errors = partOf(errorBytesMax, letGo);
    this.#others = partOf(bytesMax - errorBytesMax, letGo);
  }

  holds(body: Blob): boolean {
    return this.#bodies.has(body);
  }

  get bytes(): number {
    return this.#others.calculatedSize + this.#errors.calculatedSize;
  }

  get count(): number {
    return this.#others.size + this.#errors.size;
  }

  /** What is held, in no order that means anything. */
  *stored(): Generator<StoredMetadata> {
    for (const part of [this.#others, this.#errors]) {
      for (const { record } of part.values()) {
        if (record.kind === "response") yield record.stored.metadata;
      }
    }
  }

  read(key: RecordKey, ask: Pick<TierAsk, "atMs">): TierRead {
    const held = this.#others.get(key.text) ?? this.#errors.get(key.text);
    if (held === undefined) return { kind: "absent" };
    if (ask.atMs < held.keepUntilAtMs) return { kind: "found", record: held.record };
    this.remove(key);
    return { kind: "absent" };
  }

  remove(key: RecordKey): void {
    this.#others.delete(key.text);
    this.#errors.delete(key.text);
  }

  write(key: RecordKey, record: TierRecord | ArrivingResponse, keep: TierKeep): TierWrite {
    const part = this.#partFor(key, record, keep);
    const isAskedAgain =
      keep.isAskedAgain === true || (keep.body === "unchanged" && part.has(key.text));
    // Whatever stood here is older, also when the new record cannot be held.
    this.remove(key);
    if (record.kind === "arriving") return refuseArriving(record);
    if (keep.untilAtMs <= keep.atMs) return { kind: "refused", rule: "expired" };
    const body = blobIn(record);
    if (record.kind === "response" && body === undefined)
      return { kind: "refused", rule: "arriving" };
    const bodyBytesMax = isAskedAgain ? largeBodyBytesMax : smallBodyBytesMax;
    if ((body?.size ?? 0) > bodyBytesMax) return { kind: "refused", rule: "too-large" };
    part.set(key.text, { record, keepUntilAtMs: keep.untilAtMs });
    if (!part.has(key.text)) return { kind: "refused", rule: "too-large" };
    if (body !== undefined) this.#bodies.add(body);
    return { kind: "kept" };
  }

  /** A marker that has led to other responses leads to them still, whatever is stored beside them. */
  #partFor(key: RecordKey, record: TierRecord | ArrivingResponse, keep: TierKeep): Part {
    if (record.kind === "response") {
      return isErrorStatus(record.stored.metadata.status) ? this.#errors : this.#others;
    }
    const hasLedToOthers = this.#others.peek(key.text)?.record.kind === "vary";
    return keep.leadsToError === true && !hasLedToOthers ? this.#errors : this.#others;
  }
}

function partOf(bytesMax: number, letGo: (held: Held) => void): Part {
  return new LRUCache<string, Held>({
    maxSize: Math.max(1, bytesMax),
    dispose: letGo,
    sizeCalculation: (held, key) => heapBytes(held.record) + 2 * key.length,
  });
}

/** What a marker takes that lists no variants. */
const markerBytes = 512;

/** What a marker takes for each variant that it lists: an array, a short text and a number. */
const variantBytes = 128;

/** What a response takes without fields, tags and body: its place here, metadata, terms. */
const responseBytes = 1_024;

/** What stands around one text among many, such as a tag. */
const textBytes = 24;

/** How often the fields are held as `Headers` once a response is in use: as clients get them. */
const builtCount = 1;

/** What the runtime takes for each field of `Headers`, most of it beside the heap; */
const headersFieldBytes = 256;
/** and for `Headers` with `Age` and `Cache-Status`, which every answer has. */
const headersBytes = 1_408 + 2 * headersFieldBytes;

/** An upper estimate, text at a byte a character; `npm run bench:isolate-memory` measures it. */
function heapBytes(record: TierRecord): number {
  if (record.kind === "vary") return markerBytes + variantBytes * record.variants.length;
  const { metadata } = record.stored;
  let bytes = responseBytes + builtCount * headersBytes;
  for (const [name, value] of metadata.fields) {
    const textLength = name.length + value.length;
    bytes += 2 * textBytes + textLength + builtCount * (headersFieldBytes + textLength);
  }
  for (const [name, value] of metadata.selecting) {
    bytes += 2 * textBytes + name.length + (value?.length ?? 0);
  }
  // Once as it was given, once as purges name it.
  for (const tag of metadata.tags) bytes += 2 * (textBytes + tag.length);
  return bytes + (blobIn(record)?.size ?? 0);
}

function blobIn(record: TierRecord): Blob | undefined {
  if (record.kind === "vary") return undefined;
  const { body } = record.stored;
  return body.kind === "blob" ? body.blob : undefined;
}
