// Records of one tier that this isolate has read: a text that comes again is neither parsed nor
// checked again, and all that was worked out of its metadata is at hand.
import { LRUCache } from "lru-cache";
import { decodeRecord, type RecordHead } from "./record-codec.ts";
import type { RecordKey } from "./record-key.ts";

type Decoded = { readonly record: RecordHead; readonly keepUntilAtMs: number };

interface Known {
  readonly text: string;
  readonly decoded: Decoded;
}

const keptBytesMax = 2_097_152;

/** The text itself, what is parsed, and what is worked out and built of it. */
const knownBytes = ({ text }: Known): number => 2_048 + 8 * text.length;

export class DecodedRecords {
  readonly #known = new LRUCache<string, Known>({
    maxSize: keptBytesMax,
    sizeCalculation: knownBytes,
  });

  /** @returns `undefined` for text of another version or form. Never throws. */
  decode(key: RecordKey, text: string): Decoded | undefined {
    const known = this.#known.get(key.text);
    if (known?.text === text) return known.decoded;
    const decoded = decodeRecord(text);
    if (decoded !== undefined) this.#known.set(key.text, { text, decoded });
    return decoded;
  }
}
