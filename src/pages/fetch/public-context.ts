// Public work: what a request does for all clients. It runs outside of the caller's context, unless the handler of
// the origin runs only there.
import type { Context } from "../site/exchange.ts";
import { inNeutralContext } from "../../base/neutral-context.ts";
import { sortCookies, withoutPosition } from "../../routing/cookies.ts";
import { sortedQuery } from "../../rules/query-string.ts";
import { sentUrl } from "../../routing/target.ts";
import type { LookupRequest } from "../request/plan.ts";

/** Runs public work for an origin. The work gets the exchange without the client's caller. */
export function inPublicContext<Given extends Context, Result>(
  origin: string,
  given: Given,
  work: (given: Given) => Result,
): Result {
  if (given.site.runsInCaller(origin)) return work(given);
  return inNeutralContext(() => work({ ...given, caller: undefined }));
}

/**
 * Returns whether a client may cause public work. If the handler sees the client's context, the
 * client must have no cookie and no credential, even one that the origin does not get, and must
 * request the URL that the origin would get.
 */
export function mayCausePublicWork(
  { headers, url }: Pick<Request, "headers" | "url">,
  { route, target }: Pick<LookupRequest, "route" | "target">,
  { site }: Context,
): boolean {
  const { origin, credentials, sortsQuery } = route;
  if (!site.runsInCaller(origin)) return true;
  const [place, query = ""] = url.split(/\?(.*)/s);
  const isOfKey = (sortsQuery ? sortedQuery(query) : query) === target.query;
  if (!isOfKey || place !== sentUrl({ ...target, query: "" })) return false;
  const cookies = sortCookies(withoutPosition(headers.get("cookie") ?? ""), noneKnown, site.config);
  return !cookies.hasUnknown && [...headers.keys()].every((name) => !credentials.entryFor(name));
}

const noneKnown = { keyCookies: [], ignoreCookies: [] };
