// Keeps parsed and checked records of one tier in this isolate, up to a size. Reusing the parsed
// metadata also reuses the values derived from it.
import { BoundedMap } from "../../base/bounded-map.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";

export interface KnownRecord<Detail> {
  readonly entityTag: string;
  readonly decoded: CheckedRecord<Detail>;
  /** The estimated size in memory. */
  readonly bytes: number;
}

const keptBytesMax = 2_097_152;

/** Estimates the size in memory of a parsed record with its derived values. */
const knownBytes = (text: string): number => 4_096 + 7 * text.length;

export class DecodedRecords<Detail> {
  readonly #form: RecordForm<Detail>;
  readonly #known = new BoundedMap<KnownRecord<Detail>>({
    sizeMax: keptBytesMax,
    sizeOf: ({ bytes }) => bytes,
  });

  constructor(form: RecordForm<Detail>) {
    this.#form = form;
  }

  /** Returns the kept record of the key, if any. The tier may have replaced it since. */
  last(key: RecordKey): KnownRecord<Detail> | undefined {
    return this.#known.get(key.text);
  }

  /**
   * Returns the kept record if it has this entity tag. Otherwise decodes the text, and keeps the
   * record. Returns `undefined` for text of another version or form. Never throws.
   *
   * @param entityTag the entity tag of the stored response, unique per write; with `null`, no kept
   *   record is returned, and none is added
   * @param textOf returns the record's text; not called if a kept record is returned
   */
  decode(
    key: RecordKey,
    entityTag: string | null,
    textOf: () => string,
  ): CheckedRecord<Detail> | undefined {
    const known = entityTag === null ? undefined : this.#known.get(key.text);
    if (known !== undefined && known.entityTag === entityTag) return known.decoded;
    const text = textOf();
    const decoded = decodeRecord(text, this.#form, key.knownDigest);
    if (decoded !== undefined && entityTag !== null) {
      this.#known.set(key.text, { entityTag, decoded, bytes: knownBytes(text) });
    }
    return decoded;
  }
}
