// Decides which routes' conditions (`when`) a request meets, and withholds the values that no condition
// allows from the origin of a later route, because they are not part of its keys.
import { once, onceFor } from "../base/once.ts";
import type { Route } from "../config/config.ts";
import type { PhaseLines } from "../part/port/phases.ts";
import type { Fields } from "../rules/fields.ts";
import { countryField, type NameCondition, type RouteConditions } from "../config/route.ts";
import { type ClientFields, copyOfFields, type RequestHead } from "./client-fields.ts";
import { isUnclear, nameOfCookie, pairsIn, withoutPosition } from "./cookies.ts";
import { dashed } from "./field-edits.ts";
import { cookieForm, countIn, parameterForm } from "./name-forms.ts";

/** The parts of a client's request that conditions read, besides the URL. */
export type ConditionalRequest = Pick<RequestHead, "headers" | "cf">;

const noRoutes: readonly Route[] = [];

/**
 * Returns a function that returns those of the routes whose conditions on the client's fields, cookies and
 * country are met. Without a request, none is met.
 */
export function compileMet(
  routes: readonly Route[],
): (client: ConditionalRequest | undefined) => readonly Route[] {
  const conditional = routes.flatMap((route) =>
    route.when?.asksClient === true ? { route, isMet: compileClient(route.when) } : [],
  );
  if (conditional.length === 0) return () => noRoutes;
  return (client) => {
    if (client === undefined) return noRoutes;
    const cookies = withoutPosition(client.headers.get("cookie") ?? "");
    const pairs = once(() => pairsIn(cookies));
    const met = conditional.filter(({ isMet }) => isMet(client, { cookies, pairs }));
    return met.map(({ route }) => route);
  };
}

interface ClientCookies {
  /** The value of `Cookie`; empty for none. */
  readonly cookies: string;
  readonly pairs: () => readonly string[];
}

type ClientTest = (client: ConditionalRequest, sent: ClientCookies) => boolean;

function compileClient({ cookie, header, country }: RouteConditions): ClientTest {
  const cookieNamed = cookieForm(cookie?.names ?? []);
  // CGI reads both as one field.
  const fieldNames = header?.names.flatMap((name) => [name, dashed(name.toLowerCase())]) ?? [];
  return ({ headers, cf }, { cookies, pairs }) =>
    (header === undefined ||
      fieldNames.some((name) => headers.has(name)) ||
      hasValues(header, (name) => headers.get(name))) &&
    (cookie === undefined ||
      (cookies !== "" && cookies.search(cookieNamed) >= 0) ||
      hasValues(cookie, (name) => onlyValue(name, pairs()))) &&
    (country === undefined || country.includes(countryOf(cf) ?? ""));
}

/** Returns whether a condition compares values, and each name has one of its values. */
function hasValues({ values }: NameCondition, valueOf: (name: string) => string | null): boolean {
  return values.length > 0 && values.every(([name, of]) => of.includes(valueOf(name) ?? ""));
}

/** Returns the value of the only cookie with this name; `null` for none, and for several. */
function onlyValue(name: string, pairs: readonly string[]): string | null {
  const [own, another] = pairs.filter((pair) => nameOfCookie(pair) === name);
  return own === undefined || another !== undefined ? null : own.slice(name.length + 1);
}

/** Returns the client's country, which only Cloudflare states; `null` if unknown, as on Node. */
export function countryOf(cf: Request["cf"]): string | null {
  return typeof cf?.country === "string" ? cf.country : null;
}

/** Returns a test of a query, as the client spelled it; `undefined` without a condition on it. */
export function compileQuery({ when }: Route): ((query: string) => boolean) | undefined {
  if (when?.query === undefined) return undefined;
  const { names, values } = when.query;
  const parameter = parameterForm(names);
  if (names.length > 0) return (query) => query.search(parameter) >= 0;
  return (query) => {
    const pairs = [...parametersIn(query)];
    return values.every(([name, allowed]) =>
      pairs.some(([sent, value]) => sent === name && allowed.includes(value)),
    );
  };
}

/** Returns the decoded pairs. Without the `&`, the parser would drop a `?` at the beginning. */
const parametersIn = (query: string) => new URLSearchParams(`&${query}`);

const namedParameter = onceFor((name) => parameterForm([name]));

/**
 * Returns whether servers may read different values of a parameter that a condition of the routes compares: it
 * occurs twice, or in another form than a pair.
 */
export function isUnclearQuery(query: string, routes: readonly Route[]): boolean {
  if (query === "") return false;
  const compared = routes.flatMap(({ when }) => when?.query?.values ?? []);
  return compared.some(([name]) => {
    const count = countIn(namedParameter(name), query);
    if (count === 0) return false;
    // Some servers also split at semicolons.
    const plain = query.split("&").filter((pair) => !pair.includes(";"));
    return count > 1 || !parametersIn(plain.join("&")).has(name);
  });
}

/** The request fields, in lower case, and cookies that the origin must not get. */
export interface WithheldNames {
  readonly header: readonly string[];
  readonly cookie: readonly string[];
}

const noNames: WithheldNames = { header: [], cookie: [] };

/**
 * Returns the names that unmet conditions compare with values, except those in the route's key. An origin
 * that reads them would otherwise answer by a value that is not in the key. `undefined` for none. Fields
 * with a normal form stay: the origin gets only the form, and the form of the device needs them.
 *
 * @param passedOver the earlier routes that match the URL
 */
export function withheldFor(
  { keyHeaders, keyCookies, normalForms }: Route,
  passedOver: readonly Route[],
): WithheldNames | undefined {
  const header = passedOver.flatMap(({ when }) => when?.valued.header ?? []);
  const cookie = passedOver.flatMap(({ when }) => when?.valued.cookie ?? []);
  if (header.length + cookie.length === 0) return undefined;
  return {
    header: header.filter((name) => !keyHeaders.includes(name) && !normalForms?.has(name)),
    cookie: cookie.filter((name) => !keyCookies.includes(name)),
  };
}

/**
 * Returns whether servers may read different values of a cookie or field that is a part of the key, or that a
 * condition of this route or of an earlier one compares.
 */
export function hasUnclearFields(
  headers: Fields,
  { route, withheld }: { readonly route: Route; readonly withheld: WithheldNames | undefined },
): boolean {
  const { keyHeaders, keyCookies, when } = route;
  if (keyHeaders.length + keyCookies.length === 0 && withheld === undefined) return false;
  const compared = when?.valued.cookie ?? [];
  const names = withheld ?? noNames;
  // CGI reads both as one field. No field has the name of an alias unless the key has it.
  const isUnclearField = (name: string) => {
    const read = dashed(name);
    return read !== name && headers.has(read) && !keyHeaders.includes(read);
  };
  if (keyHeaders.some(isUnclearField) || names.header.some(isUnclearField)) return true;
  const field = headers.get("cookie");
  if (field === null) return false;
  return (
    keyCookies.some((name) => isUnclear(field, name, !compared.includes(name))) ||
    names.cookie.some((name) => isUnclear(field, name, false))
  );
}

/**
 * Returns the client's fields as a route keys and forwards them. Fields that it withholds become neutral.
 *
 * @param given.values the fields that rules give in place of the client's; `undefined` without such rules
 */
export function fieldsFor(
  { headers, cf }: ConditionalRequest,
  { when, bypass, neutralFields }: Route,
  {
    withheld,
    values,
  }: { readonly withheld: WithheldNames | undefined; readonly values: PhaseLines | undefined },
): ClientFields {
  const keysCountry = when?.country !== undefined && !bypass;
  if (withheld === undefined && values === undefined && !keysCountry) return headers;
  const fields = copyOfFields(headers);
  for (const [name, value] of values ?? []) {
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
  for (const name of withheld?.header ?? []) fields.delete(name);
  for (const [name, value] of Object.entries(neutralFields)) {
    if (withheld?.header.includes(name) === true) fields.set(name, value);
  }
  // The client's own field may be forged if Cloudflare does not set it.
  if (keysCountry) fields.set(countryField, countryOf(cf) ?? "");
  const own = headers.get("cookie");
  if (own === null || withheld === undefined) return fields;
  const kept = pairsIn(own).filter((pair) => !withheld.cookie.includes(nameOfCookie(pair) ?? ""));
  if (kept.length === 0) fields.delete("cookie");
  else fields.set("cookie", kept.join("; "));
  return fields;
}
