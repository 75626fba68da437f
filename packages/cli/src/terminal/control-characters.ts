// Text that may come from elsewhere, such as the reason of a purge, without what a terminal would obey.

const shown = String.raw`\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const control = new RegExp(`[${shown}]`, "gu");
/** Bold, dim, the colours of text but black, and the ends of these. What hides text is not among them. */
const colour = String.raw`\u001b\[(?:[12]|22|3[1-79]|9[1-7])m`;
const colourOrControl = new RegExp(`(${colour})|[${shown}]`, "gu");

/** Keeps line breaks and tabs. All other control characters become `�`, and so do those that turn text around. */
export function withoutControls(text: string): string {
  return text.replace(control, "\ufffd");
}

/** As `withoutControls`, but keeps colours. */
export function withColoursAlone(text: string): string {
  return text.replace(colourOrControl, (_, kept: string | undefined) => kept ?? "\ufffd");
}

/** @param json as `JSON.stringify` makes it. @returns the same data, of which a terminal obeys nothing */
export function escapedJson(json: string): string {
  const escape = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(control, escape);
}
