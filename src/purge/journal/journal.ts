// The port of the purge journal: an append-only list of entries that all isolates share. Stores
// such as Redis (src/stores/redis/journal/) implement the port. `comparePositions` of entry.ts
// compares two positions.
import type { WriteWithPurge } from "../../cache/record/record.ts";
import type { Entry, EntryId, NewEntry, ReleaseEntry } from "./entry.ts";
import type { Epoch, EpochRange } from "./epoch.ts";
import type { SwitchState } from "./switch-state.ts";

/**
 * The store gave no usable answer: it was unreachable, answered too late, refused the command, or
 * has an open breaker. A write may have succeeded nevertheless.
 */
export type Unavailable = {
  kind: "unavailable";
  /**
   * The cause as a sentence, for the sender of a purge or a post, and for operators. `undefined` if
   * the cause is unknown, or if the method does not report it.
   */
  why?: string | undefined;
  /**
   * The operator's step before a retry, such as `make room in the database`. `undefined` if a retry
   * suffices, or without `why`.
   */
  hint?: string | undefined;
};

/** The result of a read, with the entries oldest first. */
export interface JournalRead {
  readonly kind: "read";
  readonly entries: readonly Entry[];
  /**
   * The isolate's clock before the read's first request, in epoch milliseconds (rule 11).
   * `JournalTail` replaces it with −∞ if the clock was set back during the read (rule 10).
   */
  readonly sentAtMs: number;
  /**
   * The state of the switch, read in one step with the newest page (rule 24 b). `undefined` if
   * nothing was posted, if the stored state is invalid, or in a result of `since`.
   */
  readonly switched?: SwitchState | undefined;
  /**
   * The newest release that was told, also after trimming, read in the same step. `undefined` if none
   * was told, or in a result of `since`.
   */
  readonly released?: ReleaseEntry | undefined;
  /** The newest epochs, read in the same step as the entries, if the journal has more of these. */
  readonly head?: EpochsRead | undefined;
}

/** Consecutive epochs; `undefined` for those that the journal lacks. */
export interface EpochsRead {
  readonly first: number;
  readonly epochs: readonly (Epoch | undefined)[];
}

/**
 * The reply does not begin with the entry at the given place, or too many entries for a view
 * follow.
 */
export type NotJoined = { readonly kind: "not-joined" };

export interface PrimaryRead extends JournalRead {
  /** The newest entry at or before the given position; `undefined` if there is none. */
  readonly upTo: Entry | undefined;
  /**
   * Whether the entry at the place is lost (rule 17). It is not if the journal has it. It is not if
   * the journal has only newer entries, at least as many as trimming leaves, and the lineages note
   * the entry, or have dropped it for room.
   */
  readonly isLost: boolean;
}

/**
 * Whether the journal still has an entry (rule 22). `standing`: the journal has this very entry.
 * `trimmed`: it has only newer entries, at least as many as trimming leaves, and the lineages note the
 * entry. `gone`: neither holds, so the entry may be lost.
 */
export type PlaceState = "standing" | "trimmed" | "gone";

/** The size of the journal, and its oldest entry. */
export interface JournalExtent {
  readonly count: number;
  /** The position of the oldest entry; `null` if there is none. */
  readonly oldest: string | null;
}

/** The place of an appended entry, and the entries between a given place and this entry. */
export interface AppendWithRead {
  readonly kind: "appended";
  readonly place: EntryId;
  /** The isolate's clock before the request, in epoch milliseconds. */
  readonly sentAtMs: number;
  /**
   * The entries after the place, oldest first, ending with the new entry. `undefined` if the
   * journal no longer has the entry at the place, or if the page that begins with that entry is
   * full.
   */
  readonly since: readonly Entry[] | undefined;
  /** Further entries by which the view can go on: those of `since`, before them, and that follow. Default: `since`. */
  readonly read?: readonly Entry[] | undefined;
  /** The reply for the record, for `PreparedWrite`. Absent if the record was ignored. */
  readonly stored?: unknown;
}

/** A record lacks tags of the one that it would replace (rule 25 f). */
export interface OlderTags {
  readonly kind: "older-tags";
}

/**
 * The purge journal. No method throws or rejects: if the store fails, a method returns
 * `unavailable`. A page has at most `pageCount` entries, and a method may read several pages. Rule
 * numbers refer to docs/internals/purge-protocol.md.
 *
 * A lagging replica may answer a method that only reads, unless the method's comment names the
 * primary.
 */
export interface Journal {
  /**
   * Whether the store never loses an entry that it has confirmed. No entry is then read back (rule
   * 22).
   */
  readonly keepsConfirmed?: boolean;
  /** Whether the store runs calls in the order in which they are sent. Default: `false`. */
  readonly isOrdered?: boolean;
  /** Reads the newest page, the switch, and epochs or 1,000 entries, in one step (rule 12). */
  newest(): Promise<JournalRead | Unavailable>;
  /**
   * Reads all entries after an entry (rule 11). Returns `not-joined` if the reply does not begin with exactly this
   * entry, or if more than 1 MiB of entries follow.
   */
  since(place: EntryId): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * Reads entries before an entry, in one step. Returns `not-joined` if the reply does not end with exactly this
   * entry. Absent if `newest` returns 1,000 entries.
   */
  before?(place: EntryId, count: number): Promise<JournalRead | NotJoined | Unavailable>;
  /** Like `since`, but reads one page on the primary. Returns `not-joined` also for a full page. */
  sinceOnPrimary(place: EntryId): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * Reads from the primary in one step (rule 16): the newest entry up to a place, the newest page,
   * the number of entries, the lineages, and what `newest` returns.
   */
  atPrimary(place: EntryId): Promise<PrimaryRead | Unavailable>;
  /**
   * Reads from the primary whether the journal still has each entry (rule 22). Keeps the given
   * order.
   */
  standing(
    places: readonly EntryId[],
  ): Promise<{ kind: "read"; states: readonly PlaceState[] } | Unavailable>;
  /**
   * Appends a mark of loss, and reads the newest page and the switch, in one step (rule 17 a).
   *
   * @param lost the position and `n` of the lost entry, separated by a space. If `lost` is empty,
   *   the step appends the mark only to an empty journal (rule 18)
   */
  appendMark(lost: string): Promise<JournalRead | Unavailable>;
  /**
   * Appends all entries or none, in one step (rules 12 and 21), and trims the journal (rule 19).
   *
   * @returns the places, in order. The journal may lengthen an entry's `n`
   */
  append(
    entries: readonly NewEntry[],
  ): Promise<{ kind: "appended"; places: readonly EntryId[] } | Unavailable>;
  /**
   * Appends an entry and reads a page from a place on, in one step on the primary (rule 25 c).
   * Trims the journal like `append`.
   *
   * @param write the record to store in the same step, if no entry of others followed the one at the place (rule 25 f).
   *   A journal that cannot do so ignores it
   * @returns `older-tags` if nothing was appended, because the record lacks tags of the one that it would replace
   */
  appendAndRead(
    place: EntryId,
    entry: NewEntry,
    write?: WriteWithPurge,
  ): Promise<AppendWithRead | OlderTags | Unavailable>;
  /**
   * Reads epochs (rule 27 d), oldest first, in one step; `undefined` for those that the journal lacks.
   */
  epochs(
    range: EpochRange,
  ): Promise<{ kind: "read"; epochs: readonly (Epoch | undefined)[] } | Unavailable>;
  /**
   * Reads up to `count` entries after a position, oldest first, for operators. `"0"` is the start.
   */
  after(position: string, count: number): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` of the newest entries, newest first, for operators. */
  newestFirst(count: number): Promise<readonly Entry[] | Unavailable>;
  /** Returns the journal's size, for operators. */
  extent(): Promise<JournalExtent | Unavailable>;
}

/**
 * Listens for hints of new entries, until the signal. A hint may be late, lost, repeated or wrong.
 *
 * @param heard receives the position of the new entry, or nothing if entries may have been missed
 * @returns why no hints arrive, for operators; `undefined` if they did. Never rejects
 */
export type ListenForEntries = (
  heard: (position?: string) => void,
  signal: AbortSignal,
) => Promise<string | undefined>;

/** The maximum number of entries per page: 1 MiB at 8 KiB per entry (rule 12). */
export const pageCount = 128;

/** The size of a reply with entries or epochs, beyond which a view takes a shorter way. */
export const replyBytesMax = 1_048_576;

/** The number of entries up to which a view reads back, if it has to (rule 12), and the maximum in a copy. */
export const newestCount = 1_000;

/** The limits of a view, in entries and in estimated bytes of memory. */
export const chainEntriesMax = 8 * newestCount;
export const chainBytesMax = 16 * 1_048_576;

/**
 * The minimum number of entries that trimming leaves (rule 19). It exceeds a view's limit, so a
 * view that has read all entries holds no trimmed entry. At 8 KiB per entry, these entries take 64
 * MiB. Upstash limits a record to 100 MB.
 */
export const keptCount = 8_192;
