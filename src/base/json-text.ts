// Reads JSON and replies that may have any form.

/** Parses JSON. Returns `undefined` if it is invalid or not a text. Never throws. */
export function jsonIn(text: unknown): unknown {
  // An exception costs much more than the usual text.
  if (text === "") return undefined;
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a list. Any other value is an empty list. */
export const listIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [];
