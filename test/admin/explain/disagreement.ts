// Differences between an explanation and the request after it, and those that are no fault.
import type { both } from "../../../testing/site/explained.ts";

export interface Disagreement {
  readonly id: string;
  readonly told: string;
  readonly came: string;
}

type Both = Awaited<ReturnType<typeof both>>;

/**
 * Parts that time or concurrency may change between the question and the request.
 *
 * @returns which exception explains that the two differ; `undefined` where none does
 */
export function excuse({ explanation, seen, told }: Both): "doubt" | "origin" | undefined {
  // The journal is read once more before the request is judged.
  if (explanation.look?.isDoubtSettledFirst === true) return "doubt";
  // The origin was asked, and cannot be reached. One that is known to be down answers 503.
  return told.startsWith("fwd=") && seen.status === 502 ? "origin" : undefined;
}
