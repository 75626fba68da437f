// The purge journal: one Redis stream, appended to and never taken back.
import type { RedisTrouble } from "../redis/trouble.ts";
import type { Entry, EntryPlace, NewEntry } from "./entry.ts";

/** `trouble`: told of what somebody waits for. */
export type Unavailable = { kind: "unavailable"; trouble?: RedisTrouble | undefined };

/** Entries, oldest first, with the clock before the first request for them was sent. */
export interface JournalRead {
  readonly kind: "read";
  readonly entries: readonly Entry[];
  readonly sentAtMs: number;
}

export interface Journal {
  /**
   * The newest entries without a gap, perhaps from a replica that lags: at least 1,000, unless
   * there are fewer or the replicas that were asked did not hold the same.
   */
  newest(): Promise<JournalRead | Unavailable>;
  /**
   * What follows an entry. Reading starts at that very entry and must bring it back first;
   * `not-joined` if it does not, or if more follows than a view holds.
   */
  since(place: EntryPlace): Promise<JournalRead | { kind: "not-joined" } | Unavailable>;
  /** At the primary: the newest entry that is not after a position, and the newest of all. */
  atPrimary(position: string): Promise<(JournalRead & { upTo: Entry | undefined }) | Unavailable>;
  /** At the primary: which of these very entries stand there, in order. */
  standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; areStanding: readonly boolean[] } | Unavailable>;
  /** In one transaction: appends a mark of loss and reads the newest entries, the mark included. */
  appendMark(lost: string): Promise<JournalRead | Unavailable>;
  /**
   * In one command or transaction.
   *
   * @param keepFrom entries before this position may be trimmed; `undefined` trims nothing
   * @returns the positions, in order
   */
  append(
    entries: readonly NewEntry[],
    keepFrom: string | undefined,
  ): Promise<{ kind: "appended"; positions: readonly string[] } | Unavailable>;
}

/** The way back from a view's oldest entry. */
export interface OlderEntries {
  /**
   * A page of what stands just before an entry, oldest first. Reading starts at that very entry and
   * must bring it back; `not-joined` if it does not. An empty page is the journal's beginning.
   */
  before(
    place: EntryPlace,
  ): Promise<{ kind: "read"; entries: readonly Entry[] } | { kind: "not-joined" } | Unavailable>;
}

/** How many entries a cold view loads at the least. */
export const newestCount = 1_000;

/** What a view holds at the most, in entries and in estimated bytes of memory. */
export const chainEntriesMax = 8 * newestCount;
export const chainBytesMax = 16 * 1_048_576;
