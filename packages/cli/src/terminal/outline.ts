// Nested data as indented lines for people.

/** A line for each value. What is nested stands below its name; a list or an object with nothing in it is `none`. */
export function outlineOf(value: object, indent = ""): string[] {
  const lines: string[] = [];
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const label = Array.isArray(value) ? "-" : `${name}:`;
    if (isNested(inner)) lines.push(`${indent}${label}`, ...outlineOf(inner, `${indent}  `));
    else lines.push(`${indent}${label} ${plain(inner)}`);
  }
  return lines;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" ? "none" : JSON.stringify(value);
}
