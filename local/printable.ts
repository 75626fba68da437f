// Makes text from sites, databases, files and URLs safe for a terminal.

/** Styles of the program's own text. */
export type Style = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** A part of a line: plain text, or styled text. */
export type Part = string | { readonly style: Style; readonly text: string };

/**
 * Characters that control a terminal (C0 except tab, DEL and C1; OSC 8 and OSC 52 begin with one),
 * characters that reorder text, and all line breaks, Unicode separators included.
 */
const control =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns text for a part of one line. Replaces each control character with `�`. */
export function printable(text: string): string {
  return text.replace(control, "\ufffd");
}

/** @param paint applies a style, or returns the text unchanged. @returns the line without its line break */
export function lineOf(parts: readonly Part[], paint: (style: Style, text: string) => string) {
  const shown = parts.map((part) =>
    typeof part === "string" ? printable(part) : paint(part.style, printable(part.text)),
  );
  return shown.join("");
}

/** Escapes control characters. @param json from `JSON.stringify`. @returns equivalent JSON that is safe to print */
export function printableJson(json: string): string {
  const escape = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(control, escape);
}
