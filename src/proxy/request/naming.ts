// Reads the targets of purges: normalises URLs, prefixes and hosts into the form of cache keys.
import type { Config, Route } from "../../config/config.ts";
import { matchesAny, type NamePatterns } from "../../config/known-names.ts";
import { isPassedBy } from "../../config/route.ts";
import type { TargetNames, Reading } from "../../purge/acceptance/order.ts";
import { quoted } from "../../protocol/purge-order.ts";
import { comparedInQuery, comparedUrl, hasSpellings } from "../../purge/journal/spelling.ts";
import { type Counts, countsOn, keyedUrl } from "./key.ts";
import { isReserved } from "./reserved.ts";
import { countedAs, readTarget, type Target } from "./target.ts";
import type { SiteUrls } from "./url-reader.ts";

/** Returns the readers of a site's purge targets. For an unreadable target they return a fault. */
export function namingOf({ config, matchRoute, siteHosts }: SiteUrls): TargetNames {
  return {
    route: (name) => readRoute(name, config),
    url: (url) => {
      const fault = faultOfUrl(url);
      if (fault !== undefined) return fault;
      const target = readTarget(new URL(url).href, siteHosts);
      if (isReserved(target.path, config.operatorPath)) return reserved(url);
      const { route } = matchRoute(target);
      const note = route.bypass ? noteOnBypass(route.name) : undefined;
      return { kind: "named", as: meantUrls(target, route, config), note };
    },
    prefix: (prefix) => readPrefix(prefix, { config, siteHosts }),
    host: (host) => readHost(host, siteHosts),
  };
}

const fault = (why: string, hint: string) => ({ kind: "fault", why, hint }) as const;

function readRoute(name: string, { routes }: Config): Reading {
  const route = routes.find((one) => one.name === name);
  if (route === undefined) {
    const hint = "Write its name as the configuration has it, or purge by prefix.";
    return fault(`No route is called ${quoted(name)}.`, hint);
  }
  return { kind: "named", as: [name], note: isPassedBy(route) ? noteOnBypass(name) : undefined };
}

const noteOnBypass = (name: string): string =>
  `The route ${quoted(name)} is passed by, so nothing is stored under it now.`;

/**
 * Returns the keyed URLs that a purge by URL means. It means its URL in every spelling. A parameter may be
 * part of the key in one spelling of its name and not in another.
 *
 * @returns URLs without repeats: with the parameters that count as sent, in some spelling, and in every
 *   spelling. Usually these are one URL
 */
function meantUrls(asked: Target, route: Route, config: Config): string[] {
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

/** A pattern with a character of two spellings matches only names in the same spelling. */
function matchesEverySpelling(patterns: NamePatterns, name: string): boolean {
  const ofAll = patterns.filter((pattern) => !hasSpellings(pattern.replace(/\*$/, "")));
  return matchesAny(ofAll, name);
}

function readPrefix(
  prefix: string,
  { config, siteHosts }: { config: Config; siteHosts: readonly string[] },
): Reading {
  const isPath = prefix.startsWith("/");
  const url = isPath ? `http://any.invalid${prefix}` : prefix;
  if (!isPath && !/^https?:\/\//i.test(prefix)) {
    const why = `${quoted(prefix)} begins neither with a slash nor with a scheme and host.`;
    return fault(why, "Write a path such as /news/, or https://www.example.com/news/.");
  }
  if (/[?#]/.test(prefix)) {
    const why = `${quoted(prefix)} holds a query or a fragment, and prefixes are compared with paths.`;
    return fault(why, 'End it before the "?" or "#"; a URL with its query goes into urls.');
  }
  const found = faultOfUrl(url, prefix);
  if (found !== undefined) return found;
  if (dotSegment.test(prefix)) {
    const why = `${quoted(prefix)} holds a dot segment or a backslash.`;
    return fault(why, "Write the path that it leads to.");
  }
  const { scheme, host, path } = readTarget(new URL(url).href, siteHosts);
  // Without a slash at its end, /_cache is also a prefix of /_cached, which is not reserved.
  if (isReserved(`${path}x`, config.operatorPath)) return reserved(prefix);
  return { kind: "named", as: [isPath ? path : `${scheme}://${host}${path}`] };
}

/** Rejected because the resolved path may surprise the sender: `/news/..` is everything. */
const dotSegment = /\\|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

const literalStar = "A star that is a part of the URL itself is written %2A.";

/** Returns a prefix to suggest instead of a pattern. */
function withoutPattern(text: string): string {
  return text.replace(/[*?#].*$/s, "");
}

/** @param sent the sender's text, if the URL was derived from it */
function faultOfUrl(url: string, sent = url): Reading | undefined {
  if (!/^https?:\/\/[^/?#]/i.test(url)) {
    const path = url.startsWith("/") ? withoutPattern(url) : "/news/";
    const hint =
      `Write it whole, such as https://www.example.com${path}; ` +
      `for a path on every host, write "prefixes": [${quoted(path)}].`;
    return fault(`${quoted(url)} does not begin with https:// or http:// and a host.`, hint);
  }
  if (sent.includes("*")) {
    const section = `For a whole section, write "prefixes": [${quoted(withoutPattern(sent))}].`;
    const hint = /^\w+:\/\/[^/?#]*\*/.test(sent) ? "Name each host." : `${section} ${literalStar}`;
    return fault(`${quoted(sent)} holds a star, and a purge takes no patterns.`, hint);
  }
  if (!URL.canParse(url)) {
    const hint = "Write it as it stands in a browser's address bar.";
    return fault(`${quoted(sent)} is no URL: its host or port cannot be read.`, hint);
  }
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") {
    const why = "A URL holds a user name or a password, and nothing is stored under either.";
    return fault(why, "Leave them out.");
  }
  const { host, isAmbiguous } = readTarget(new URL(url).href);
  if (host === "") return fault(`The host of ${quoted(sent)} is no host name.`, "Correct it.");
  if (!isAmbiguous) return undefined;
  const why =
    `${quoted(sent)} holds an encoded slash or backslash, a control character or a broken escape, ` +
    "and nothing that is asked for so is stored.";
  return fault(why, "Write the path without it.");
}

const reserved = (name: string) =>
  fault(`${quoted(name)} lies below /_cache/, where nothing is stored.`, "Leave it out.");

/** Default ports of one scheme, which a URL of the other scheme must state. */
const impliedPorts = ["80", "443"];

function readHost(text: string, siteHosts: readonly string[]): Reading {
  if (text.includes("*")) {
    const hint = 'Name each host; "prefixes": ["/"] is all of them.';
    return fault(`${quoted(text)} holds a star, and a purge takes no patterns.`, hint);
  }
  if (/[\s/\\?#@]/.test(text) || !URL.canParse(`https://${text}`)) {
    const why = `${quoted(text)} is no host.`;
    return fault(why, "Write it as it stands in a URL, such as www.example.com or [::1]:8080.");
  }
  const [http, https] = [new URL(`http://${text}`), new URL(`https://${text}`)];
  const name = http.hostname.replace(/\.$/, "");
  const port = http.port || https.port;
  const withPort = port === "" ? [] : [`${name}:${port}`];
  if (siteHosts.length > 0) {
    const host = countedAs(withPort[0] ?? name, siteHosts);
    const which = siteHosts.length === 1 ? "every host" : quoted(text);
    const note = `SITE_HOST makes ${which} ${quoted(host)}, so all of the site is covered.`;
    const isItself = siteHosts.length > 1 && host === text;
    return { kind: "named", as: [host], note: isItself ? undefined : note };
  }
  const isImplied = port === "" || impliedPorts.includes(port);
  return { kind: "named", as: [...(isImplied ? [name] : []), ...withPort] };
}
