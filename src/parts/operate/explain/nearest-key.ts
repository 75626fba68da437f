// Finds the stored key nearest to the requested one, and their differences. Searches only this
// isolate's memory.
import type { TierRecord } from "../../../cache/tiers/tier.ts";
import { fieldsOf } from "../../../rules/fields.ts";
import { ignores, noVarySearchField, urlVariation } from "../../../rules/no-vary-search.ts";
import { nameIn } from "../../../rules/query-string.ts";
import { selectingValues } from "../../../rules/selecting.ts";
import type { LookupRequest } from "../../../pages/request/plan.ts";
import { normalisedEscapes } from "../../../rules/escapes.ts";
import { hiddenValue, quoted, shownValue } from "./key-account.ts";
import type { ResponseDetail } from "../../../pages/stored/stored-response.ts";

/** One difference between two keys. `null`: the part is missing. `…`: the value may be a secret. */
export interface Difference {
  readonly of:
    | "scheme"
    | "host"
    | "path"
    | "query"
    | "key.headers"
    | "key.cookies"
    | "key.cf"
    | "normal form"
    | "vary";
  /** The name of a field, cookie or `cf` property. */
  readonly name?: string;
  readonly sent: string | null;
  readonly stored: string | null;
  /** The parameters that the stored response's No-Vary-Search ignores. */
  readonly ignored?: readonly string[];
}

export interface NearestKey {
  readonly url: string;
  readonly differences: readonly Difference[];
  /** The number of other stored keys with the same path, including the nearest. */
  readonly count: number;
  /** How to remove the first difference, if it does not matter for the page. */
  readonly hint: string;
}

type Hint = (difference: Difference) => string;

const named = ({ name = "" }: Difference): string => quoted(name);

const hintOf: Readonly<Record<Difference["of"], Hint>> = {
  scheme: () => "redirect http to https",
  host: () =>
    "set SITE_HOST to the site's own host: then Tidemark treats all other hosts as that one",
  path: () => "use one spelling in all links, or redirect the others to it",
  query: (difference) => {
    const apart = [...new Set(pairsApart(difference).map(nameIn))];
    const names = apart
      .filter((name) => difference.ignored?.includes(name) !== true)
      .map(quoted)
      .join(", ");
    if (apart.length > 0 && names === "") {
      return "change nothing, because the stored response's No-Vary-Search ignores the difference: the next answer is stored for both URLs";
    }
    if (names === "") {
      return 'use one spelling and one order in all links; if only the order differs, query: { order: "sort" } in the route also helps';
    }
    return `write key: { query: { strip: [${names}] } } at the top level of the configuration; or, in the route, query: { allow: [ ] } with the parameters that matter`;
  },
  "key.headers": (difference) =>
    `remove ${named(difference)} from the route's key: { headers }, or let clients send fewer values of it`,
  "key.cookies": (difference) => `remove ${named(difference)} from the route's key: { cookies }`,
  "key.cf": (difference) => `remove ${named(difference)} from the route's key: { cf }`,
  "normal form": (difference) =>
    `remove the option that reduces ${named(difference)} from the route's key, or list fewer forms`,
  vary: hintOfVary,
};

function hintOfVary({ name = "" }: Difference): string {
  if (name === "cookie") {
    return "let the origin omit Cookie from Vary, and list the cookies that change the page in the route's key: { cookies: [ ] }";
  }
  return "let the origin vary by a field with fewer values, or by none. In a route, key.accept, key.language and key.device reduce these fields";
}

/** The limit of examined keys. Memory holds more keys only if all bodies are tiny. */
const keysMax = 20_000;

type MemoryEntries = Iterable<readonly [keyText: string, record: TierRecord<ResponseDetail>]>;

/** Returns `undefined` if memory has no other key with the same path. */
export function nearestKey(request: LookupRequest, listed: MemoryEntries): NearestKey | undefined {
  const own = partsOf(request.key.text);
  let nearest: { readonly key: Omit<NearestKey, "count">; readonly distance: number } | undefined;
  let [looks, count] = [0, 0];
  for (const [keyText, record] of listed) {
    looks += 1;
    if (keyText.includes("\nquery ")) continue;
    if (looks > keysMax) break;
    if (record.kind === "vary") continue;
    const other = partsOf(keyText);
    if (foldedPath(other) !== foldedPath(own) || other.route !== own.route) continue;
    const { metadata } = record.stored;
    const differences = [
      ...differencesOf(own, other, request, metadata),
      ...ofVary(metadata.selecting, request),
    ];
    if (differences.length === 0) continue;
    count += 1;
    const distance = distanceOf(differences);
    if (distance >= (nearest?.distance ?? Infinity)) continue;
    nearest = { key: { url: other.url, differences, hint: hintFor(differences) }, distance };
  }
  return nearest && { ...nearest.key, count };
}

function hintFor([first]: readonly Difference[]): string {
  return first === undefined ? "" : hintOf[first.of](first);
}

type CfValues = readonly (string | number | boolean | null)[];

type KeyParts = Readonly<ReturnType<typeof partsOf>>;

/**
 * Parses the key of a page or a variant. Its lines are `GET url` and perhaps the build, then the values of `key.headers`,
 * `key.cookies` and `key.cf` with the name of a route with conditions, then the values of the fields in
 * `Vary`.
 */
function partsOf(keyText: string) {
  const [first = "", second = ""] = keyText.split("\n");
  const [, url = ""] = first.split(" ");
  const [, scheme = "", host = "", path = "", query = ""] =
    /^(\w+):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/s.exec(url) ?? [];
  const [fields, cookies, ...more] = second.startsWith("[")
    ? (JSON.parse(second) as [(string | null)[], string[], ...(CfValues | string)[]])
    : [[], []];
  const cf = more.find((part) => typeof part !== "string") ?? [];
  const route = more.find((part) => typeof part === "string");
  return { url, scheme, host, path, query, fields, cookies, cf, route };
}

/** Folds the path, so that spelling, case and a slash at the end do not matter. */
const foldedPath = ({ path }: KeyParts): string =>
  normalisedEscapes(path).toLowerCase().replace(/\/$/, "");

function differencesOf(
  own: KeyParts,
  other: KeyParts,
  { route }: LookupRequest,
  metadata: ResponseDetail,
): Difference[] {
  const found: Difference[] = [];
  for (const part of ["scheme", "host", "path"] as const) {
    if (own[part] !== other[part]) {
      found.push({ of: part, sent: own[part], stored: other[part] });
    }
  }
  if (own.query !== other.query) {
    const form = route.noVarySearch
      ? urlVariation(fieldsOf(metadata).get(noVarySearchField))
      : undefined;
    const query = { of: "query", sent: `?${own.query}`, stored: `?${other.query}` } as const;
    const ignored =
      form &&
      pairsApart(query)
        .map(nameIn)
        .filter((name) => ignores(form, name));
    found.push(ignored === undefined ? query : { ...query, ignored });
  }
  route.keyHeaders.forEach((name, at) => {
    const [sent = null, stored = null] = [own.fields[at], other.fields[at]];
    const of = route.normalForms?.has(name) === true ? "normal form" : "key.headers";
    if (sent !== stored) found.push(shown({ of, name }, sent, stored));
  });
  route.keyCf.forEach((name, at) => {
    const [sent, stored] = [own, other].map(({ cf }) => cf[at]?.toString() ?? null);
    if (sent !== stored)
      found.push({ of: "key.cf", name, sent: sent ?? null, stored: stored ?? null });
  });
  return [...found, ...ofCookies(own.cookies, other.cookies)];
}

function ofCookies(own: readonly string[], other: readonly string[]): Difference[] {
  const names = [...new Set([...own, ...other].map(nameIn))];
  const valueIn = (pairs: readonly string[], name: string) =>
    pairs.find((pair) => nameIn(pair) === name) ?? null;
  return names.flatMap((name) => {
    const [sent, stored] = [valueIn(own, name), valueIn(other, name)];
    const hide = (pair: string | null) => pair && hiddenValue;
    if (sent === stored) return [];
    return [{ of: "key.cookies" as const, name, sent: hide(sent), stored: hide(stored) }];
  });
}

function ofVary(
  selecting: readonly (readonly [name: string, value: string | null])[],
  { forwarded }: LookupRequest,
): Difference[] {
  const sent = new Map(
    selectingValues(
      selecting.map(([name]) => name),
      forwarded,
    ),
  );
  return selecting.flatMap(([name, stored]) => {
    const own = sent.get(name) ?? null;
    return own === stored ? [] : [shown({ of: "vary", name }, own, stored)];
  });
}

function shown(
  part: { readonly of: Difference["of"]; readonly name: string },
  sent: string | null,
  stored: string | null,
): Difference {
  const { name } = part;
  return { ...part, sent: shownValue(name, sent), stored: shownValue(name, stored) };
}

/** Counts differences. A different query also adds a tenth for each parameter that differs. */
function distanceOf(differences: readonly Difference[]): number {
  return differences.reduce(
    (sum, difference) =>
      sum + 1 + (difference.of === "query" ? pairsApart(difference).length / 10 : 0),
    0,
  );
}

/** Returns the parameters that only one of the two queries has, in any spelling and order. */
function pairsApart({ sent, stored }: Difference): string[] {
  const [one = [], other = []] = [sent, stored].map((query) =>
    normalisedEscapes(query ?? "")
      .slice(1)
      .split("&"),
  );
  const isAlone = (pair: string) => one.includes(pair) !== other.includes(pair);
  return [...one, ...other].filter((pair) => pair !== "" && isAlone(pair));
}
