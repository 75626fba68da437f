// Applies the slices of one set to the sink, oldest first and chunk by chunk, and drops them. Concurrent flushers are
// harmless, and each continues where another stopped.
import type { RedisCause } from "../redis/redis-client.ts";
import type { Mark, Sink } from "./sinks/sink.ts";
import {
  type Backlog,
  chunkCountMax,
  isPast,
  type RestedSlice,
  type SliceStore,
} from "./slice-store.ts";

export interface FlushPorts<Change, Value> {
  readonly set: string;
  readonly store: Pick<SliceStore<Change>, "rested" | "changes" | "drop">;
  readonly sink: Sink<Change, Value>;
}

/** The number of chunks that a run may still send to sinks. Several sets may share it. */
export interface ChunkBudget {
  left: number;
}

/**
 * - `done`: all rested slices are flushed.
 * - `more`: the budget is used up; the next run continues.
 * - `sink-failed`: it is unknown whether the sink has the chunk; the next run sends it again.
 */
export type FlushEnd =
  | { readonly kind: "done" }
  | { readonly kind: "more" }
  | { readonly kind: "sink-failed"; readonly error: unknown }
  | { readonly kind: "unavailable"; readonly cause: RedisCause };

export interface FlushReport {
  readonly end: FlushEnd;
  /** The number of dropped slices. */
  readonly sliceCount: number;
  /** The number of changes that the sink has confirmed. */
  readonly changeCount: number;
  /** After the last drop; absent without one. */
  readonly backlog?: Backlog;
}

/** Never rejects. */
export async function flush<Change, Value>(
  ports: FlushPorts<Change, Value>,
  budget: ChunkBudget,
): Promise<FlushReport> {
  const run: { sliceCount: number; changeCount: number; backlog?: Backlog } = {
    sliceCount: 0,
    changeCount: 0,
  };
  let mark: Mark | undefined | "unread" = "unread";
  for (;;) {
    const rested = await ports.store.rested();
    if (rested.kind === "unavailable") return { ...run, end: rested };
    if (rested.value === undefined) return { ...run, end: { kind: "done" } };
    if (budget.left <= 0) return { ...run, end: { kind: "more" } };
    if (mark === "unread") {
      const read = await markOf(ports);
      if (read.kind === "sink-failed") return { ...run, end: read };
      mark = read.mark;
    }
    const end = await applySlice(ports, { rested: rested.value, mark, budget, run });
    if (end !== undefined) return { ...run, end };
    const dropped = await ports.store.drop(rested.value.slice);
    if (dropped.kind === "unavailable") return { ...run, end: dropped };
    run.sliceCount += 1;
    run.backlog = dropped.value;
  }
}

type MarkRead =
  | { readonly kind: "read"; readonly mark: Mark | undefined }
  | Extract<FlushEnd, { kind: "sink-failed" }>;

async function markOf<Change, Value>({ sink, set }: FlushPorts<Change, Value>): Promise<MarkRead> {
  try {
    return { kind: "read", mark: (await sink.read(set, [])).mark };
  } catch (error) {
    return { kind: "sink-failed", error };
  }
}

/** Used if the mark is at the last key, but not yet at the end of the slice. */
const noChanges = { kind: "answered", value: { keyCount: 0, changes: [] } } as const;

interface SliceRun {
  readonly rested: RestedSlice;
  /** The mark at the start of the run. Changes up to it are not sent again. */
  readonly mark: Mark | undefined;
  readonly budget: ChunkBudget;
  readonly run: { changeCount: number };
}

/** Returns why it stopped; `undefined` once the sink has confirmed the whole slice. */
async function applySlice<Change, Value>(
  { set, store, sink }: FlushPorts<Change, Value>,
  { rested: { slice, keys }, mark, budget, run }: SliceRun,
): Promise<FlushEnd | undefined> {
  if (mark !== undefined && (slice < mark.slice || (slice === mark.slice && mark.key === null))) {
    return undefined;
  }
  let left = keys.filter((key) => isPast(mark, slice, key));
  for (let isAtEnd = false; !isAtEnd;) {
    if (budget.left <= 0) return { kind: "more" };
    const named = left.slice(0, chunkCountMax);
    const found = named.length === 0 ? noChanges : await store.changes(slice, named);
    if (found.kind === "unavailable") return found;
    // Another flusher has dropped the slice, so the sink has it.
    if (found.value === undefined) return undefined;
    const { changes, keyCount } = found.value;
    left = left.slice(keyCount);
    isAtEnd = left.length === 0;
    const last = isAtEnd ? null : (named[keyCount - 1] ?? null);
    budget.left -= 1;
    try {
      await sink.apply({ set, slice, changes, mark: { slice, key: last } });
    } catch (error) {
      return { kind: "sink-failed", error };
    }
    run.changeCount += changes.length;
  }
  return undefined;
}
