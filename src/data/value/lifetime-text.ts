// Parses a lifetime that a call sets instead of its namespace's.
import { durationSeconds } from "../../config/duration.ts";
import { OperatorError } from "../../base/operator-error.ts";

/**
 * @returns milliseconds
 * @throws OperatorError if the text is not a duration
 */
export function msOf(written: string): number {
  const seconds = durationSeconds(written);
  if (seconds !== undefined) return seconds * 1_000;
  throw new OperatorError({
    what: "A lifetime of data is refused.",
    why: `${JSON.stringify(written)} is not a duration.`,
    hint: 'Write a whole number with s, m, h or d, such as "5m".',
  });
}
