// Decides which routes' conditions (`when`) a request meets, and withholds the values that no condition
// allows from the origin of a later route, because they are not part of its keys.
import type { Route } from "../../config/config.ts";
import { compileNames } from "../../config/known-names.ts";
import { countryField, type NameCondition } from "../../config/route.ts";
import {
  compileHasCookie,
  nameOfCookie,
  pairsIn,
  readingsOfName,
  withoutPosition,
} from "./cookies.ts";

/** The parts of a client's request that conditions read, besides the URL. */
export type ConditionalRequest = Pick<Request, "headers"> & Partial<Pick<Request, "cf">>;

const noRoutes: readonly Route[] = [];

/**
 * Returns a function that returns those of the routes whose conditions on the client's fields, cookies and
 * country are met. Without a request, none is met.
 */
export function compileMet(
  routes: readonly Route[],
): (client: ConditionalRequest | undefined) => readonly Route[] {
  const conditional = routes.flatMap((route) => {
    const isMet = compileClient(route);
    return isMet === undefined ? [] : [{ route, isMet }];
  });
  if (conditional.length === 0) return () => noRoutes;
  return (client) => {
    if (client === undefined) return noRoutes;
    const cookies = new Cookies(client.headers);
    const met = conditional.filter(({ isMet }) => isMet(client, cookies));
    return met.length === 0 ? noRoutes : met.map(({ route }) => route);
  };
}

/** Returns whether the route has a condition that only a client's request can meet. */
export function asksClient({ when }: Route): boolean {
  return (when?.cookie ?? when?.header ?? when?.country) !== undefined;
}

function compileClient(
  route: Route,
): ((client: ConditionalRequest, cookies: Cookies) => boolean) | undefined {
  if (route.when === undefined || !asksClient(route)) return undefined;
  const { cookie, header, country } = route.when;
  const hasCookie = cookie && cookie.names.length > 0 ? compileHasCookie(cookie.names) : undefined;
  return ({ headers, cf }, cookies) =>
    (header === undefined ||
      fits(
        header,
        (names) => names.some((name) => headers.has(name)),
        (name) => headers.get(name),
      )) &&
    (cookie === undefined ||
      fits(
        cookie,
        () => cookies.field !== "" && hasCookie?.(cookies.field) === true,
        (name) => cookies.only(name),
      )) &&
    (country === undefined || country.includes(countryOf(cf) ?? ""));
}

/** Returns whether a condition is met: by any of its names, or by a value of each name. */
function fits(
  { names, values }: NameCondition,
  hasOne: (names: readonly string[]) => boolean,
  valueOf: (name: string) => string | null,
): boolean {
  if (names.length > 0) return hasOne(names);
  return values.every(([name, allowed]) => allowed.includes(valueOf(name) ?? ""));
}

/** Returns the client's country, which only Cloudflare states; `null` if unknown, as on Node. */
export function countryOf(cf: Request["cf"]): string | null {
  return typeof cf?.country === "string" ? cf.country : null;
}

/** The cookies of one request, which are parsed at most once. */
class Cookies {
  readonly field: string;
  #values: Map<string, string | null> | undefined;

  constructor(headers: Headers) {
    this.field = withoutPosition(headers.get("cookie") ?? "");
  }

  /** Returns the value of the only cookie with this name; `null` for none, and for several. */
  only(name: string): string | null {
    if (this.field === "") return null;
    this.#values ??= this.#parsed();
    return this.#values.get(name) ?? null;
  }

  #parsed(): Map<string, string | null> {
    const values = new Map<string, string | null>();
    for (const pair of pairsIn(this.field)) {
      const name = nameOfCookie(pair);
      if (name !== undefined)
        values.set(name, values.has(name) ? null : pair.slice(name.length + 1));
    }
    return values;
  }
}

/** Returns a test of a query, as the client spelled it; `undefined` without a condition on it. */
export function compileQuery({ when }: Route): ((query: string) => boolean) | undefined {
  if (when?.query === undefined) return undefined;
  const { names, values } = when.query;
  const isListed = compileNames(names.map((name) => name.toLowerCase()));
  return (query) => {
    const pairs = [...new URLSearchParams(query)];
    if (names.length > 0) {
      // PHP reads `name[]` as `name`.
      return pairs.some(([name]) => isListed(name.toLowerCase().replace(/\[.*$/s, "")));
    }
    return values.every(([name, allowed]) =>
      pairs.some(([sent, value]) => sent === name && allowed.includes(value)),
    );
  };
}

/** The request fields and cookies that the origin must not get, in lower case. */
export interface WithheldNames {
  readonly header: readonly string[];
  readonly cookie: readonly string[];
}

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
  const keyed = keyCookies.map((name) => name.toLowerCase());
  return {
    header: header.filter((name) => !keyHeaders.includes(name) && !normalForms?.has(name)),
    cookie: cookie.filter((name) => !keyed.includes(name)),
  };
}

/** Returns the client's fields as a route keys and forwards them. Fields that it withholds become neutral. */
export function fieldsFor(
  { headers, cf }: ConditionalRequest,
  { when, bypass, neutralFields }: Route,
  withheld: WithheldNames | undefined,
): Headers {
  const keysCountry = when?.country !== undefined && !bypass;
  if (withheld === undefined && !keysCountry) return headers;
  const fields = new Headers(headers);
  for (const name of withheld?.header ?? []) fields.delete(name);
  for (const [name, value] of Object.entries(neutralFields)) {
    if (withheld?.header.includes(name) === true) fields.set(name, value);
  }
  // The client's own field may be forged if Cloudflare does not set it.
  if (keysCountry) fields.set(countryField, countryOf(cf) ?? "");
  const own = headers.get("cookie");
  if (own === null || withheld === undefined) return fields;
  const kept = pairsIn(own).filter(
    (pair) => !readingsOfName(pair).some((name) => withheld.cookie.includes(name)),
  );
  if (kept.length === 0) fields.delete("cookie");
  else fields.set("cookie", kept.join("; "));
  return fields;
}
