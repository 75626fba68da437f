// Validates keys, amounts and values, so that every database can store them.
import { OperatorError } from "../base/operator-error.ts";

/** The limit for a key, in bytes of UTF-8. */
const keyBytesMax = 512;
/** The limit for an encoded value, in bytes of UTF-8. */
const valueBytesMax = 32_768;
/** The limit for one add, so that the sum of a batch is a safe integer. */
const byMax = 1_000_000_000;
/** The limit for `top`, because an isolate holds all results. */
const topCountMax = 10_000;

/** A key of a set. Numbers become text, so `42` and `"42"` are the same key. */
export type SetKey = string | number;

/**
 * Returns a key as text.
 *
 * @throws OperatorError for a key that some database could not store unchanged
 */
export function keyTextOf(key: SetKey): string {
  const text = typeof key === "number" && Number.isFinite(key) ? String(key) : key;
  const why =
    typeof text !== "string"
      ? "It is neither a string nor a number."
      : (whyUnstorable(text) ?? (text === "" ? "It is empty." : whyTooLong(text, keyBytesMax)));
  if (why === undefined) return text as string;
  throw new OperatorError({
    what: "A key of a write-behind set is invalid.",
    why,
    hint: `Use a string of 1 to ${keyBytesMax} bytes, such as an ID.`,
  });
}

/**
 * Returns the amount of an add.
 *
 * @throws OperatorError for an amount that is not a whole number, or out of range
 */
export function checkedBy(by: number): number {
  if (Number.isSafeInteger(by) && Math.abs(by) <= byMax) return by;
  throw new OperatorError({
    what: `An add of ${by} is invalid.`,
    why: `It is not a whole number from -${byMax} to ${byMax}.`,
    hint: "Add whole numbers, such as cents instead of euros.",
  });
}

/**
 * Returns the count of `top`. For an invalid count, some databases fail, and others return all rows.
 *
 * @throws OperatorError for a count that is not a whole number, or out of range
 */
export function checkedTopCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= topCountMax) return count;
  throw new OperatorError({
    what: `The count ${count} of the largest values is invalid.`,
    why: `It is not a whole number from 0 to ${topCountMax}.`,
    hint: "Request only as many as you show; for more, query your database.",
  });
}

/**
 * Returns the encoded value.
 *
 * @throws OperatorError for a text that is too long, or that some database rejects
 */
export function checkedText(text: string, place: string): string {
  const why = whyUnstorable(text) ?? whyTooLong(text, valueBytesMax);
  if (why === undefined) return text;
  throw new OperatorError({
    what: `The value of ${place} is invalid.`,
    why,
    hint: `The codec may return up to ${valueBytesMax} bytes of whole characters, without U+0000.`,
  });
}

export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Returns why some database cannot store a text: PostgreSQL rejects U+0000, and UTF-8 cannot encode
 * lone surrogates. A single invalid text could block the set's flushes.
 */
function whyUnstorable(text: string): string | undefined {
  if (text.includes("\0")) return "It contains the character U+0000.";
  return text.isWellFormed() ? undefined : "It contains half a character (a lone surrogate).";
}

function whyTooLong(text: string, bytesMax: number): string | undefined {
  return bytesOf(text) > bytesMax ? `It is longer than ${bytesMax} bytes.` : undefined;
}
