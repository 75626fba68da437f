// The port of the purge journal: an append-only list of entries that all isolates share. Stores
// such as Redis (src/stores/redis/journal/) implement the port. `comparePositions` orders the
// positions.
import type { Entry, EntryPlace, NewEntry } from "./entry.ts";
import type { SwitchState } from "./switch-state.ts";

/** The store did not answer in time, or rejected the command. A write may still have succeeded. */
export type Unavailable = {
  kind: "unavailable";
  /** The cause as a sentence, for the sender of a purge or a post. `undefined` if it is unknown. */
  why?: string | undefined;
  /** The step before a retry, such as `make room in the database`. `undefined` if a retry suffices. */
  hint?: string | undefined;
};

/** The result of a read, with the entries oldest first. */
export interface JournalRead {
  readonly kind: "read";
  readonly entries: readonly Entry[];
  /** The isolate's clock before the read's first request, in epoch milliseconds (rule 11). */
  readonly sentAtMs: number;
  /**
   * The switch, read at the same moment as the newest page (rule 24 b). `undefined` if nothing was
   * posted. `since` and `before` never read it.
   */
  readonly switched?: SwitchState | undefined;
}

/** The reply does not contain the given entry, or too many entries follow that entry. */
export type NotJoined = { readonly kind: "not-joined" };

export interface PrimaryRead extends JournalRead {
  /** The newest entry at or before the position; `undefined` if there is none. */
  readonly upTo: Entry | undefined;
  /** Whether only newer entries remain, at least as many as trimming leaves (rule 17 b). */
  readonly isTrimmed: boolean;
}

/**
 * The state of an entry. `trimmed`: only newer entries remain, at least as many as trimming leaves. `gone`:
 * the entry is lost (rule 22).
 */
export type PlaceState = "standing" | "trimmed" | "gone";

/** The size of the journal, and its oldest entry. */
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
   * The entries after the place, oldest first, ending with the new entry. `undefined` if the place
   * is gone, or if more than a page of entries follow it.
   */
  readonly since: readonly Entry[] | undefined;
}

/**
 * The purge journal. No method throws or rejects: a failing store returns `unavailable`. Each page
 * of entries has at most 1 MiB. A method may join several pages. Rule numbers refer to docs/purge-protocol.md.
 *
 * A lagging replica may answer a read, unless the method names the primary.
 */
export interface Journal {
  /**
   * Reads at least 1,000 of the newest entries, without a gap (rule 12). Returns fewer only if the
   * journal has fewer, if a view cannot hold more, or if a lagging replica ends the read.
   */
  newest(): Promise<JournalRead | Unavailable>;
  /**
   * Reads the entries after an entry (rule 11). Returns `not-joined` if the reply does not begin
   * with exactly this entry, or if more entries follow than a view holds.
   */
  since(place: EntryPlace): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * Reads the page of entries just before an entry (rule 12). Returns `not-joined` if the reply
   * does not contain exactly this entry. An empty page means that the entry is the oldest.
   */
  before(place: EntryPlace): Promise<Omit<JournalRead, "sentAtMs"> | NotJoined | Unavailable>;
  /**
   * Reads the newest entry up to a position, and the newest entries of all, in one step on the
   * primary (rule 16).
   */
  atPrimary(position: string): Promise<PrimaryRead | Unavailable>;
  /** Reads the state of each entry from the primary, in the given order (rule 22). */
  standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; states: readonly PlaceState[] } | Unavailable>;
  /**
   * Appends a mark of loss and reads the newest entries, including the mark, in one step (rule 17
   * a).
   *
   * @param lost the position and `n` of the lost entry, separated by a space. If empty, the mark is
   *   appended only to an empty journal (rule 18)
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
   * Appends an entry and reads a page from a place on, in one step on the primary (rule 25 c).
   * Trims the journal like `append`.
   */
  appendAndRead(place: EntryPlace, entry: NewEntry): Promise<AppendWithRead | Unavailable>;
  /** Reads the entry at a position, for operators. Returns one entry or none. */
  at(position: string): Promise<readonly Entry[] | Unavailable>;
  /**
   * Reads up to `count` entries after a position, oldest first, for operators. `"0"` is the start.
   */
  after(position: string, count: number): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` of the newest entries, newest first, for operators. */
  newestFirst(count: number): Promise<readonly Entry[] | Unavailable>;
  /** Returns the journal's size, for operators. */
  extent(): Promise<JournalExtent | Unavailable>;
}

/** The maximum number of entries per page: 1 MiB at 8 KiB per entry (rule 12). */
export const pageCount = 128;

/** The minimum number of entries in a new view, if the journal has as many. */
export const newestCount = 1_000;

/** The limits of a view, in entries and in estimated bytes of memory. */
export const chainEntriesMax = 8 * newestCount;
export const chainBytesMax = 16 * 1_048_576;

/**
 * The number of entries that trimming leaves. It exceeds a view's limit, so no view needs a trimmed
 * entry. At 8 KiB per entry, the stream has at most 64 MiB, within Upstash's limit of 100 MB per
 * record.
 */
export const keptCount = 8_192;
