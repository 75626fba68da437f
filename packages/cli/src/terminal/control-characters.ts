// Text that may come from elsewhere, such as the reason of a purge, without what a terminal would obey.

const colour = String.raw`\u001b\[[\d;]*m`;
const control = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]`;
const colourOrControl = new RegExp(`(${colour})|${control}`, "gu");

/** Keeps line breaks, tabs and colours. All other control characters become `�`, and so do those that turn text around. */
export function withoutControls(text: string): string {
  return text.replace(colourOrControl, (_, kept: string | undefined) => kept ?? "\ufffd");
}
