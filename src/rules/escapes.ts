// Decodes escapes of URLs that change no meaning (RFC 3986 §6.2.2).

/**
 * Normalizes escapes once. A "%" outside of an escape never becomes part of an escape: `%2%65` does
 * not become `%2e`.
 */
export function normalisedEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/(?<!%[\da-f]?)%([\da-f]{2})/gi, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w\-.~]/.test(character) ? character : escape.toUpperCase();
  });
}

/** Returns a text with normalized escapes, in which those of some ASCII characters are decoded. */
export function unescapedIn(text: string, characters: RegExp): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([2-7][\dA-F])/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return characters.test(character) ? character : escape;
  });
}
