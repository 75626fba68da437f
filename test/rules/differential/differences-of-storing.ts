// Where the two decide differently what may be stored, for how long it is fresh, how old it is, and
// which requests it is for.
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

/** RFC 9110 §15: final, and not among the statuses whose caching the other side knows. */
const statusesOnlyOurs = [201, 226, 400, 401, 403, 418, 500, 503, 599];

const statesLifetime = (given: Exchange): boolean => explicitSeconds(given) !== undefined;

/** RFC 9111 §3, last condition, for a status that is not cacheable by default. */
const isAllowedExplicitly = (given: Exchange): boolean =>
  says(given, "public") || statesLifetime(given);

const hasGrant = (given: Exchange): boolean => says(given, "public") || says(given, "s-maxage");

export const differencesOfStoring: readonly Difference[] = [
  {
    id: "answer-to-head",
    agreedShareMax: { storable: 0.35 },
    without: (given) =>
      given.request.method === "HEAD" ? changed(given, "request", { method: "GET" }) : given,
    ours: "stores only answers to GET",
    theirs: "stores the answer to HEAD",
    clause: "RFC 9111 §3, RFC 9110 §9.3.2",
    right: "both",
    why: "storing is optional, and an answer without a body is useful only for HEAD",
  },
  {
    id: "answer-to-post",
    agreedShareMax: { storable: 0.35 },
    without: (given) =>
      given.request.method === "POST" && statesLifetime(given)
        ? changed(given, "request", { method: "GET" })
        : given,
    ours: "stores only answers to GET",
    theirs: "stores the answer to POST if it states a lifetime",
    clause: "RFC 9110 §9.3.3",
    right: "ours",
    why: "it also needs a Content-Location equal to the target, and serves later GETs, not POSTs",
  },
  {
    id: "status-beyond-a-list",
    agreedShareMax: { storable: 0.25 },
    without: (given) =>
      statusesOnlyOurs.includes(given.response.status) && isAllowedExplicitly(given)
        ? changed(given, "response", { status: 302 })
        : given,
    ours: "stores any final status with a lifetime or public; of errors only those that a route names",
    theirs: "stores only statuses on a list, without 401, 403, 500 and 503",
    clause: "RFC 9111 §3",
    right: "both",
    why: "a status must be understood only beside must-understand; storing less is allowed",
  },
  {
    id: "must-understand",
    agreedShareMax: { storable: 0 },
    without: (given) => (says(given, "no-store") ? dropNamed(given, "must-understand") : given),
    ours: "lets must-understand override no-store if it implements the status",
    theirs: "does not implement must-understand",
    clause: "RFC 9111 §5.2.2.3",
    right: "ours",
    why: "no-store is there for older caches and is to be ignored",
  },
  {
    id: "vary-any",
    agreedShareMax: { storable: 0.35 },
    without: (given) => {
      const never = given.response.vary?.some((name) => name === "*" || name.includes(" "));
      return never === true ? changed(given, "response", { vary: undefined }) : given;
    },
    ours: "does not store a response with `Vary: *`",
    theirs: "stores it, with a lifetime of 0 if `*` is alone",
    clause: "RFC 9111 §4.1",
    right: "both",
    why: "it never matches a request, so only useless storage differs",
  },
  {
    id: "set-cookie",
    agreedShareMax: { storable: 0.4 },
    without: (given) =>
      given.response.hasCookie ? changed(given, "response", { hasCookie: false }) : given,
    ours: "does not store a response with Set-Cookie",
    theirs: "stores it, with a lifetime of 0 unless it is public or immutable",
    clause: "RFC 9111 §7.3",
    right: "both",
    why: "the clause leaves it open; a cookie is for one client",
  },
  {
    id: "authorized-must-revalidate",
    agreedShareMax: { storable: 0.3 },
    without: (given) =>
      Boolean(given.request.authorization) && !hasGrant(given)
        ? dropNamed(given, "must-revalidate")
        : given,
    ours: "needs public or s-maxage for an answer to Authorization",
    theirs: "accepts must-revalidate",
    clause: "RFC 9111 §3.5",
    right: "both",
    why: "the clause allows it; its author means staleness, not sharing",
  },
  {
    id: "empty-authorization",
    agreedShareMax: { storable: 0.35 },
    without: (given) =>
      given.request.authorization === "" && !hasGrant(given)
        ? changed(given, "request", { authorization: undefined })
        : given,
    ours: "treats an empty Authorization as present",
    theirs: "treats it as absent",
    clause: "RFC 9111 §3.5",
    right: "ours",
    why: "the clause depends on the presence of the field",
  },
  {
    id: "proxy-revalidate-when-fresh",
    agreedShareMax: { lifetime: 0.5 },
    without: (given) => dropNamed(given, "proxy-revalidate"),
    ours: "lets proxy-revalidate forbid only stale use",
    theirs: "gives such a response no lifetime",
    clause: "RFC 9111 §5.2.2.8",
    right: "ours",
    why: "it applies to a response that has become stale",
  },
  {
    id: "pragma-in-a-response",
    agreedShareMax: { lifetime: 0.65 },
    without: (given) =>
      given.response.pragma === "no-cache" && given.response.control === undefined
        ? changed(given, "response", { pragma: undefined })
        : given,
    ours: "reads Pragma only in requests",
    theirs: "treats `Pragma: no-cache` in a response without Cache-Control as no-cache",
    clause: "RFC 9111 §5.4",
    right: "ours",
    why: "the field is defined for requests; its meaning in a response is not specified",
  },
  {
    id: "server-error-lifetime",
    agreedShareMax: { lifetime: 0.1 },
    without: (given) =>
      given.response.status >= 500 && lifetimeSeconds(given) > 10
        ? changed(given, "response", { status: 404 })
        : given,
    ours: "gives a server error at most ten seconds, unless a route gives it more",
    theirs: "gives it its stated lifetime",
    clause: "RFC 9111 §4.2",
    right: "both",
    why: "a cache may use a response for a shorter time; such an error ends soon",
  },
  {
    id: "immutable-alone",
    agreedShareMax: { lifetime: 0.65 },
    without: (given) => dropNamed(given, "immutable"),
    ours: "derives no lifetime from immutable",
    theirs: "gives at least 86,400,000 s: its default in milliseconds is used as seconds",
    clause: "RFC 8246 §2, RFC 9111 §4.2.2",
    right: "ours",
    why: "immutable applies to a fresh response, and makes none fresh",
  },
  {
    id: "guess-of-more-than-a-day",
    agreedShareMax: { lifetime: 0.1 },
    without: (given) =>
      given.heuristics && explicitSeconds(given) === undefined && guessedSeconds(given) > 86_400
        ? changed(given, "response", { lastModified: undefined })
        : given,
    ours: "guesses at most a day",
    theirs: "guesses a tenth of any age",
    clause: "RFC 9111 §4.2.2",
    right: "both",
    why: "no number is required; a shared cache should prefer the shorter lifetime",
  },
  {
    id: "apparent-age",
    agreedShareMax: { age: 0 },
    without: (given) =>
      apparentAgeSeconds(given) > statedAgeSeconds(given)
        ? changed(given, "response", { date: undefined })
        : given,
    ours: "computes the age from Date if that exceeds Age",
    theirs: "uses only Age",
    clause: "RFC 9111 §4.2.3",
    right: "ours",
    why: "corrected_initial_age is the greater of the two",
  },
  {
    id: "response-delay",
    agreedShareMax: { age: 0 },
    without: (given) => (given.delaySeconds > 0 ? { ...given, delaySeconds: 0 } : given),
    ours: "adds the origin's response time to its Age",
    theirs: "does not get the time of the request",
    clause: "RFC 9111 §4.2.3",
    right: "ours",
    why: "corrected_age_value includes response_delay",
  },
  {
    id: "vary-list-spaces",
    agreedShareMax: { selects: 0.45 },
    without: (given) => {
      const spaced = selectingNames.filter((name) => isSpacedOtherwise(given, name));
      if (spaced.length === 0) return given;
      const { stored, asked } = given.selecting;
      const same = Object.fromEntries(spaced.map((name) => [name, stored[name]]));
      return changed(given, "selecting", { asked: { ...asked, ...same } });
    },
    ours: "treats `a, b` and `a,b` in a selecting field as equal",
    theirs: "compares strings",
    clause: "RFC 9111 §4.1",
    right: "both",
    why: "white space between members may be normalised",
  },
  {
    id: "vary-names-no-field",
    agreedShareMax: { selects: 0.3 },
    without: (given) => {
      const { vary } = given.response;
      const kept = vary?.filter((name) => !name.includes(" "));
      return kept?.length === vary?.length || vary?.includes("*") === true
        ? given
        : changed(given, "response", { vary: kept });
    },
    ours: "matches nothing if a member of Vary is not a field name",
    theirs: "looks for a field of that name, which no request has, and matches",
    clause: "RFC 9111 §4.1",
    right: "both",
    why: "the text is invalid; Tidemark's reading shows no client another's variant",
  },
];

const selectingNames = ["accept", "x-a", "x-b"] as const;

/** Named by Vary, with the same members then and now, none of them quoted, and other white space. */
function isSpacedOtherwise(given: Exchange, name: keyof SelectingFields): boolean {
  const { stored, asked } = given.selecting;
  const [one, other] = [stored[name], asked[name]];
  if (one === undefined || other === undefined) return false;
  const isNamed = given.response.vary?.some((nominated) => nominated.toLowerCase() === name);
  const hasSameItems = one.items.join("\n") === other.items.join("\n");
  const isOther = listText(one) !== listText(other) && !listText(one).includes('"');
  return isNamed === true && hasSameItems && isOther;
}
