// Removes the fields that a route's rules on answers strip, and the declaration of a shared dictionary.
import { rulesIn } from "../../config/answer-rules.ts";
import { personalCookies } from "../../routing/cookies.ts";
import { withFields } from "../../base/with-fields.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/**
 * Declares that a response is a dictionary for later ones (RFC 9842 §2.1). Each client would then request bodies that no
 * other client can decode.
 */
const dictionaryName = "use-as-dictionary";

/**
 * Returns the fields without `Use-As-Dictionary`, and without those that the matching rules strip. `Set-Cookie` stays
 * if it may set a keyed cookie, as with `setCookie: "strip"`.
 *
 * @returns the same object if there is nothing to remove
 */
export function withoutStripped(
  headers: Headers,
  ruleMatch: StoredMetadata["ruleMatch"],
  { request, exchange }: PagePlace,
): Headers {
  if (ruleMatch === undefined && !headers.has(dictionaryName)) return headers;
  const { route } = request;
  const { config } = exchange.site;
  const stripping = { ...request, route: { ...route, setCookie: "strip" as const } };
  const stripped = rulesIn(ruleMatch, route.answer).flatMap(({ strip }) => strip);
  const names = [dictionaryName, ...stripped]
    .filter((name) => headers.has(name))
    .filter(
      (name) => name !== "set-cookie" || personalCookies(headers, stripping, config).length === 0,
    );
  if (names.length === 0) return headers;
  const kept = new Headers(headers);
  for (const name of names) kept.delete(name);
  return kept;
}

/** Returns the answer without the fields that `withoutStripped` removes, also for the client. */
export function strippedBy({ ruleMatch }: StoredMetadata, response: Response, place: PagePlace) {
  const headers = withoutStripped(response.headers, ruleMatch, place);
  return headers === response.headers ? response : withFields(response, headers);
}
