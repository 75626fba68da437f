// The port of the purge journal: an append-only list of entries that all isolates share. A store implements
// it, such as Redis in src/stores/redis/journal/. Positions are texts that comparePositions orders.
import type { RedisTrouble, TroubleWords } from "../../redis/trouble.ts";
import type { Entry, EntryPlace, NewEntry } from "./entry.ts";
import type { SwitchState } from "./switch-state.ts";

/** The store did not answer in time, or refused. A write may have been made all the same. */
export type Unavailable = {
  kind: "unavailable";
  /** The cause, for the sender of a purge or a post. A store other than Redis leaves it out. */
  trouble?: RedisTrouble | undefined;
  /** How errors name the store, unless as usual. */
  words?: TroubleWords | undefined;
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
  /** The newest entry that is not after the position; `undefined` if none stands there. */
  readonly upTo: Entry | undefined;
  /** Only newer entries stand, and at least as many as trimming leaves (rule 17 b). */
  readonly isTrimmed: boolean;
}

/** `trimmed`: only newer entries stand, and as many as trimming leaves. `gone`: it was lost (rule 22). */
export type PlaceState = "standing" | "trimmed" | "gone";

/** The size of the journal, and its beginning. */
export interface JournalExtent {
  readonly count: number;
  /** The position of the oldest entry; `null` if there is none. */
  readonly oldest: string | null;
}

/** An appended entry, and the entries before it. */
export interface AppendedAndRead {
  readonly kind: "appended";
  readonly position: string;
  /** The isolate's clock before the request, in epoch milliseconds. */
  readonly sentAtMs: number;
  /**
   * The entries that follow the place, oldest first; the new entry is the last. `undefined` if the
   * place no longer stands, or if more entries follow it than one page holds.
   */
  readonly since: readonly Entry[] | undefined;
}

/**
 * The purge journal. No method throws or rejects: a store that fails gives `unavailable`. One answer
 * of the store brings 1 MiB at most. The rules named here are those of docs/purge-protocol.md.
 *
 * A replica that lags may answer a read, except where a method names the primary, which takes writes.
 */
export interface Journal {
  /**
   * Reads the newest entries, without a gap (rule 12): at least 1,000, unless there are fewer, their
   * size exceeds what a view holds, or a lagging replica cuts the read short.
   */
  newest(): Promise<JournalRead | Unavailable>;
  /**
   * Reads what follows an entry (rule 11). The very entry must come back first: position and `n`. Gives
   * `not-joined` if it does not, or if more follows than a view holds.
   */
  since(place: EntryPlace): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * Reads a page of what stands just before an entry (rule 12). The very entry must come back, else the
   * answer is `not-joined`. An empty page means that the entry is the oldest.
   */
  before(place: EntryPlace): Promise<Omit<JournalRead, "sentAtMs"> | NotJoined | Unavailable>;
  /**
   * Reads, at the primary and of one moment, the newest entry up to a position, and the newest of all
   * (rule 16).
   */
  atPrimary(position: string): Promise<PrimaryRead | Unavailable>;
  /** Tells, at the primary, what became of each of these very entries, in their order (rule 22). */
  standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; states: readonly PlaceState[] } | Unavailable>;
  /**
   * Appends a mark of loss, and reads the newest entries, mark included, in one step (rule 17 a).
   *
   * @param lost position and `n` of the lost entry, with a space between. Empty: marks a journal that
   *   is empty, and only reads one that is not (rule 18)
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
   * Appends an entry, and reads a page from a place on, in one step at the primary (rule 25 c). Trims
   * like `append`.
   */
  appendAndRead(place: EntryPlace, entry: NewEntry): Promise<AppendedAndRead | Unavailable>;
  /** Reads the entry at a position, for operators. @returns one entry, or none */
  at(position: string): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` entries after a position, oldest first, for operators. `"0"` is before all. */
  after(position: string, count: number): Promise<readonly Entry[] | Unavailable>;
  /** Reads up to `count` of the newest entries, newest first, for operators. */
  newestFirst(count: number): Promise<readonly Entry[] | Unavailable>;
  /** Tells the journal's size, for operators. */
  extent(): Promise<JournalExtent | Unavailable>;
}

/** How many entries a page has at the most: with 8 KiB an entry it is 1 MiB (rule 12). */
export const pageCount = 128;

/** How many entries a cold view loads at the least. */
export const newestCount = 1_000;

/** What a view holds at the most, in entries and in estimated bytes of memory. */
export const chainEntriesMax = 8 * newestCount;
export const chainBytesMax = 16 * 1_048_576;

/**
 * How many of the newest entries trimming leaves. It is more than a view holds, so that no view knows
 * a stamp that is older than what was trimmed; and with 8 KiB an entry it is 64 MiB at the most,
 * within the 100 MB that Upstash allows a record.
 */
export const keptCount = 8_192;
