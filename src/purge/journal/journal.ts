// The purge journal: one Redis stream, appended to and never taken back.
import type { RedisTrouble, TroubleWords } from "../../redis/trouble.ts";
import type { Entry, EntryPlace, NewEntry } from "./entry.ts";
import type { SwitchState } from "./switch-state.ts";

/** `trouble`: told of what somebody waits for. */
export type Unavailable = {
  kind: "unavailable";
  trouble?: RedisTrouble | undefined;
  /** How the troubles of its database are told, if not as usual. */
  words?: TroubleWords | undefined;
};

/** Entries, oldest first, with the clock before the first request for them was sent. */
export interface JournalRead {
  readonly kind: "read";
  readonly entries: readonly Entry[];
  readonly sentAtMs: number;
  /**
   * The state in the switch's key, read in one transaction with the newest page, for a view that begins.
   * `undefined` where nothing was posted, and for a read that only reads on.
   */
  readonly switched?: SwitchState | undefined;
}

/** The entry that reading started at did not come back. */
export type NotJoined = { readonly kind: "not-joined" };

export interface PrimaryRead extends JournalRead {
  readonly upTo: Entry | undefined;
  /** Nothing stands up to that position, and as many entries stand as trimming leaves. */
  readonly isTrimmed: boolean;
}

/** `trimmed`: only newer entries stand, and as many as trimming leaves. `gone`: it was lost. */
export type PlaceState = "standing" | "trimmed" | "gone";

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
  since(place: EntryPlace): Promise<JournalRead | NotJoined | Unavailable>;
  /**
   * The way back from a view's oldest entry: a page of what stands just before an entry, oldest first.
   * Reading starts at that very entry and must bring it back; `not-joined` if it does not. An empty
   * page is the journal's beginning.
   */
  before(place: EntryPlace): Promise<Omit<JournalRead, "sentAtMs"> | NotJoined | Unavailable>;
  /** At the primary: the newest entry that is not after a position, and the newest of all. */
  atPrimary(position: string): Promise<PrimaryRead | Unavailable>;
  /** At the primary: what became of these very entries, in order. */
  standing(
    places: readonly EntryPlace[],
  ): Promise<{ kind: "read"; states: readonly PlaceState[] } | Unavailable>;
  /**
   * In one step: appends a mark of loss, and reads the newest entries, the mark included. With nothing
   * lost, it marks a journal that is empty, and only reads one that is so no more.
   */
  appendMark(lost: string): Promise<JournalRead | Unavailable>;
  /**
   * In one command or transaction. The oldest entries go beyond `keptCount`.
   *
   * @returns the positions, in order
   */
  append(
    entries: readonly NewEntry[],
  ): Promise<{ kind: "appended"; positions: readonly string[] } | Unavailable>;
  /** In one transaction: appends an entry, and reads what follows another one, the new one included. */
  appendAfter(place: EntryPlace, entry: NewEntry): Promise<AppendedAfter | Unavailable>;
}

/** An entry that was appended, with what stands before it, of one moment at the primary. */
export interface AppendedAfter {
  readonly kind: "appended";
  readonly position: string;
  /** The clock before it was sent. */
  readonly sentAtMs: number;
  /**
   * What follows the place, oldest first, up to the entry itself. `undefined` where the place no longer
   * stands, or more follows it than a page holds: then nobody can tell what came between.
   */
  readonly since: readonly Entry[] | undefined;
}

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
