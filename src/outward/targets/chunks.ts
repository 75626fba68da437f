// Divides lists of names into requests of limited size.

/** @param charsMax the maximum length of the items of a chunk, as JSON with separators */
export function chunks<Item>(
  items: readonly Item[],
  countMax: number,
  charsMax = Number.POSITIVE_INFINITY,
): readonly (readonly Item[])[] {
  const found: Item[][] = [];
  let [count, chars] = [0, 0];
  for (const item of items) {
    const size = JSON.stringify(item).length + 1;
    const last = found.at(-1);
    if (last === undefined || count >= countMax || chars + size > charsMax) {
      found.push([item]);
      [count, chars] = [1, size];
    } else {
      last.push(item);
      [count, chars] = [count + 1, chars + size];
    }
  }
  return found;
}
