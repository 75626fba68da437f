// Text for a person's terminal: what comes from a site, a database, a file or a URL shows nothing but itself.

/** Colours and weights that this program gives text itself. */
export type Style = "red" | "green" | "yellow" | "cyan" | "dim" | "bold";

/** A piece of a line: plain text, or text with a style of this program's. */
export type Part = string | { readonly style: Style; readonly text: string };

/**
 * C0 but the tab, DEL and C1, which a terminal obeys (OSC 8 and OSC 52 begin with one); the controls that reorder text;
 * and every line break, the separators of Unicode among them.
 */
const control =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns the text as a part of one line: each character that a terminal would obey becomes `�`. */
export function printable(text: string): string {
  return text.replace(control, "\ufffd");
}

/** @param paint gives text a style, or returns it as it is. @returns the line without its line break */
export function lineOf(parts: readonly Part[], paint: (style: Style, text: string) => string) {
  const shown = parts.map((part) =>
    typeof part === "string" ? printable(part) : paint(part.style, printable(part.text)),
  );
  return shown.join("");
}

/** @param json as `JSON.stringify` writes it. @returns the same data, of which a terminal obeys nothing */
export function printableJson(json: string): string {
  const escape = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(control, escape);
}
