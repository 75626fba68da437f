// Compares queries by No-Vary-Search (draft-ietf-httpbis-no-vary-search): the parameters, or their
// order, that do not change a response.
import { parseDictionary } from "structured-headers";

/** The field, in lower case. */
export const noVarySearchField = "no-vary-search";

/** A URL variation config other than the default. */
export interface UrlVariation {
  /** The field's value. Two values that differ only in their spelling count as different. */
  readonly text: string;
  /** The decoded names in `params` or `except`. */
  readonly names: ReadonlySet<string>;
  /** Whether only parameters with these names count, and not all others. */
  readonly isExcept: boolean;
  readonly ignoresOrder: boolean;
}

/** A longer value is as if it were absent. */
const textCharactersMax = 1_024;

/**
 * Returns the config of a field value; `undefined` for the default config, and for a value that is
 * absent or invalid. Never throws. Departs from the draft in what browsers accept: `params` may be a
 * Boolean, also beside `except`, and `key-order` needs neither.
 *
 * @param text the value, with its lines joined by commas; `null` if absent
 */
export function urlVariation(text: string | null): UrlVariation | undefined {
  const parsed = parseVariation(text);
  return typeof parsed === "string" ? undefined : parsed;
}

/** Returns why a value is invalid, with none of its text; `undefined` if it is valid or absent. */
export function variationFault(text: string | null): string | undefined {
  const parsed = parseVariation(text);
  return typeof parsed === "string" ? parsed : undefined;
}

/** Returns a fault as text. */
function parseVariation(text: string | null): UrlVariation | string | undefined {
  if (text === null) return undefined;
  if (text.length > textCharactersMax) return "The value is longer than 1,024 characters.";
  const dictionary = dictionaryOf(text);
  if (dictionary === undefined) return "The value is not a Dictionary of RFC 9651.";
  const [order = false, params = false, except] = ["key-order", "params", "except"].map(
    (name) => dictionary.get(name)?.[0],
  );
  if (typeof order !== "boolean") return "key-order is not a Boolean.";
  const named = typeof params === "boolean" ? [] : namesIn(params);
  if (named === undefined) return "params is neither a list of Strings nor a Boolean.";
  if (except !== undefined && dictionary.has("params") && params !== true)
    return "params and except are both present, and params is not true.";
  const excepted = except === undefined ? [] : namesIn(except);
  if (excepted === undefined) return "except is not a list of Strings.";
  const isExcept = params === true || except !== undefined;
  const names = new Set(isExcept ? excepted : named);
  if (!isExcept && names.size === 0 && !order) return undefined;
  return { text, names, isExcept, ignoresOrder: order };
}

function dictionaryOf(text: string) {
  try {
    return parseDictionary(text);
  } catch {
    return undefined;
  }
}

/** Returns the decoded names; `undefined` if the member is not a list of Strings. */
function namesIn(member: unknown): readonly string[] | undefined {
  if (!Array.isArray(member)) return undefined;
  const names: unknown[] = member.map((item: readonly unknown[]) => item[0]);
  return names.every((name) => typeof name === "string") ? names.map(decodedName) : undefined;
}

/** Decodes a name as `application/x-www-form-urlencoded`, in which it may be escaped. */
function decodedName(name: string): string {
  const escaped = name.replaceAll("&", "%26").replaceAll("=", "%3D");
  return pairsOf(`${escaped}=`)[0]?.name ?? "";
}

/** Returns whether a parameter does not change the response. Its name may be escaped. */
export function ignores({ names, isExcept }: UrlVariation, name: string): boolean {
  return names.has(decodedName(name)) !== isExcept;
}

interface Pair {
  readonly sent: string;
  readonly name: string;
  readonly value: string;
}

function pairsOf(query: string): readonly Pair[] {
  // The parser skips empty pairs. It would remove a first "?".
  const sent = query.split("&").filter((pair) => pair !== "");
  return Array.from(new URLSearchParams(`?${query}`), ([name, value], at) => ({
    sent: sent[at] ?? "",
    name,
    value,
  }));
}

function countedPairs(query: string, { names, isExcept, ignoresOrder }: UrlVariation): Pair[] {
  const counted = pairsOf(query).filter(({ name }) => names.has(name) === isExcept);
  if (ignoresOrder) counted.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return counted;
}

/** Returns the query with only the parameters that count, in the client's spelling. */
export function canonicalQuery(query: string, variation: UrlVariation): string {
  return countedPairs(query, variation)
    .map(({ sent }) => sent)
    .join("&");
}

/** Returns whether two URLs that differ only in their queries are equivalent (§6 of the draft). */
export function isSameQuery(
  [a, b]: readonly [string, string],
  variation: UrlVariation | undefined,
): boolean {
  if (variation === undefined || a === b) return a === b;
  const [some, others] = [countedPairs(a, variation), countedPairs(b, variation)];
  return (
    some.length === others.length &&
    some.every(({ name, value }, at) => name === others[at]?.name && value === others[at].value)
  );
}
