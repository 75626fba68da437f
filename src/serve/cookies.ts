// A request's cookies, sorted by what the configuration knows of them.
import { matchesAny, type NamePatterns } from "../config.ts";

export interface SortedCookies {
  /** What is forwarded, in the request's order; empty for none. */
  readonly forwarded: string;
  /** Values of the cookies that are part of the key. */
  readonly keyed: readonly string[];
  /** One is there that nobody knows: it may be a session. */
  readonly hasUnknown: boolean;
}

const noCookies: SortedCookies = { forwarded: "", keyed: [], hasUnknown: false };

/** @param given.drop cookies that the answer does not depend on; they are not forwarded */
export function sortCookies(given: {
  field: string | null;
  key: readonly string[];
  drop: readonly NamePatterns[];
}): SortedCookies {
  if (given.field === null) return noCookies;
  const all = given.field
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "")
    .map((pair) => ({ pair, name: nameIn(pair) }));
  const isKeyed = (name: string) => given.key.includes(name);
  const kept = all.filter(
    ({ name }) => isKeyed(name) || !given.drop.some((patterns) => matchesAny(patterns, name)),
  );
  return {
    forwarded: kept.map(({ pair }) => pair).join("; "),
    keyed: kept.filter(({ name }) => isKeyed(name)).map(({ pair }) => pair),
    hasUnknown: kept.some(({ name }) => !isKeyed(name)),
  };
}

/** Two Cookie lines reach us joined by a comma, which no cookie holds: such a pair is unknown. */
function nameIn(pair: string): string {
  return pair.includes(",") ? pair : (pair.split("=", 1)[0] ?? "");
}
