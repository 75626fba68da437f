// Reads the name-value pairs of a URL's query (RFC 3986 §3.4).

/** Returns the name in `name=value`, or the whole pair if it has no value. */
export function nameIn(pair: string): string {
  const equalsAt = pair.indexOf("=");
  return equalsAt === -1 ? pair : pair.slice(0, equalsAt);
}

/**
 * Sorts a query's pairs by the code units of their names, and drops empty pairs. Pairs with the
 * same name keep their order.
 */
export function sortedQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => ({ pair, name: nameIn(pair) }))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ pair }) => pair)
    .join("&");
}
