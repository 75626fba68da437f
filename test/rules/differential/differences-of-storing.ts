// Lists cases in which Tidemark and http-cache-semantics decide differently whether a response may
// be stored, how long it is fresh, how old it is, and which requests it may answer.
import { listText } from "../../../testing/examples/generated-fields.ts";
import type { Difference } from "./difference.ts";
import type { Exchange, SelectingFields } from "./exchange.ts";
import { changed, dropMembers } from "./taking-out.ts";
import {
  apparentAgeSeconds,
  explicitSeconds,
  guessedSeconds,
  lifetimeSeconds,
  says,
  statedAgeSeconds,
} from "./labels.ts";

const dropNamed = (given: Exchange, name: string): Exchange =>
  dropMembers(given, ["response"], (member) => member.name === name);

/** Final statuses (RFC 9110 §15) that http-cache-semantics does not list as cacheable. */
const statusesOnlyOurs = [201, 400, 401, 403, 418, 500, 503, 599];

const statesLifetime = (given: Exchange): boolean => explicitSeconds(given) !== undefined;

/** Returns the last condition of RFC 9111 §3 for a status that is not cacheable by default. */
const isAllowedExplicitly = (given: Exchange): boolean =>
  says(given, "public") || statesLifetime(given);

const hasGrant = (given: Exchange): boolean => says(given, "public") || says(given, "s-maxage");

export const differencesOfStoring: readonly Difference[] = [
  {
    // Tidemark stores only answers to GET (§3, RFC 9110 §9.3.2; the clause allows both).
    id: "answer-to-head",
    agreedShareMax: { storable: 0.35 },
    without: (given) =>
      given.request.method === "HEAD" ? changed(given, "request", { method: "GET" }) : given,
  },
  {
    // Tidemark stores only answers to GET (RFC 9110 §9.3.3).
    id: "answer-to-post",
    agreedShareMax: { storable: 0.37 },
    without: (given) =>
      given.request.method === "POST" && statesLifetime(given)
        ? changed(given, "request", { method: "GET" })
        : given,
  },
  {
    // Tidemark stores any final status with a lifetime or `public`, except for 206, 226, 304,
    // 416, 428, 429, 431 and 511 (§3; the clause allows both).
    id: "status-beyond-a-list",
    agreedShareMax: { storable: 0.25 },
    without: (given) =>
      statusesOnlyOurs.includes(given.response.status) && isAllowedExplicitly(given)
        ? changed(given, "response", { status: 302 })
        : given,
  },
  {
    // Tidemark ignores `no-store` beside `must-understand` if Tidemark supports the status
    // (§5.2.2.3).
    id: "must-understand",
    agreedShareMax: { storable: 0 },
    without: (given) => (says(given, "no-store") ? dropNamed(given, "must-understand") : given),
  },
  {
    // Tidemark does not store a response with `Vary: *` (§4.1; the clause allows both).
    id: "vary-any",
    agreedShareMax: { storable: 0.35 },
    without: (given) => {
      const never = given.response.vary?.some((name) => name === "*" || name.includes(" "));
      return never === true ? changed(given, "response", { vary: undefined }) : given;
    },
  },
  {
    // Tidemark does not store a response that sets an unknown cookie (§7.3; the clause allows
    // both).
    id: "set-cookie",
    agreedShareMax: { storable: 0.4 },
    without: (given) =>
      given.response.hasCookie ? changed(given, "response", { hasCookie: false }) : given,
  },
  {
    // Tidemark needs `public` or `s-maxage` to share an answer to a request with Authorization
    // (§3.5; the clause allows both).
    id: "authorized-must-revalidate",
    agreedShareMax: { storable: 0.3 },
    without: (given) =>
      Boolean(given.request.authorization) && !hasGrant(given)
        ? dropNamed(given, "must-revalidate")
        : given,
  },
  {
    // Tidemark treats an empty Authorization as present (§3.5).
    id: "empty-authorization",
    agreedShareMax: { storable: 0.35 },
    without: (given) =>
      given.request.authorization === "" && !hasGrant(given)
        ? changed(given, "request", { authorization: undefined })
        : given,
  },
  {
    // Tidemark forbids only stale answers from a response with `proxy-revalidate` (§5.2.2.8).
    id: "proxy-revalidate-when-fresh",
    agreedShareMax: { lifetime: 0.5 },
    without: (given) => dropNamed(given, "proxy-revalidate"),
  },
  {
    // Tidemark reads Pragma only in requests (§5.4).
    id: "pragma-in-a-response",
    agreedShareMax: { lifetime: 0.65 },
    without: (given) =>
      given.response.pragma === "no-cache" && given.response.control === undefined
        ? changed(given, "response", { pragma: undefined })
        : given,
  },
  {
    // Tidemark gives a server error a lifetime of at most ten seconds, unless a route allows
    // more (§4.2; the clause allows both).
    id: "server-error-lifetime",
    agreedShareMax: { lifetime: 0.1 },
    without: (given) =>
      given.response.status >= 500 && lifetimeSeconds(given) > 10
        ? changed(given, "response", { status: 404 })
        : given,
  },
  {
    // Tidemark derives no lifetime from `immutable` (§4.2.2, RFC 8246 §2).
    id: "immutable-alone",
    agreedShareMax: { lifetime: 0.65 },
    without: (given) => dropNamed(given, "immutable"),
  },
  {
    // Tidemark limits a heuristic lifetime to a day (§4.2.2; the clause allows both).
    id: "guess-of-more-than-a-day",
    agreedShareMax: { lifetime: 0.1 },
    without: (given) =>
      given.heuristics && explicitSeconds(given) === undefined && guessedSeconds(given) > 86_400
        ? changed(given, "response", { lastModified: undefined })
        : given,
  },
  {
    // Tidemark takes the time since Date as the age if it exceeds Age (§4.2.3).
    id: "apparent-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      apparentAgeSeconds(given) > statedAgeSeconds(given)
        ? changed(given, "response", { date: undefined })
        : given,
  },
  {
    // Tidemark adds the origin's response time to Age (§4.2.3).
    id: "response-delay",
    agreedShareMax: { age: 0 },
    without: (given) => (given.delaySeconds > 0 ? { ...given, delaySeconds: 0 } : given),
  },
  {
    // Tidemark treats `a, b` and `a,b` as equal values of a field that Vary names (§4.1; the
    // clause allows both).
    id: "vary-list-spaces",
    agreedShareMax: { selects: 0.45 },
    without: (given) => {
      const spaced = selectingNames.filter((name) => isSpacedOtherwise(given, name));
      if (spaced.length === 0) return given;
      const { stored, asked } = given.selecting;
      const same = Object.fromEntries(spaced.map((name) => [name, stored[name]]));
      return changed(given, "selecting", { asked: { ...asked, ...same } });
    },
  },
  {
    // Tidemark never uses a response whose Vary contains an invalid field name (§4.1; the clause
    // allows both).
    id: "vary-names-no-field",
    agreedShareMax: { selects: 0.3 },
    without: (given) => {
      const { vary } = given.response;
      const kept = vary?.filter((name) => !name.includes(" "));
      return kept?.length === vary?.length || vary?.includes("*") === true
        ? given
        : changed(given, "response", { vary: kept });
    },
  },
];

const selectingNames = ["accept", "x-a", "x-b"] as const;

/**
 * Returns whether Vary names the field, and its two values differ only in white space outside
 * quotes.
 */
function isSpacedOtherwise(given: Exchange, name: keyof SelectingFields): boolean {
  const { stored, asked } = given.selecting;
  const [one, other] = [stored[name], asked[name]];
  if (one === undefined || other === undefined) return false;
  const isNamed = given.response.vary?.some((nominated) => nominated.toLowerCase() === name);
  const hasSameItems = one.items.join("\n") === other.items.join("\n");
  const isOther = listText(one) !== listText(other) && !listText(one).includes('"');
  return isNamed === true && hasSameItems && isOther;
}
