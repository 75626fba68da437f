// A lifetime that one call names, in place of its namespace's.
import { durationSeconds } from "../../config/duration.ts";
import { OperatorError } from "../../base/operator-error.ts";

/**
 * @returns milliseconds
 * @throws OperatorError for what is no duration
 */
export function msOf(written: string): number {
  const seconds = durationSeconds(written);
  if (seconds !== undefined) return seconds * 1_000;
  throw new OperatorError({
    what: "A lifetime of data is refused.",
    why: `${JSON.stringify(written)} is no duration.`,
    mend: 'Write a whole number with s, m, h or d, such as "5m".',
  });
}
