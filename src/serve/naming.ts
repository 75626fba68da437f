// How a purge names what is stored: URLs and prefixes brought into the form that keys have.
import type { Config } from "../config.ts";
import type { Naming } from "../purge/order.ts";
import { keyUrl } from "./key.ts";
import type { MatchRoute } from "./policy.ts";
import { canonicalHost, readTarget } from "./target.ts";

export function namingOf(given: {
  config: Config;
  matchRoute: MatchRoute;
  siteHost: string | undefined;
}): Naming {
  const { config, matchRoute, siteHost } = given;
  const read = (url: string) => {
    if (!/^https?:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) return undefined;
    const { href, username, password } = new URL(url);
    if (username !== "" || password !== "" || readTarget(url).isAmbiguous) return undefined;
    return readTarget(href, siteHost);
  };
  return {
    routeNames: new Set(config.routes.map(({ name }) => name)),
    keyedUrl: (url) => {
      const target = read(url);
      return target && keyUrl(target, matchRoute(target.path).route, config).url;
    },
    // With SITE_HOST every name of the site is that one.
    host: (host) => siteHost ?? canonicalHost(host.toLowerCase(), "http"),
    prefix: (prefix) => {
      if (/[?#]/.test(prefix)) return undefined;
      if (prefix.startsWith("/")) return read(`http://any.invalid${prefix}`)?.path;
      const target = read(prefix);
      return target && `${target.scheme}://${target.host}${target.path}`;
    },
  };
}
