// Records of one tier that this isolate has read: one that comes again is neither parsed nor checked
// again, and all that was worked out of its metadata is at hand.
import { LRUCache } from "lru-cache";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";

export interface KnownRecord<Detail> {
  readonly entityTag: string;
  readonly decoded: CheckedRecord<Detail>;
}

const keptBytesMax = 2_097_152;

/** What is parsed of a text, and what is worked out and built of that. */
const knownBytes = (text: string): number => 2_048 + 7 * text.length;

export class DecodedRecords<Detail> {
  readonly #form: RecordForm<Detail>;
  readonly #known = new LRUCache<string, KnownRecord<Detail>>({ maxSize: keptBytesMax });

  constructor(form: RecordForm<Detail>) {
    this.#form = form;
  }

  /** @returns what was last read under the key, which another record may have replaced since */
  last(key: RecordKey): KnownRecord<Detail> | undefined {
    return this.#known.get(key.text);
  }

  /**
   * @param entityTag names this record among all that are ever written; `null` where nothing does
   * @param told      its text, asked for only where that is not known
   * @returns `undefined` for text of another version or form. Never throws.
   */
  decode(
    key: RecordKey,
    entityTag: string | null,
    told: () => string,
  ): CheckedRecord<Detail> | undefined {
    const known = entityTag === null ? undefined : this.#known.get(key.text);
    if (known !== undefined && known.entityTag === entityTag) return known.decoded;
    const text = told();
    const decoded = decodeRecord(text, this.#form);
    if (decoded !== undefined && entityTag !== null) {
      this.#known.set(key.text, { entityTag, decoded }, { size: knownBytes(text) });
    }
    return decoded;
  }
}
