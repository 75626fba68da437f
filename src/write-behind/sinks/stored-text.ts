// Texts as databases can hold them: Postgres refuses the character U+0000.

/** No two texts become the same one, and the order of their UTF-8 bytes stays. */
export function storedText(text: string): string {
  return text.replaceAll("\u0001", "\u0001\u0002").replaceAll("\u0000", "\u0001\u0001");
}

/** @param stored of `storedText` */
export function textOf(stored: string): string {
  const parts = stored.split("\u0001\u0001");
  return parts.map((part) => part.replaceAll("\u0001\u0002", "\u0001")).join("\u0000");
}
