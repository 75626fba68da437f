// The pairs of a URL's query (RFC 3986 §3.4): names and values, as forms write them.

/** @param pair `name=value`, or a name alone */
export function nameIn(pair: string): string {
  return pair.split("=", 1)[0] ?? "";
}

/** By the code units of their names; repeats of a name stay in their order. */
export function sortedByName(pairs: readonly string[]): string[] {
  return pairs
    .map((pair) => ({ pair, name: nameIn(pair) }))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ pair }) => pair);
}
