// Parses lists of pages or keys: one per line, as text, as JSON, or in the first column of CSV.

/** The content of a line. */
export type Line =
  | { readonly kind: "named"; readonly text: string; readonly headers?: Record<string, string> }
  | { readonly kind: "nothing" }
  | { readonly kind: "unreadable" };

const nothing: Line = { kind: "nothing" };
const unreadable: Line = { kind: "unreadable" };

/**
 * @param line `undefined` if the line was too long
 * @param isCsv whether a comma or a semicolon also ends the first column; a tab always ends it
 */
export function readLine(line: string | undefined, { isCsv }: { readonly isCsv: boolean }): Line {
  if (line === undefined) return unreadable;
  const trimmed = line.trim();
  if (trimmed === "" || trimmed.startsWith("#")) return nothing;
  if (trimmed.startsWith("{")) return ofJson(trimmed);
  if (trimmed.startsWith('"')) return ofQuoted(trimmed);
  const end = trimmed.search(isCsv ? /[,;\t]/ : /\t/);
  return { kind: "named", text: (end === -1 ? trimmed : trimmed.slice(0, end)).trim() };
}

function ofQuoted(text: string): Line {
  const quoted = /^"((?:[^"]|"")*)"\s*(?:[,;\t]|$)/.exec(text)?.[1];
  return quoted === undefined
    ? unreadable
    : { kind: "named", text: quoted.replaceAll('""', '"').trim() };
}

function ofJson(text: string): Line {
  let value: { readonly url?: unknown; readonly key?: unknown; readonly headers?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable;
  }
  const named = value.url ?? value.key;
  const isNamed = typeof named === "string" || typeof named === "number";
  if (!isNamed || !isFields(value.headers ?? {})) return unreadable;
  const headers = value.headers as Record<string, string> | undefined;
  return { kind: "named", text: String(named), ...(headers && { headers }) };
}

function isFields(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (Object.values(value).some((one) => typeof one !== "string")) return false;
  try {
    void new Headers(value as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
