// Finds the stored key nearest to the requested one, and their differences. Searches only this
// isolate's memory.
import type { TierRecord } from "../../../cache/tiers/tier.ts";
import { nameIn } from "../../../rules/query-string.ts";
import { selectingValues } from "../../../rules/selecting.ts";
import type { LookupRequest } from "../../../pages/request/plan.ts";
import { normalisedEscapes } from "../../../rules/escapes.ts";
import type { NearestKey } from "../../../protocol/explain-answer.ts";
import { hiddenValue, shownValue } from "./key-account.ts";
import type { ResponseDetail } from "../../../pages/stored/stored-response.ts";
import type { NearestCase } from "./codes.ts";

type Difference = NearestKey["differences"][number];

/** Returns the kind of a difference, and the names that it concerns. */
function caseOf(difference: Difference): { case: NearestCase; names: string[] } {
  const { of, name = "" } = difference;
  if (of === "vary") return { case: name === "cookie" ? "vary-cookie" : "vary", names: [name] };
  if (of !== "query") return { case: of as NearestCase, names: [name] };
  const names = [...new Set(pairsApart(difference).map(nameIn))];
  return { case: names.length > 0 ? "query" : "query-order", names };
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
    const differences = [
      ...differencesOf(own, other, request),
      ...ofVary(record.stored.metadata.selecting, request),
    ];
    const [first] = differences;
    if (first === undefined) continue;
    count += 1;
    const distance = distanceOf(differences);
    if (distance >= (nearest?.distance ?? Infinity)) continue;
    const key = { url: other.url, differences, ...caseOf(first) };
    nearest = { key, distance };
  }
  return nearest && { ...nearest.key, count };
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

function differencesOf(own: KeyParts, other: KeyParts, { route }: LookupRequest): Difference[] {
  const found: Difference[] = [];
  for (const part of ["scheme", "host", "path"] as const) {
    if (own[part] !== other[part]) {
      found.push({ of: part, sent: own[part], stored: other[part] });
    }
  }
  if (own.query !== other.query) {
    found.push({ of: "query", sent: `?${own.query}`, stored: `?${other.query}` });
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
  part: { readonly of: NearestCase; readonly name: string },
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
