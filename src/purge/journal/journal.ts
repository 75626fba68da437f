// The port of the purge journal: an append-only list of entries that all isolates share. Stores implement
// it, such as Redis in src/stores/redis/journal/. `comparePositions` orders the positions.
import type { Entry, EntryPlace, NewEntry } from "./entry.ts";
import type { SwitchState } from "./switch-state.ts";

/** The store did not answer in time, or refused. A write may still have been made. */
export type Unavailable = {
  kind: "unavailable";
  /** The cause as a sentence, for the sender of a purge or a post. `undefined` if it is unknown. */
  why?: string | undefined;
  /** The step before a retry, such as `make room in the database`. `undefined` if a retry suffices. */
  hint?: string | undefined;
};

/** Entries, oldest first. */
export interface JournalRead {
  readonly kind: "read";
  readonly entries: readonly Entry[];
  /** The isolate's clock before the first request of this read, in epoch milliseconds (rule 11). */
  readonly sentAtMs: number;
  /**
   * The switch, read at the same moment as the newest page (rule 24 b). `undefined` if nothing was
   * posted, and from `since` and `before`.
   */
  readonly switched?: SwitchState | undefined;
}

/** The entry at which reading starts did not come back. */
export type NotJoined = { readonly kind: "not-joined" };

export interface PrimaryRead extends JournalRead {
  /** The newest entry at or before the position, if there is one. */
  readonly upTo: Entry | undefined;
  /** Only newer entries remain, at least as many as trimming leaves (rule 17 b). */
  readonly isTrimmed: boolean;
}

/** `trimmed`: only newer entries remain, as many as trimming leaves. `gone`: lost (rule 22). */
export type PlaceState = "standing" | "trimmed" | "gone";

/** The size of the journal, and its beginning. */
export interface JournalExtent {
  readonly count: number;
  /** The position of the oldest entry; `null` if there is none. */
  readonly oldest: string | null;
}

/** An appended entry, and the entries before it. */
export interface AppendWithRead {
  readonly kind: "appended";
  readonly position: string;
  /** The isolate's clock before the request, in epoch milliseconds. */
  readonly sentAtMs: number;
  /**
   * The entries after the place, oldest first, ending with the new one. `undefined` if the place is gone,
   * or if more entries follow it than one page holds.
   */
  readonly since: readonly Entry[] | undefined;
}

/**
 * The purge journal. No method throws or rejects: a failing store returns `unavailable`. One reply brings 1
 * MiB at most. Rule numbers refer to docs/purge-protocol.md.
 *
 * A lagging replica may answer a read, unless the method names the primary.
 */
export interface Journal {
  /**
   * Reads the newest entries without a gap (rule 12): at least 1,000. Returns fewer only if no more exist,
   * a view holds no more, or a lagging replica ends the read.
   */
  newest(): Promise<JournalRead | Unavailable>;
  /**
   * Reads the entries after an entry (rule 11). Returns `not-joined` unless this very entry comes back
   * first, or if more follow than a view holds.
   */
  since(place: EntryPlace): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * Reads a page of entries just before an entry (rule 12). Returns `not-joined` unless this very entry
   * comes back. An empty page means that it is the oldest.
   */
  before(place: EntryPlace): Promise<Omit<JournalRead, "sentAtMs"> | NotJoined | Unavailable>;
  /**
   * Reads the newest entry up to a position, and the newest of all, at one moment on the primary (rule 16).
   */
  atPrimary(position: string): Promise<PrimaryRead | Unavailable>;
  /** Reads the state of each entry from the primary, in the given order (rule 22). */
  standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; states: readonly PlaceState[] } | Unavailable>;
  /**
   * Appends a mark of loss and reads the newest entries, including the mark, in one step (rule 17 a).
   *
   * @param lost position and `n` of the lost entry, with a space between; empty: marks the journal only if
   *   it has no entries (rule 18)
   */
  appendMark(lost: string): Promise<JournalRead | Unavailable>;
  /**
   * Appends all entries or none, in one step (rules 12 and 21), and trims the journal (rule 19).
   *
   * @returns the positions, in order
   */
  append(
    entries: readonly NewEntry[],
  ): Promise<{ kind: "appended"; positions: readonly string[] } | Unavailable>;
  /**
   * Appends an entry and reads a page from a place on, in one step on the primary (rule 25 c). Trims like
   * `append`.
   */
  appendAndRead(place: EntryPlace, entry: NewEntry): Promise<AppendWithRead | Unavailable>;
  /** Reads the entry at a position, for operators. Returns one entry or none. */
  at(position: string): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` entries after a position (`"0"`: the start), oldest first, for operators. */
  after(position: string, count: number): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` of the newest entries, newest first, for operators. */
  newestFirst(count: number): Promise<readonly Entry[] | Unavailable>;
  /** Returns the journal's size, for operators. */
  extent(): Promise<JournalExtent | Unavailable>;
}

/** Maximum entries of a page: 1 MiB at 8 KiB an entry (rule 12). */
export const pageCount = 128;

/** Minimum entries of a cold view, if the journal has as many. */
export const newestCount = 1_000;

/** Limits of a view, in entries and in estimated bytes of memory. */
export const chainEntriesMax = 8 * newestCount;
export const chainBytesMax = 16 * 1_048_576;

/**
 * Entries that trimming leaves. This is more than a view holds, so no view knows a stamp older than the
 * trimmed ones. At 8 KiB an entry, it is 64 MiB at most, within Upstash's limit of 100 MB a record.
 */
export const keptCount = 8_192;
