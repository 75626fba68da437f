// When this isolate last saw a tag or a key invalidated by an unsafe request (RFC 9111 §4.4).
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { coverable } from "../../purge/journal/purge-target.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** When this isolate last saw a tag, or a record's key, invalidated: what was under way is old. */
export class Invalidations {
  readonly #atMs = new BoundedMarks<number>();

  /** @param what a tag in the journal's own form, or the text of one record's key */
  add(what: string, atMs: number): void {
    this.#atMs.set(what, atMs);
  }

  /** @returns whether the response was asked for before its key, or a tag of it, was invalidated */
  covers(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    if (this.#atMs.size === 0) return false;
    return this.#covers(stored, key, (what) => this.#atMs.get(what));
  }

  /** What `covers` would say, without counting as a use of what is known. */
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
