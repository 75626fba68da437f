// Remembers when this isolate invalidated tags and keys: after unsafe requests (RFC 9111 §4.4), and
// after answers that supersede a stored response.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { coverable } from "../../purge/journal/purge-target.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** The last invalidation of each tag or key. Responses that were requested earlier are invalid. */
export class Invalidations {
  readonly #atMs = new BoundedMarks<number>();

  /** @param what a tag in the journal's form, or the text of a record's key */
  add(what: string, atMs: number): void {
    this.#atMs.set(what, atMs);
  }

  /** Returns whether the response was requested before an invalidation of its key or a tag. */
  covers(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    if (this.#atMs.size === 0) return false;
    return this.#covers(stored, key, (what) => this.#atMs.get(what));
  }

  /** Returns the result of `covers` without affecting eviction. */
  peek(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    return this.#covers(stored, key, (what) => this.#atMs.peek(what));
  }

  #covers(
    stored: StoredMetadata,
    key: RecordKey | undefined,
    atMsOf: (what: string) => number | undefined,
  ): boolean {
    const isOld = (what: string) => stored.requestedAtMs <= (atMsOf(what) ?? -Infinity);
    return coverable(stored).tags.some(isOld) || (key !== undefined && isOld(key.text));
  }
}
