// Reads the name-value pairs of a URL's query (RFC 3986 §3.4).
import { normalisedEscapes, unescapedIn } from "./escapes.ts";

/** ASCII characters that mean the same escaped and unescaped in a query, without unreserved ones. */
const spelledTwice = /[!"$'()*,:<>@[\]^`{|}]/;

/**
 * Returns the spelling in which purges compare a part of a query.
 *
 * @param text a part of a query with normalized escapes
 */
export const comparedInQuery = (text: string): string => unescapedIn(text, spelledTwice);

/** Returns the spelling in which names of parameters are compared. */
export const comparedName = (name: string): string => comparedInQuery(normalisedEscapes(name));

/** Returns a name in the configuration in the spelling of `comparedName`. */
export const configuredName = (name: string): string =>
  comparedName(name.toWellFormed().replaceAll(/[^!-~]/gu, encodeURIComponent));

/** Returns the name in `name=value`, or the whole pair if it has no value. */
export function nameIn(pair: string): string {
  const equalsAt = pair.indexOf("=");
  return equalsAt === -1 ? pair : pair.slice(0, equalsAt);
}

/**
 * Sorts a query's pairs by the code units of their names, in the spelling of `comparedName`, and drops empty pairs.
 * Pairs with the same name keep their order.
 */
export function sortedQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => ({ pair, name: comparedName(nameIn(pair)) }))
    .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ pair }) => pair)
    .join("&");
}
