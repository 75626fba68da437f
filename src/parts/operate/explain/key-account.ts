// Explains a cache key: its parts, and the settings that exclude other parts of the URL and other cookies.
import type { Config, Route } from "../../../config/config.ts";
import { matchesAny } from "../../../config/known-names.ts";
import { normalisedEscapes } from "../../../rules/escapes.ts";
import { comparedName, nameIn } from "../../../rules/query-string.ts";
import { mayBeSecret } from "../../../rules/selecting.ts";
import {
  noCookies,
  nameOfCookie,
  sortCookies,
  unknownCookies,
  withoutPosition,
} from "../../../routing/cookies.ts";
import type { LookupRequest } from "../../../pages/request/plan.ts";
import type { KeyAccount } from "../../../protocol/explain-answer.ts";
import { sentUrl } from "../../../routing/target.ts";

/**
 * Returns the account of a request's key.
 *
 * @param cookie the value of `Cookie`; `null` for none
 */
export function keyAccountOf(
  request: LookupRequest,
  config: Config,
  cookie: string | null,
): KeyAccount {
  const { target, route, forwarded } = request;
  return {
    url: sentUrl(target),
    purgedAs: request.url,
    query: queryAccountOf(request, config),
    fields: [
      ...route.keyHeaders.map((name) => [name, shownValue(name, forwarded.get(name))] as const),
      ...request.cf.map(
        ([name, value]) => [`cf.${name}`, value === null ? null : `${value}`] as const,
      ),
    ],
    ...(request.gate && { gate: request.gate.name }),
    cookies: cookiesAccountOf(request, config, cookie),
  };
}

function queryAccountOf(
  { sentQuery: sent, target: { query: keyed }, route }: LookupRequest,
  config: Config,
) {
  const names = new Set(normalisedEscapes(sent).split("&").map(nameIn));
  const leftOut = [...names].flatMap((name) => {
    const by = name === "" ? undefined : whyNotKeyed(name, route, config);
    return by === undefined ? [] : [{ name, by }];
  });
  return { sent, keyed, leftOut };
}

/** Returns the setting that excludes a parameter; `undefined` if it is part of the key. */
function whyNotKeyed(name: string, route: Route, config: Config): string | undefined {
  const compared = comparedName(name);
  if (matchesAny(config.stripQuery, compared)) return "key.query.strip";
  if (route.traits.checkedQuery?.includes(compared)) return "use";
  const isAllowed = route.queryAllow === undefined || matchesAny(route.queryAllow, compared);
  return isAllowed ? undefined : "query.allow";
}

function cookiesAccountOf(
  { route, forwarded }: LookupRequest,
  config: Config,
  cookie: string | null,
) {
  const sent = forwarded.get("cookie") ?? "";
  const sorted = sent === "" ? noCookies : sortCookies(sent, route, config);
  const unknown = forwarded.reaches("cookie") ? unknownCookies(forwarded, route) : [];
  const kept = new Set(sorted.forwarded.split("; "));
  const dropped = withoutPosition(cookie ?? "")
    .split(";")
    .map((pair) => pair.trim());
  const leftOut = dropped
    .filter((pair) => pair !== "" && !kept.has(pair))
    .map((pair) => {
      const name = nameOfCookie(pair) ?? "";
      return { name, by: whyLeftOut(name, route, config) };
    });
  return {
    keyed: sorted.keyed.map((pair) => nameOfCookie(pair) ?? ""),
    leftOut,
    unknown: unknown.map(({ name }) => name ?? ""),
  };
}

function whyLeftOut(name: string, { ignoreCookies }: Route, config: Config): string {
  if (matchesAny(config.harmlessCookies, name)) return "cookies.harmless";
  return matchesAny(ignoreCookies, name) ? "cookies.ignore" : "when of an earlier route";
}

/** Replaces a value that is not shown, because it may be a secret of a client. */
export const hiddenValue = "…";

/** @param name the name of a request field, in lower case */
export function shownValue(name: string, value: string | null): string | null {
  return mayBeSecret([name, value]) ? hiddenValue : value;
}
