// Applies the slices of one set to the sink, oldest first and chunk by chunk, and drops them.
// Several flushers may run at once. Each continues where another stopped.
import type { RemoteCause } from "../remote/trouble.ts";
import type { Mark, Sink } from "./sinks/sink.ts";
import {
  type Backlog,
  chunkCountMax,
  isApplied,
  isPast,
  type RestedSlice,
  type SliceStore,
} from "./change-slices.ts";

export interface FlushPorts<Change, Value> {
  readonly set: string;
  readonly store: Pick<SliceStore<Change>, "rested" | "changes" | "passMark" | "drop" | "refused">;
  readonly sink: Sink<Change, Value>;
}

/** The number of chunks that a run may still send to sinks. Several sets may share one budget. */
export interface ChunkBudget {
  left: number;
}

/**
 * - `done`: all rested slices are flushed.
 * - `more`: the budget is used up; the next run continues.
 * - `sink-failed`: the sink did not answer a read, did not confirm a chunk, or refused a change
 *   that did not become a dead letter. The next run continues there.
 * - `unavailable`: Redis did not answer; the next run continues.
 */
export type FlushEnd =
  | { readonly kind: "done" }
  | { readonly kind: "more" }
  | { readonly kind: "sink-failed"; readonly error: unknown }
  | { readonly kind: "unavailable"; readonly cause: RemoteCause };

export interface FlushReport {
  readonly end: FlushEnd;
  /** The number of dropped slices. */
  readonly sliceCount: number;
  /** The number of changes that the sink has confirmed. */
  readonly changeCount: number;
  /** The number of changes that got other slices, because the mark was ahead of the set's time. */
  readonly movedCount?: number;
  /** The number of dead letters that this run has made. */
  readonly deadCount?: number;
  /** The number of all dead letters of the set, after the last refusal. */
  readonly letterCount?: number;
  /** The backlog after the last drop; absent without a drop. */
  readonly backlog?: Backlog;
}

/** Flushes the set. Never rejects. */
export async function flush<Change, Value>(
  ports: FlushPorts<Change, Value>,
  budget: ChunkBudget,
): Promise<FlushReport> {
  const run: Run & { sliceCount: number; backlog?: Backlog } = { sliceCount: 0, changeCount: 0 };
  let mark: Mark | undefined | "unread" = "unread";
  for (;;) {
    const rested = await ports.store.rested();
    if (rested.kind === "unavailable") return { ...run, end: rested };
    if (rested.value === undefined) return { ...run, end: { kind: "done" } };
    if (budget.left <= 0) return { ...run, end: { kind: "more" } };
    if (mark === "unread") {
      try {
        mark = (await ports.sink.read(ports.set, [])).mark;
      } catch (error) {
        return { ...run, end: { kind: "sink-failed", error } };
      }
    }
    if (isApplied(mark, rested.value.slice)) {
      const passed = await ports.store.passMark(mark);
      if (passed.kind === "unavailable") return { ...run, end: passed };
      if (passed.value > 0) {
        run.movedCount = (run.movedCount ?? 0) + passed.value;
        continue;
      }
    }
    const end = await applySlice(ports, { rested: rested.value, mark, budget, run });
    if (end !== undefined) return { ...run, end };
    const dropped = await ports.store.drop(rested.value.slice);
    if (dropped.kind === "unavailable") return { ...run, end: dropped };
    run.sliceCount += 1;
    run.backlog = dropped.value;
  }
}

/** The changes of a last chunk without keys, which only moves the mark to the slice's end. */
const noChanges = { kind: "answered", value: { keyCount: 0, changes: [] } } as const;

interface SliceRun {
  readonly rested: RestedSlice;
  /** The mark at the start of the run. Changes up to it are not sent again. */
  readonly mark: Mark | undefined;
  readonly budget: ChunkBudget;
  readonly run: Run;
}

interface Run {
  changeCount: number;
  movedCount?: number;
  deadCount?: number;
  letterCount?: number;
}

/**
 * A chunk with a refused row is repeatedly cut to this part of its keys. The fourth attempt has only
 * one row, so the five chunks of a background flush suffice.
 */
const partOfRefused = 1 / 8;

/**
 * Applies a slice. Returns why it stopped; `undefined` once the sink has confirmed the whole slice.
 */
async function applySlice<Change, Value>(
  { set, store, sink }: FlushPorts<Change, Value>,
  { rested: { slice, keys }, mark, budget, run }: SliceRun,
): Promise<FlushEnd | undefined> {
  if (isApplied(mark, slice)) return undefined;
  let left = keys.filter((key) => isPast(mark, slice, key));
  let countMax = chunkCountMax;
  for (let isAtEnd = false; !isAtEnd;) {
    if (budget.left <= 0) return { kind: "more" };
    const named = left.slice(0, countMax);
    const found = named.length === 0 ? noChanges : await store.changes(slice, named);
    if (found.kind === "unavailable") return found;
    // Another flusher has dropped the slice, so the sink has it.
    if (found.value === undefined) return undefined;
    const { changes, keyCount } = found.value;
    isAtEnd = left.length <= keyCount;
    const chunk = {
      set,
      slice,
      mark: { slice, key: isAtEnd ? null : (named[keyCount - 1] ?? null) },
    };
    budget.left -= 1;
    try {
      await sink.apply({ ...chunk, changes });
      run.changeCount += changes.length;
    } catch (error) {
      const [change] = changes;
      if (!refusesRow(error) || change === undefined) return { kind: "sink-failed", error };
      if (keyCount > 1) {
        isAtEnd = false;
        countMax = Math.ceil(keyCount * partOfRefused);
        continue;
      }
      // The refused change becomes a dead letter at its last attempt.
      const refused = await store.refused(slice, change);
      if (refused.kind === "unavailable") return refused;
      run.letterCount = refused.value.letterCount;
      if (refused.value.kind !== "kept") return { kind: "sink-failed", error };
      run.deadCount = (run.deadCount ?? 0) + 1;
      countMax = chunkCountMax;
      try {
        await sink.apply({ ...chunk, changes: [] });
      } catch (failed) {
        return { kind: "sink-failed", error: failed };
      }
    }
    left = left.slice(keyCount);
  }
  return undefined;
}

/** Returns whether the sink refused a row. `SinkError` may come from another copy of its module. */
const refusesRow = (error: unknown): boolean =>
  error instanceof Error && "refusesRow" in error && error.refusesRow === true;

export interface FlushOptions {
  /**
   * The largest number of chunks that are sent to sinks. Default: 12. A chunk usually takes at most
   * three queries, and each set takes one more for its mark. D1's free plan allows 50 queries for
   * one invocation of a Worker.
   */
  readonly chunksMax?: number | undefined;
}

/** The result of flushing one set. */
export interface FlushResult {
  /**
   * `done`: the sink has all rested changes. `more`: call `flush` again. `failed`: the log has the
   * reason, and the next flush sends unconfirmed changes again.
   */
  readonly state: "done" | "more" | "failed";
  /** The number of changes that the sink has confirmed. */
  readonly changes: number;
}

export const budgetOf = ({ chunksMax = 12 }: FlushOptions = {}): ChunkBudget => ({
  left: chunksMax,
});

export function resultOf({ end, changeCount }: FlushReport): FlushResult {
  const isFailed = end.kind === "sink-failed" || end.kind === "unavailable";
  return { state: isFailed ? "failed" : end.kind, changes: changeCount };
}
