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

/** Matches one token of valid JSON. */
const token = /"(?:[^"\\]|\\.)*"|[^\s"[\]{},:]+|[[\]{},:]/g;

/** Returns the tokens of a text that is valid JSON. */
export const tokensIn = (json: string): readonly string[] => json.match(token) ?? [];

/** Returns the first name that an object has twice, in any spelling; `undefined` if there is none. */
export function repeatedName(tokens: readonly string[]): string | undefined {
  const open: Set<string>[] = [];
  for (const [nth, each] of tokens.entries()) {
    if (each === "{") open.push(new Set());
    else if (each === "}") open.pop();
    else if (tokens[nth + 1] === ":") {
      const name = JSON.parse(each) as string;
      if (open.at(-1)?.has(name) === true) return name;
      open.at(-1)?.add(name);
    }
  }
  return undefined;
}

/** Returns a list. Any other value is an empty list. */
export const listIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [];
