// Keeps parsed and checked records of one tier in this isolate, up to a size. Reusing the parsed
// metadata also reuses the values derived from it.
import { BoundedMap } from "../../base/bounded-map.ts";
import { decodeRecord } from "../../cache/tiers/record-codec.ts";
import type { CheckedRecord, RecordForm } from "../../cache/tiers/record-form.ts";
import { ResponseRequests } from "./edge-reads.ts";

/** A stored response of the Cache API. */
interface ResponsePlace {
  readonly address: string;
  /** Unique per write; `null` for a record that is neither taken from the kept ones nor kept. */
  readonly entityTag: string | null;
  /** The digest of the key, if it is known. */
  readonly digest: string | undefined;
}

export interface KnownRecord<Detail> {
  readonly entityTag: string;
  readonly decoded: CheckedRecord<Detail>;
  readonly requests: ResponseRequests;
  /** The estimated size in memory. */
  readonly bytes: number;
}

const keptBytesMax = 2_097_152;

/** Estimates the size in memory of a parsed record with its derived values and its requests. */
const knownBytes = (text: string): number => 6_144 + 7 * text.length;

export class DecodedRecords<Detail> {
  readonly #form: RecordForm<Detail>;
  readonly #known = new BoundedMap<KnownRecord<Detail>>({
    sizeMax: keptBytesMax,
    sizeOf: ({ bytes }) => bytes,
  });

  constructor(form: RecordForm<Detail>) {
    this.#form = form;
  }

  /** Returns the kept record of the address, if any. The tier may have replaced it since. */
  last(address: string): KnownRecord<Detail> | undefined {
    return this.#known.get(address);
  }

  /**
   * Returns the kept record if it has this entity tag. Otherwise decodes the text, and keeps the
   * record. Returns `undefined` for text of another version or form. Never throws.
   *
   * @param textOf returns the record's text; not called if a kept record is returned
   */
  decode(
    { address, entityTag, digest }: ResponsePlace,
    textOf: () => string,
  ): CheckedRecord<Detail> | undefined {
    const known = entityTag === null ? undefined : this.#known.get(address);
    if (known !== undefined && known.entityTag === entityTag) return known.decoded;
    const text = textOf();
    const decoded = decodeRecord(text, this.#form, digest);
    if (decoded !== undefined && entityTag !== null) {
      const requests = new ResponseRequests(address, entityTag);
      this.#known.set(address, { entityTag, decoded, requests, bytes: knownBytes(text) });
    }
    return decoded;
  }
}
