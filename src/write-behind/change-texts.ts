// Keys, amounts and values of changes, as a caller names them: what every database takes, and no more.
import { OperatorError } from "../base/operator-error.ts";

/** In UTF-8. */
export const keyBytesMax = 512;
/** Of a value's text, in UTF-8. */
export const valueBytesMax = 32_768;
/** Of one add, so that no sum of a slice is beyond what numbers hold exactly. */
export const byMax = 1_000_000_000;
/** Of `top`: an isolate holds them all. */
const topCountMax = 10_000;

/** A number is written as text, so `42` and `"42"` are one key. */
export type SetKey = string | number;

/** @throws OperatorError for what some database could not keep as it is */
export function keyTextOf(key: SetKey): string {
  const text = typeof key === "number" && Number.isFinite(key) ? String(key) : key;
  const why =
    typeof text !== "string"
      ? "It is neither a text nor a number."
      : (whyUnstorable(text) ?? (text === "" ? "It is empty." : whyTooLong(text, keyBytesMax)));
  if (why === undefined) return text as string;
  throw new OperatorError({
    what: "A key of a write-behind set is refused.",
    why,
    mend: `Name it by a text of 1 to ${keyBytesMax} bytes, such as an ID.`,
  });
}

/** @throws OperatorError for what is no whole number, or too large */
export function checkedBy(by: number): number {
  if (Number.isSafeInteger(by) && Math.abs(by) <= byMax) return by;
  throw new OperatorError({
    what: `An add of ${by} is refused.`,
    why: `It is no whole number from -${byMax} to ${byMax}.`,
    mend: "Add whole numbers, such as cents in the place of euros.",
  });
}

/** @throws OperatorError for what one database refuses, and another takes for all rows */
export function checkedTopCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= topCountMax) return count;
  throw new OperatorError({
    what: `The largest ${count} values are refused.`,
    why: `It is no whole number from 0 to ${topCountMax}.`,
    mend: "Ask for as many as you show; for more, ask your database.",
  });
}

/** @throws OperatorError for a text that no database would take */
export function checkedText(text: string, place: string): string {
  const why = whyUnstorable(text) ?? whyTooLong(text, valueBytesMax);
  if (why === undefined) return text;
  throw new OperatorError({
    what: `The value of ${place} is refused.`,
    why,
    mend: `A codec may write up to ${valueBytesMax} bytes of whole characters, without U+0000.`,
  });
}

export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** PostgreSQL refuses U+0000, and UTF-8 has no half characters. One such text would stop all flushes. */
function whyUnstorable(text: string): string | undefined {
  if (text.includes("\0")) return "It holds the character U+0000.";
  return text.isWellFormed() ? undefined : "It holds half a character (a lone surrogate).";
}

function whyTooLong(text: string, bytesMax: number): string | undefined {
  return bytesOf(text) > bytesMax ? `It is over ${bytesMax} bytes.` : undefined;
}
