// A flush as an application asks for it, and what it is told of it.
import type { ChunkBudget, Flushed } from "./flush.ts";

export interface FlushOptions {
  /**
   * How many chunks are sent to sinks at most; 15 unless set. Each is up to three queries, and D1's free
   * plan has 50 for one invocation of a Worker.
   */
  readonly chunksMax?: number | undefined;
}

/** What a flush of one set came to. */
export interface FlushResult {
  /** `more`: call it again. `failed`: the log says why; what was not confirmed is sent again. */
  readonly state: "done" | "more" | "failed";
  /** Changes that its sink has confirmed. */
  readonly changes: number;
}

export const budgetOf = ({ chunksMax = 15 }: FlushOptions = {}): ChunkBudget => ({
  left: chunksMax,
});

export function resultOf({ end, changeCount }: Flushed): FlushResult {
  const isFailed = end.kind === "sink-failed" || end.kind === "unavailable";
  return { state: isFailed ? "failed" : end.kind, changes: changeCount };
}
