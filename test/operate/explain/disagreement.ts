// Differences between an explanation and the result of its request, and the differences that are
// permitted.
import type { both } from "../../../testing/site/explained.ts";

export interface Disagreement {
  readonly id: string;
  readonly told: string;
  readonly came: string;
}

type Both = Awaited<ReturnType<typeof both>>;

/**
 * Excuses a difference that time or concurrency can cause between the explanation and the request.
 *
 * @returns the exception that permits the difference, or `undefined`
 */
export function excuse({ explanation, seen, told }: Both): "doubt" | "origin" | undefined {
  // The journal is read once more before the request is judged.
  if (explanation.look?.isDoubtSettledFirst === true) return "doubt";
  // The origin is unreachable. If Tidemark had known that, the status would be 503.
  return told.startsWith("fwd=") && seen.status === 502 ? "origin" : undefined;
}
