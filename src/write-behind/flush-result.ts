// The options and the result of a flush that the application calls.
import type { ChunkBudget, FlushReport } from "./flush.ts";

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
