// Reads and changes the stored state of one target: its cursor, lock, buckets and failures. Reads the
// journal's entries after the cursor.
import * as v from "valibot";
import { finite, dataIn } from "../../../base/schemas.ts";
import { jsonIn } from "../../../base/json-text.ts";
import {
  failedOutcomes,
  type OutwardReset,
  outwardResets,
} from "../../../protocol/outward-states.ts";
import {
  type EntryId,
  type Entry,
  acceptedAtMs,
  comparePositions,
  isSameEntry,
} from "../../../purge/journal/entry.ts";
import type { TargetFailures, OutwardPorts } from "../port/outward-target.ts";
import type { Buckets } from "./token-bucket.ts";
import type { Unavailable } from "../../../purge/journal/journal.ts";

/** The last delivered entry. `next`: the number of names of the next entry that are delivered. */
export interface Cursor extends EntryId {
  readonly next?: { readonly n: string; readonly names: number } | undefined;
}

interface TargetState {
  /** A random text, so that no two written states are equal. */
  readonly id: string;
  readonly cursor?: Cursor | undefined;
  /** A purge of everything to deliver. Afterwards, the cursor is at this entry. */
  readonly reset?: (EntryId & { readonly why: OutwardReset }) | undefined;
  /**
   * The newest entry that was found while entries had dates ahead of the journal's clock, and when. These entries are
   * due N + A later.
   */
  readonly ahead?: { readonly position: string; readonly atMs: number } | undefined;
  /** The isolate that delivers. */
  readonly lock?: { readonly holder: string; readonly untilAtMs: number } | undefined;
  readonly buckets: Buckets;
  readonly failures?: TargetFailures | undefined;
  readonly lastSuccessAtMs?: number | undefined;
}

const place = {
  position: v.pipe(v.string(), v.regex(/^\d{1,16}-\d{1,16}$/)),
  n: v.string(),
};

const stateForm = v.object({
  id: v.string(),
  cursor: v.optional(
    v.object({ ...place, next: v.optional(v.object({ n: v.string(), names: finite() })) }),
  ),
  reset: v.optional(v.object({ ...place, why: v.picklist(outwardResets) })),
  ahead: v.optional(v.object({ position: place.position, atMs: finite() })),
  lock: v.optional(v.object({ holder: v.string(), untilAtMs: finite() })),
  buckets: v.record(v.string(), v.object({ tokens: finite(), atMs: finite() })),
  failures: v.optional(
    v.object({
      count: finite(),
      outcome: v.picklist(failedOutcomes),
      status: finite(),
      sinceAtMs: finite(),
      nextTryAtMs: finite(),
    }),
  ),
  lastSuccessAtMs: v.optional(finite()),
}) satisfies v.GenericSchema<unknown, TargetState>;

/** Parses a state. Returns `undefined` for an invalid text. Never throws. */
function readTargetState(text: string): TargetState | undefined {
  return dataIn(stateForm, jsonIn(text));
}

export type WrittenState = Omit<TargetState, "id">;

/** Returns when an entry was found while the journal dated entries ahead of its clock; `undefined` if it was not. */
export function foundAheadAtMs(position: string, { ahead }: WrittenState): number | undefined {
  return ahead && comparePositions(position, ahead.position) <= 0 ? ahead.atMs : undefined;
}

/** A state, and the version of its text. */
export interface VersionedState {
  readonly kind: "held";
  readonly version: string;
  readonly state: WrittenState;
  /** The journal's clock when the state was read, in epoch milliseconds. */
  readonly atMs: number;
}

type Change = "overtaken" | "unavailable";

/**
 * A new target receives purges from this time before its first delivery. The deployment with the
 * target may have accepted purges before it delivered any: a new cron trigger may take 15 minutes to
 * start.
 */
const lookBackMs = 1_200_000;

/** The maximum number of attempts to settle a state that others change meanwhile. */
const settlesMax = 4;

export class HeldTarget {
  readonly #name: string;
  readonly #ports: OutwardPorts;

  constructor(name: string, ports: OutwardPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  /** Reads the state. Creates it for a new target, and for one whose state was lost. */
  async open(): Promise<VersionedState | "empty-journal" | Change> {
    const found = await this.read();
    if (found.kind === "unavailable") return "unavailable";
    if (found.kind === "held") return found;
    const newest = await this.#ports.journal.newestFirst(newestCount);
    if ("kind" in newest) return "unavailable";
    if (newest[0] === undefined) return "empty-journal";
    const state = found.isLost ? resetTo(newest[0], "state-lost") : beginning(newest, found.atMs);
    return this.replace(found, { buckets: {}, ...state });
  }

  async read(): Promise<
    | VersionedState
    | (Pick<VersionedState, "version" | "atMs"> & {
        readonly kind: "none";
        readonly isLost: boolean;
      })
    | Unavailable
  > {
    const read = await this.#ports.subscribers.read([this.#name]);
    if (read.kind === "unavailable") return read;
    const { version, text } = read.states[0] ?? { version: "", text: undefined };
    const { atMs } = read;
    const state = text === undefined ? undefined : readTargetState(text);
    if (state === undefined) return { kind: "none", version, atMs, isLost: text !== undefined };
    return { kind: "held", version, atMs, state };
  }

  /** Stores a state, if nobody else has changed it. */
  async replace(
    { version, atMs }: Pick<VersionedState, "version" | "atMs">,
    state: WrittenState,
  ): Promise<VersionedState | Change> {
    const { subscribers, randomText } = this.#ports;
    const text = JSON.stringify({ ...state, id: randomText() });
    const replaced = await subscribers.replace(this.#name, version, text);
    if (replaced.kind !== "replaced") return replaced.kind;
    return { kind: "held", version: replaced.version, atMs, state };
  }

  /** Changes the state while this isolate has the lock, even if others change it meanwhile. */
  async settle(
    held: VersionedState,
    change: (state: WrittenState) => WrittenState,
  ): Promise<VersionedState | Change> {
    const holder = held.state.lock?.holder;
    let current = held;
    for (let tries = 0; tries < settlesMax; tries += 1) {
      const replaced = await this.replace(current, change(current.state));
      if (replaced !== "overtaken") return replaced;
      const read = await this.read();
      if (read.kind === "unavailable") return "unavailable";
      if (read.kind === "none" || read.state.lock?.holder !== holder) return "overtaken";
      current = read;
    }
    return "overtaken";
  }
}

/** Returns the beginning of a new target: the newest entry from before the look back. */
function beginning(newest: readonly Entry[], atMs: number): Partial<WrittenState> {
  const start = newest.find(({ position }) => acceptedAtMs(position) < atMs - lookBackMs);
  if (start !== undefined) return { cursor: { position: start.position, n: start.n } };
  return resetTo(newest[0] ?? { position: "0-0", n: "" }, "new");
}

/** The number of entries in which a new target looks for its beginning. */
const newestCount = 128;

export function resetTo(
  { position, n }: EntryId,
  why: NonNullable<WrittenState["reset"]>["why"],
): Pick<WrittenState, "reset"> {
  return { reset: { position, n, why } };
}

/** The maximum number of entries in a page. */
export const pageCount = 128;

/**
 * Reads the entry at the cursor and a page of entries after it, oldest first. If the journal still has the first,
 * trimming has removed no entry after the cursor.
 */
export async function entriesAfter(
  cursor: Cursor,
  { journal }: OutwardPorts,
): Promise<readonly Entry[] | "lost" | "unavailable"> {
  const [ms, sequence] = cursor.position.split("-").map(Number) as [number, number];
  const before = sequence > 0 ? `${ms}-${sequence - 1}` : `${ms - 1}-${sequenceMax}`;
  const found = await journal.after(before, pageCount + 1);
  if ("kind" in found) return "unavailable";
  const [first, ...entries] = found;
  return first !== undefined && isSameEntry(first, cursor) ? entries : "lost";
}

/** Above every sequence of a position. */
const sequenceMax = 999_999_999_999_999;
