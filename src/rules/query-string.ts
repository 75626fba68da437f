// Reads the name-value pairs of a URL's query (RFC 3986 §3.4).

/** ASCII characters that mean the same escaped and unescaped in a query, without unreserved ones. */
const spelledTwice = /[!"$'()*,:<>@[\]^`{|}]/;

/**
 * Returns the spelling in which parts of a query are compared: in names of parameters, and in the URLs of purges.
 *
 * @param text a part of a query with normalized escapes
 */
export const comparedInQuery = (text: string): string => unescapedIn(text, spelledTwice);

/** Returns a name in the configuration in the spelling of `comparedInQuery`. */
export function configuredName(name: string): string {
  const escaped = name.toWellFormed().replaceAll(/[^!-~]/gu, encodeURIComponent);
  return comparedInQuery(escaped.replaceAll(/%[\da-f]{2}/gi, (escape) => escape.toUpperCase()));
}

/** Returns a text with the escapes of some ASCII characters decoded. */
export function unescapedIn(text: string, characters: RegExp): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([2-7][\dA-F])/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return characters.test(character) ? character : escape;
  });
}

/** Returns the name in `name=value`, or the whole pair if it has no value. */
export function nameIn(pair: string): string {
  const equalsAt = pair.indexOf("=");
  return equalsAt === -1 ? pair : pair.slice(0, equalsAt);
}

/**
 * Sorts a query's pairs by the code units of their names, in the spelling of `comparedInQuery`, and drops empty pairs.
 * Pairs with the same name keep their order.
 */
export function sortedQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => ({ pair, name: comparedInQuery(nameIn(pair)) }))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ pair }) => pair)
    .join("&");
}
