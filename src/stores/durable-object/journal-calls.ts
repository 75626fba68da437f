// The calls of a Worker to the Durable Objects of its journal and of its reports, as JSON. A deployment may run two
// versions of the Worker over one object, so no member ever changes its meaning.
import type { Epoch, EpochRange } from "../../purge/journal/epoch.ts";
import type { EntryId } from "../../purge/journal/entry.ts";
import type { JournalExtent, PlaceState } from "../../purge/journal/journal.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import type { DatedStates, ReplaceAsk } from "./subscriber-table.ts";

/** An entry in the form of a reply of XRANGE: its position, and its fields with their names. */
export type StoredEntry = readonly [position: string, fields: readonly string[]];

/** The last post. `bypass` is JSON. */
export interface StoredSwitch extends EntryId {
  readonly post: string;
  readonly bypass: string;
}

/** A new entry, with its targets. */
export interface ObjectEntry extends PurgeTargets {
  readonly n: string;
  /** The other fields, as alternating names and values. */
  readonly fields: readonly string[];
}

/** The maximum number of entries of a reply, and of the characters in their fields. */
export interface Limits {
  readonly countMax: number;
  readonly charsMax: number;
}

export interface ReadAsk extends Limits {
  /** Absent to read the newest entries. */
  readonly after?: EntryId | undefined;
}

/** A read of entries, oldest first, of the switch, and of the entry that told the newest release. */
export interface JournalPage {
  /** False if the entry at the place is not kept, or if the entries after it exceed the limits. */
  readonly isJoined: boolean;
  readonly entries: readonly StoredEntry[];
  readonly switched?: StoredSwitch | undefined;
  /** Absent in a read after a place. */
  readonly released?: StoredEntry | undefined;
}

export interface CheckAsk extends Limits {
  readonly place: EntryId;
  readonly keptCount: number;
}

export interface JournalCheck extends JournalPage {
  /** The newest kept entry up to the position. */
  readonly upTo?: StoredEntry | undefined;
  /** Whether the entry was trimmed, or its place was dropped since, for room or because of its age. */
  readonly isTrimmed: boolean;
}

export interface AppendAsk extends ReadAsk {
  /** A random id. A request that is sent again appends nothing more. */
  readonly request: string;
  readonly entries: readonly ObjectEntry[];
  /** The number of entries that trimming leaves. */
  readonly keptCount: number;
}

export interface AppendReply {
  readonly places: readonly EntryId[];
  /** The entries after the place of the call, if it names one. */
  readonly since?: JournalPage | undefined;
}

export interface MarkAsk extends AppendAsk {
  readonly onlyIfEmpty: boolean;
}

export interface PostAsk extends AppendAsk, Pick<StoredSwitch, "post" | "bypass"> {
  readonly replaces: string;
}

/** The place of the post, or else the current post, which is not the one to replace. */
export interface PostReply {
  readonly place?: EntryId;
  readonly current?: StoredSwitch | undefined;
}

export interface ShownAsk {
  /** Absent for the newest entries, newest first. */
  readonly after?: string | undefined;
  readonly count: number;
}

/** The totals that replace those of `version`, and include the reports from the first to the last. */
export interface FoldAsk {
  readonly version: string;
  readonly firstId: string;
  readonly lastId: string;
  readonly text: string;
}

/** The question and the reply of each call. */
export interface JournalCalls {
  readonly read: [ReadAsk, JournalPage];
  readonly check: [CheckAsk, JournalCheck];
  readonly standing: [{ readonly places: readonly EntryId[] }, readonly PlaceState[]];
  readonly append: [AppendAsk, AppendReply];
  readonly mark: [MarkAsk, JournalPage];
  readonly post: [PostAsk, PostReply];
  /** Null for an epoch that the object lacks. */
  readonly epochs: [EpochRange, readonly (Epoch | null)[]];
  readonly shown: [ShownAsk, readonly StoredEntry[]];
  readonly extent: [object, JournalExtent];
  readonly states: [{ readonly names: readonly string[] }, DatedStates];
  readonly replaceState: [ReplaceAsk, boolean];
  /** Appends a report, whose fields are alternating names and values. */
  readonly report: [{ readonly fields: readonly string[] }, number];
  readonly reports: [
    { readonly count: number },
    { readonly totals: string | null; readonly page: readonly StoredEntry[] },
  ];
  readonly fold: [FoldAsk, boolean];
  readonly addHotKeys: [{ readonly list: string }, boolean];
  readonly hotKeys: [object, readonly string[]];
}

export type JournalCall = keyof JournalCalls;

/** The path at which a Worker opens a socket for hints. Each message is the position of the last entry. */
export const hintsPath = "hints";

/** The status of an object's reply to a call that its version does not know. */
export const unknownStatus = 404;
