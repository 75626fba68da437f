// What a key takes of memory where keys are kept: they are the client's to choose, and may be long.

/** @returns bytes, roughly: two a character, and what stands around it */
export function keyBytes(key: string): number {
  return 64 + 2 * key.length;
}
