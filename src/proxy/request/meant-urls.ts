// Which keyed URLs a purge by URL means. A parameter may count in one spelling of its name and not in
// another; a purge means its URL in every spelling.
import type { Config, Route } from "../../config/config.ts";
import { matchesAny, type NamePatterns } from "../../config/known-names.ts";
import { comparedInQuery, comparedUrl, hasSpellings } from "../../purge/journal/spelling.ts";
import { type Counts, countsOn, keyedUrl } from "./key.ts";
import type { Target } from "./target.ts";

/**
 * @returns keyed URLs: with the parameters that count as they are sent; with all that count in some
 *   spelling; and with those alone that count in every spelling. Mostly these are one URL
 */
export function meantUrls(asked: Target, route: Route, config: Config): string[] {
  const { queryAllow: allow } = route;
  const { stripQuery: strip } = config;
  const inSome: Counts = (name) =>
    !matchesEverySpelling(strip, name) && (allow === undefined || matchesSomeSpelling(allow, name));
  const inEvery: Counts = (name) =>
    !matchesSomeSpelling(strip, name) && (allow === undefined || matchesEverySpelling(allow, name));
  const readings = [countsOn(route, config), inSome, inEvery];
  const urls = readings.map((counts) => keyedUrl(asked, counts).url);
  const compared = urls.map(comparedUrl);
  return urls.filter((_, nth) => compared.indexOf(compared[nth] ?? "") === nth);
}

function matchesSomeSpelling(patterns: NamePatterns, name: string): boolean {
  return matchesAny(patterns.map(comparedInQuery), comparedInQuery(name));
}

/** A pattern with a character that has two spellings matches names in one of them alone. */
function matchesEverySpelling(patterns: NamePatterns, name: string): boolean {
  const ofAll = patterns.filter((pattern) => !hasSpellings(pattern.replace(/\*$/, "")));
  return matchesAny(ofAll, name);
}
