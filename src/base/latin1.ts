// Texts of fields that a runtime has read as Latin-1, as Node does, although they may be UTF-8.

/** Returns whether Latin-1 can encode the text, but not with the same bytes as UTF-8. */
export function isLatin1(text: string): boolean {
  return /[\x80-\xff]/.test(text) && !/[^\0-\xff]/.test(text);
}

/** @param text characters up to U+00FF; only the lowest 8 bits of other characters are used */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

/** Returns the text whose UTF-8 was read as Latin-1; `undefined` if it was not UTF-8, or is ASCII. */
export function utf8ReadAsLatin1(text: string): string | undefined {
  if (!isLatin1(text)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(latin1Bytes(text));
  } catch {
    return undefined;
  }
}
