// Remembers when this isolate last invalidated each tag and key. Unsafe requests invalidate tags
// (RFC 9111 §4.4). A refused answer that removes a stored response invalidates its key.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { coverable } from "../../purge/journal/purge-target.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** The time of each tag's and key's last invalidation. The oldest are evicted. */
export class Invalidations {
  readonly #atMs = new BoundedMarks<number>();

  /** @param what a tag in the journal's form, or the text of a record's key */
  add(what: string, atMs: number): void {
    this.#atMs.set(what, atMs);
  }

  /** Returns whether the key or a tag was invalidated since the response was requested. */
  covers(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    if (this.#atMs.count === 0) return false;
    const isOld = (what: string) => stored.requestedAtMs <= (this.#atMs.get(what) ?? -Infinity);
    return coverable(stored).tags.some(isOld) || (key !== undefined && isOld(key.text));
  }
}
