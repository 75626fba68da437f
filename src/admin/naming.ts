// Reads the targets of purges, and normalizes URLs, prefixes and hosts to the form that purges name.
import type { Config } from "../config/config.ts";
import { isPassedBy } from "../config/route.ts";
import type { TargetNames, Reading } from "../purge/acceptance/resolve-order.ts";
import { quoted } from "../protocol/purge-order.ts";
import { keyUrl } from "../routing/key.ts";
import { isReserved } from "../routing/path-readings.ts";
import { routesStoring } from "../routing/routes.ts";
import { countedAs, readTarget } from "../routing/target.ts";
import type { SiteUrls } from "../routing/url-reader.ts";

/**
 * Returns the readers of a site's purge targets. A reader returns a fault for an invalid target.
 */
export function namingOf(site: SiteUrls): TargetNames {
  const { config, matchRoute, siteHosts } = site;
  return {
    route: (name) => readRoute(name, config),
    url: (url) => {
      const fault = faultOfUrl(url);
      if (fault !== undefined) return fault;
      const target = readTarget(new URL(url).href, siteHosts);
      if (isReserved(target.path, config.operatorPath)) return reserved(url, config.operatorPath);
      const { route, storing } = routesStoring(matchRoute, target);
      const routes = storing.length === 0 ? [route] : storing;
      const as = [...new Set(routes.map((one) => keyUrl(target, one, site).url))];
      const note = storing.length === 0 ? noteOnBypass(route.name) : undefined;
      return { kind: "named", as, note };
    },
    prefix: (prefix) => readPrefix(prefix, { config, siteHosts }),
    host: (host) => readHost(host, siteHosts),
  };
}

const fault = (why: string, hint: string) => ({ kind: "fault", why, hint }) as const;

function readRoute(name: string, { routes }: Config): Reading {
  const route = routes.find((one) => one.name === name);
  if (route === undefined) {
    const hint = "Use a name from the configuration, or purge by prefix.";
    return fault(`No route has the name ${quoted(name)}.`, hint);
  }
  return { kind: "named", as: [name], note: isPassedBy(route) ? noteOnBypass(name) : undefined };
}

const noteOnBypass = (name: string): string =>
  `The route ${quoted(name)} bypasses the cache, so nothing is stored under it now.`;

function readPrefix(
  prefix: string,
  { config, siteHosts }: { config: Config; siteHosts: readonly string[] },
): Reading {
  const isPath = prefix.startsWith("/");
  const url = isPath ? `http://any.invalid${prefix}` : prefix;
  if (!isPath && !/^https?:\/\//i.test(prefix)) {
    const why = `${quoted(prefix)} must begin with a slash, or with a scheme and host.`;
    return fault(why, "Write a path such as /news/, or https://www.example.com/news/.");
  }
  if (/[?#]/.test(prefix)) {
    const why = `${quoted(prefix)} contains a query or a fragment, but prefixes are compared with paths.`;
    return fault(why, 'End it before the "?" or "#", or put the URL with its query into urls.');
  }
  const found = faultOfUrl(url, prefix);
  if (found !== undefined) return found;
  if (dotSegment.test(prefix)) {
    const why = `${quoted(prefix)} contains a dot segment or a backslash.`;
    return fault(why, "Write the path that it leads to.");
  }
  const { scheme, host, path } = readTarget(new URL(url).href, siteHosts);
  // The added letter matters only for a prefix without a final slash: `/_cache` is also a prefix of
  // `/_cached`, which is not reserved.
  if (isReserved(`${path}x`, config.operatorPath)) return reserved(prefix, config.operatorPath);
  return { kind: "named", as: [isPath ? path : `${scheme}://${host}${path}`] };
}

/**
 * Dot segments are invalid, because the resolved path may surprise the sender: `/news/..` covers
 * everything.
 */
const dotSegment = /\\|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

const literalStar = "Write a literal star as %2A.";

/** Returns a prefix to suggest instead of a pattern. */
function withoutPattern(text: string): string {
  return text.replace(/[*?#].*$/s, "");
}

/** @param sent the sender's text, if the URL was derived from it */
function faultOfUrl(url: string, sent = url): Reading | undefined {
  if (!/^https?:\/\/[^/?#]/i.test(url)) {
    const path = url.startsWith("/") ? withoutPattern(url) : "/news/";
    const hint =
      `Write the full URL, such as https://www.example.com${path}; ` +
      `for a path on every host, write "prefixes": [${quoted(path)}].`;
    return fault(`${quoted(url)} does not begin with https:// or http:// and a host.`, hint);
  }
  if (sent.includes("*")) {
    const section = `For a whole section, write "prefixes": [${quoted(withoutPattern(sent))}].`;
    const hint = /^\w+:\/\/[^/?#]*\*/.test(sent) ? "Name each host." : `${section} ${literalStar}`;
    return fault(`${quoted(sent)} contains a star, but purges accept no patterns.`, hint);
  }
  if (!URL.canParse(url)) {
    const hint = "Copy it from a browser's address bar.";
    return fault(`${quoted(sent)} is not a URL: its host or port is invalid.`, hint);
  }
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") {
    const why = "A URL contains a user name or a password, but stored URLs have neither.";
    return fault(why, "Leave them out.");
  }
  const { host, isAmbiguous } = readTarget(new URL(url).href);
  if (host === "") return fault(`The host of ${quoted(sent)} is not a host name.`, "Correct it.");
  if (!isAmbiguous) return undefined;
  const why =
    `${quoted(sent)} contains an encoded slash or backslash, a control character or a broken escape, ` +
    "and responses to such requests are never stored.";
  return fault(why, "Write the path without it.");
}

const reserved = (name: string, operatorPath: string) =>
  fault(`${quoted(name)} is below ${operatorPath}/, where nothing is stored.`, "Leave it out.");

/** Default ports of one scheme, which a URL of the other scheme must state. */
const impliedPorts = ["80", "443"];

function readHost(text: string, siteHosts: readonly string[]): Reading {
  if (text.includes("*")) {
    const hint = 'Name each host; "prefixes": ["/"] covers all of them.';
    return fault(`${quoted(text)} contains a star, but purges accept no patterns.`, hint);
  }
  if (/[\s/\\?#@]/.test(text) || !URL.canParse(`https://${text}`)) {
    const why = `${quoted(text)} is not a host.`;
    return fault(why, "Write it as in a URL, such as www.example.com or [::1]:8080.");
  }
  const [http, https] = [new URL(`http://${text}`), new URL(`https://${text}`)];
  const name = http.hostname.replace(/\.$/, "");
  const port = http.port || https.port;
  const withPort = port === "" ? [] : [`${name}:${port}`];
  if (siteHosts.length > 0) {
    const host = countedAs(withPort[0] ?? name, siteHosts);
    const which = siteHosts.length === 1 ? "every host" : quoted(text);
    const note = `SITE_HOST maps ${which} to ${quoted(host)}, so the purge covers all of the site.`;
    const isItself = siteHosts.length > 1 && host === text;
    return { kind: "named", as: [host], note: isItself ? undefined : note };
  }
  const isImplied = port === "" || impliedPorts.includes(port);
  return { kind: "named", as: [...(isImplied ? [name] : []), ...withPort] };
}
