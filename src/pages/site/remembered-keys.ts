// Notes of this isolate about keys: whether clients can share earlier answers, by which fields the
// answers vary, whether the origin ignores ranges, and when the isolate invalidated a key.
// The notes decide whether requests are collapsed, which tiers they read, and which records may answer.
import { BoundedMarks } from "../../base/bounded-map.ts";
import { Marks } from "../../base/marks.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { coverable } from "../../purge/journal/purge-target.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/**
 * The longest duration of a mark in `ledAnonymously`. By default, a mark lasts 10 s. If an error or
 * redirect may be stored, the mark lasts a minute longer than that response.
 */
export const ledAnonymouslyMsMax = 600_000;

/** The marks of one isolate, limited in bytes. */
export class Uncacheable {
  /** Keys whose answers no other client may receive. */
  readonly forAll = new Marks(10_000);
  /**
   * Keys whose answers to personal requests are not shared. Each further session forwards its own
   * request, which renews or ends the mark.
   */
  readonly forSessions = new Marks(60_000);
  /**
   * Hit-for-miss: requests for these keys do not wait for each other. A key is marked when an
   * anonymous request fails, or when its response is not shareable or arrives too slowly. A refusal
   * to store renews the mark, and a stored response removes it.
   */
  readonly pass = new Marks(60_000);
  /**
   * Keys whose last answer to an anonymous request nobody may share. After a quiet spell, only the
   * first request leads: the requests that wait for it need no anonymous request and no slot.
   */
  readonly unshared = new Marks(3_600_000);
  /**
   * Pages with an earlier storable success. An error or redirect to a client's request replaces the
   * success only after an anonymous request had the same result, even if the success has expired.
   */
  readonly successes = new Marks(600_000);
  /**
   * Keys for which the isolate sends an anonymous request. A client's request for the key failed,
   * had nothing to share, or got an answer that needs confirmation.
   */
  readonly ledAnonymously = new Marks(10_000, ledAnonymouslyMsMax);

  /**
   * Keys whose ranges the origin ignores, so that each forwarded range transfers the whole body. After ten
   * minutes, the origin may support ranges.
   */
  readonly rangeless = new Marks(600_000);
  /** Keys of `rangeless` whose whole response did not arrive in time. No range waits for it. */
  readonly wholeInVain = new Marks(600_000);

  /** Keys whose last body without a stated length was too large for every tier. */
  readonly tooLarge = new Marks(600_000);

  /** Marks a key after an anonymous request, in this or another isolate, got nothing to share. */
  confirm(key: string, atMs: number): void {
    this.pass.mark(key, atMs);
    this.unshared.mark(key, atMs);
  }
}

/** The part of a removed response that shows whether the next one has another body. */
export type RemovedResponse = Pick<
  StoredMetadata,
  "fields" | "selecting" | "bodyDigest" | "bodyBytes" | "contentTag" | "heldApart"
>;

/** The time of the last invalidation of each tag and key. The oldest are evicted. */
export class Invalidations {
  readonly #atMs = new BoundedMarks<number>();
  readonly #removed = new BoundedMarks<RemovedResponse>(undefined, (removed) =>
    JSON.stringify(removed),
  );

  /** @param key the text of the key of the removed response */
  keep(key: string, removed: RemovedResponse): void {
    this.#removed.set(key, removed);
  }

  /** Returns the last response that was removed under this key. */
  removed(key: string): RemovedResponse | undefined {
    return this.#removed.get(key);
  }

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

/** The field names by the key before `Vary`, even if no marker is stored. */
export class KnownVary {
  readonly #names = new BoundedMarks<readonly string[]>(undefined, (names) => names.join());

  /** Returns the known names; empty for none. */
  names(key: string): readonly string[] {
    return this.#names.get(key) ?? [];
  }

  /** Replaces the known names. */
  learn(key: string, names: readonly string[]): void {
    this.#names.set(key, names);
  }

  /** Forgets all names except these, because the newest response does not vary by the rest. */
  forgetOthers(key: string, names: readonly string[]): void {
    const known = this.#names.get(key) ?? [];
    const kept = known.filter((name) => names.includes(name));
    if (kept.length === 0) this.#names.delete(key);
    else if (kept.length < known.length) this.#names.set(key, kept);
  }
}
