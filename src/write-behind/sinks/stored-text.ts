// Encodes texts for databases, because Postgres rejects the character U+0000.

/** Encodes a text without U+0000. Texts stay distinct, and keep the order of their UTF-8 bytes. */
export function storedText(text: string): string {
  return text.replaceAll("\u0001", "\u0001\u0002").replaceAll("\u0000", "\u0001\u0001");
}

/**
 * Decodes a text.
 *
 * @param stored from `storedText`
 */
export function textOf(stored: string): string {
  const parts = stored.split("\u0001\u0001");
  return parts.map((part) => part.replaceAll("\u0001\u0002", "\u0001")).join("\u0000");
}
