// Records of one tier that this isolate has read: a text that comes again is neither parsed nor
// checked again, and all that was worked out of its metadata is at hand.
import { LRUCache } from "lru-cache";
import { decodeRecord, type RecordHead } from "./record-codec.ts";
import type { RecordKey } from "./record-key.ts";

export interface Decoded {
  readonly record: RecordHead;
  readonly keepUntilAtMs: number;
}

/** A record as its tier tells it. */
export interface ToldRecord {
  readonly text: string;
  /** Names this record among all that are ever written; `null` where nothing does. */
  readonly entityTag: string | null;
}

export interface KnownRecord extends ToldRecord {
  readonly decoded: Decoded;
}

const keptBytesMax = 2_097_152;

/** The text itself, what is parsed, and what is worked out and built of it. */
const knownBytes = ({ text }: KnownRecord): number => 2_048 + 8 * text.length;

export class DecodedRecords {
  readonly #known = new LRUCache<string, KnownRecord>({
    maxSize: keptBytesMax,
    sizeCalculation: knownBytes,
  });

  /** @returns what was last read under the key, which another record may have replaced since */
  last(key: RecordKey): KnownRecord | undefined {
    return this.#known.get(key.text);
  }

  /** @returns `undefined` for text of another version or form. Never throws. */
  decode(key: RecordKey, { text, entityTag }: ToldRecord): Decoded | undefined {
    const known = this.#known.get(key.text);
    const decoded = known?.text === text ? known.decoded : decodeRecord(text);
    if (decoded === undefined) return undefined;
    if (known?.text !== text || known.entityTag !== entityTag) {
      this.#known.set(key.text, { text, entityTag, decoded });
    }
    return decoded;
  }
}
