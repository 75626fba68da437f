// Counts requests for each variant in the last minute, to keep the most requested variants stored.
// Counts only for pages whose marker lists at least half of `limits.variants`.
import { BoundedMap } from "../base/bounded-map.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { VaryMarker } from "./tiers/tier.ts";

/**
 * The length of a part of the last minute. The last minute is the current part and the three parts
 * before it, so it covers 45 to 60 seconds.
 */
const partMs = 15_000;
const partCount = 4;
const bytesMax = 1_048_576;
/** The size of one variant's counts, without the text of its key. */
const requestsBytes = 256;

/** Requests for one variant, by part of a minute. */
interface Requests {
  readonly digest: string;
  /** The number of the newest part, since the epoch. */
  part: number;
  /** The counts per part, newest first. */
  counts: number[];
}

/**
 * Counts requests of this isolate. Clients choose the variants, so the oldest are evicted.
 */
export class VariantDemand {
  /**
   * The minimum number of listed variants. Requests for a page with fewer variants are not counted.
   */
  readonly #listedMin: number;
  readonly #byDigest = new Map<string, Requests>();
  readonly #byKey = new BoundedMap<Requests>({
    sizeMax: bytesMax,
    sizeOf: (_, text) => requestsBytes + 2 * text.length,
    onRemoved: ({ digest }) => void this.#byDigest.delete(digest),
  });

  /** @param variantsMax the maximum number of stored variants per page */
  constructor(variantsMax: number) {
    this.#listedMin = Math.ceil(variantsMax / 2);
  }

  /**
   * Counts a request for a variant, if the page's marker lists enough variants. The variant itself
   * may be unlisted.
   */
  note(variant: RecordKey, { variants }: VaryMarker, atMs: number): void {
    if (variants.length < this.#listedMin) return;
    const requests = this.#byKey.get(variant.text) ?? this.#begun(variant);
    const part = partAt(atMs);
    requests.counts = countsAt(part, requests);
    requests.part = part;
    requests.counts[0] = (requests.counts[0] ?? 0) + 1;
  }

  #begun(variant: RecordKey): Requests {
    const { text } = variant;
    const requests = { digest: variant.digestAtOnce(), part: 0, counts: [] };
    this.#byKey.set(text, requests);
    if (this.#byKey.has(text)) this.#byDigest.set(requests.digest, requests);
    return requests;
  }

  /**
   * Returns the number of requests for a variant in the minute before an instant.
   *
   * @param digest the variant's digest in the marker
   */
  inLastMinute(digest: string, atMs: number): number {
    const requests = this.#byDigest.get(digest);
    if (requests === undefined) return 0;
    return countsAt(partAt(atMs), requests).reduce((sum, count) => sum + count, 0);
  }
}

const partAt = (atMs: number): number => Math.floor(atMs / partMs);

/**
 * Returns the counts as of a part. Drops all counts if the newest is from a later part, because the
 * clock was set back.
 */
function countsAt(part: number, requests: Requests): number[] {
  const passed = part - requests.part;
  if (passed === 0) return requests.counts;
  if (passed < 0 || passed >= partCount) return [];
  const empty = Array.from({ length: passed }, () => 0);
  return [...empty, ...requests.counts].slice(0, partCount);
}
