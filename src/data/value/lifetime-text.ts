// Durations of data: milliseconds as a number, or a string with a unit, which may also be ms.
import { durationSeconds } from "../../config/duration.ts";
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";

/** Milliseconds, or a whole number with its unit, such as `"250ms"` or `"5m"`. */
export type DataDuration = number | Duration | `${bigint}ms`;

/** The limit of a number, which is the longest duration of a string: nine digits of days. */
const msMax = 999_999_999 * 86_400_000;

export const durationForms =
  'write milliseconds as a number, such as 500, or a whole number with ms, s, m, h or d, such as "250ms" or "5m"';

/** Returns milliseconds; `undefined` for anything other than a duration. */
export function durationMs(written: unknown): number | undefined {
  if (typeof written === "number") return written >= 0 && written <= msMax ? written : undefined;
  if (typeof written !== "string") return undefined;
  const [, ms] = /^(\d{1,12})ms$/.exec(written) ?? [];
  if (ms !== undefined) return Number(ms);
  const seconds = durationSeconds(written);
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** Returns the fault of anything other than a duration, such as `NaN is not a duration`. */
export const notDuration = (written: unknown): string => `${textOf(written)} is not a duration`;

function textOf(written: unknown): string {
  const isText = typeof written !== "number" && typeof written !== "bigint";
  return isText ? JSON.stringify(written) : String(written);
}

/**
 * Converts a duration to milliseconds.
 *
 * @throws OperatorError for anything other than a duration
 */
export function msOf(written: DataDuration): number {
  const ms = durationMs(written);
  if (ms !== undefined) return ms;
  throw new OperatorError({
    // The log shows `why`, and a client may have written the lifetime.
    what: `A lifetime of data is invalid: ${textOf(written)}.`,
    why: "It is not a duration.",
    hint: `${durationForms.replace("w", "W")}.`,
  });
}
