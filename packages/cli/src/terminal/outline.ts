// Formats nested data as indented lines for people.

/** Yields a line for each value. Nested values follow their name; an empty list or object is `none`. */
export function* outlineOf(value: object, indent = ""): Generator<string> {
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const label = Array.isArray(value) ? "-" : `${name}:`;
    if (isNested(inner)) {
      yield `${indent}${label}`;
      yield* outlineOf(inner, `${indent}  `);
    } else {
      yield `${indent}${label} ${plain(inner)}`;
    }
  }
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? "none" : JSON.stringify(value);
}
