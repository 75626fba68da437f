// Reads what an answer of the origin does, before any field is removed for storing. The rules on storing ask its result.
import { rulesIn } from "../../config/answer-rules.ts";
import { personalCookies } from "../../routing/cookies.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/**
 * Declares that a response is a dictionary for later ones (RFC 9842 §2.1). Each client would then request bodies that no
 * other client can decode.
 */
const dictionaryName = "use-as-dictionary";

/** The effects of an answer of the origin. */
export interface AnswerEffects {
  /** All fields, except `Use-As-Dictionary` and those that the route's rules strip, also for the client. */
  readonly headers: Headers;
  /** The lines of `Set-Cookie` if one of them is for one client; otherwise none. */
  readonly cookies: readonly string[];
}

/**
 * Returns the effects of an answer. A rule strips `Set-Cookie` only if it sets no keyed cookie, as with
 * `setCookie: "strip"`.
 *
 * @param received the fields that the origin sent
 * @param ruleMatch the rules on answers that fit
 */
export function effectsOf(
  received: Headers,
  ruleMatch: StoredMetadata["ruleMatch"],
  { request, exchange }: PagePlace,
): AnswerEffects {
  const { route } = request;
  const { config } = exchange.site;
  const cookiesOn = (own: typeof route) =>
    personalCookies(received, { ...request, route: own }, config);
  const byRules = rulesIn(ruleMatch, route.answer).flatMap(({ strip }) => strip);
  const stripped = [dictionaryName, ...byRules].filter((name) => received.has(name));
  const stripsCookies =
    stripped.includes("set-cookie") && cookiesOn({ ...route, setCookie: "strip" }).length === 0;
  const names = stripped.filter((name) => name !== "set-cookie" || stripsCookies);
  const cookies = stripsCookies ? [] : cookiesOn(route);
  if (names.length === 0) return { headers: received, cookies };
  const headers = new Headers(received);
  for (const name of names) headers.delete(name);
  return { headers, cookies };
}
