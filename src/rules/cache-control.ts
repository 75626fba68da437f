// The directives of Cache-Control, and of the targeted fields that replace it in this cache
// (RFC 9111 §5.2, RFC 5861, RFC 9213). From the text of a field up to `governingDirectives`.
import { type Fields, isEssential } from "./fields.ts";
import { parseDictionary } from "structured-headers";

export interface Directive {
  /** The name in lower case, because names are case-insensitive (RFC 9111 §5.2). */
  readonly name: string;
  /** The argument without its quotes and escapes; `undefined` if there is none. */
  readonly argument: string | undefined;
}

export interface WrittenDirective extends Directive {
  /** The member, so that it can be written back unchanged. The name, if the directive begins no member. */
  readonly text: string;
}

const directivePattern = /(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g;
/** A token (RFC 9110 §5.6.2). Names of fields and directives are tokens. */
export const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Directives that apply even where a malformed text begins with them. Ignoring one of them could expose a
 * private response.
 */
const restricting = /^(?:no-cache|must-revalidate|proxy-revalidate|max-age|s-maxage)(?![\w-])/gi;
/** These two apply wherever a malformed text names them, as in `public no-store` and `max-age=0; private`. */
const hiding = /(?<![\w-])(?:no-store|private)(?![\w-])/gi;
/** Matches a name, which is a token, or an argument that is not malformed. A bar is often meant as a comma. */
const plainName = /^\w(?:[^|]*\w)?$/;
const plainArgument = /^(?:[!#$%&'*+\-.^`~\w]*|"(?:[^"\\]|\\[^])*")$/;

/**
 * Returns the directives in order, including repeats. Never throws.
 *
 * A member whose name is not a token is dropped. Of a malformed name or argument, the directives of `restricting`
 * and `hiding` also apply, without an argument, as in `max-age; public`, and inside an unclosed quoted string.
 *
 * @param text the combined field value; `null` if the field is absent
 */
export function parseDirectives(text: string | null): readonly WrittenDirective[] {
  if (text === null) return [];
  let directives = parsedFields.get(text);
  if (directives !== undefined) return directives;
  directives = directivesIn(text);
  if (parsedFields.size >= parsedMax.fields) parsedFields.clear();
  if (text.length <= parsedMax.characters) parsedFields.set(text, directives);
  return directives;
}

/** The directives of some fields: the responses of a site have few, and a miss reads each several times. */
const parsedFields = new Map<string, readonly WrittenDirective[]>();
/** Clients and origins choose fields, so the parsed ones have a limit. */
const parsedMax = { fields: 256, characters: 256 };

function directivesIn(text: string): readonly WrittenDirective[] {
  const directives: WrittenDirective[] = [];
  for (const member of membersOf(text)) {
    const equalsAt = member.indexOf("=");
    const name = equalsAt === -1 ? member : member.slice(0, equalsAt);
    const written = equalsAt === -1 ? undefined : member.slice(equalsAt + 1);
    const isToken = tokenPattern.test(name);
    const argument = written && unquote(written);
    if (isToken) directives.push({ name: name.toLowerCase(), argument, text: member });
    if (!isToken || !plainName.test(name)) directives.push(...misplacedIn(isToken ? name : member));
    if (isToken && written && !plainArgument.test(written))
      directives.push(...misplacedIn(written));
  }
  return directives;
}

/**
 * Returns the trimmed members, separated at commas outside quoted strings. Members may be empty.
 */
export function membersOf(text: string | null): string[] {
  return [...(text?.matchAll(directivePattern) ?? [])].map(([member]) => member.trim());
}

/** Returns the directives that a malformed text contains. */
function misplacedIn(text: string): WrittenDirective[] {
  const parts = isUnclosed(text) ? text.split(/[",]/) : [text];
  return parts.flatMap((part) => found(restricting, part.trim()).concat(found(hiding, part)));
}

function found(pattern: RegExp, text: string): WrittenDirective[] {
  const names = [...text.matchAll(pattern)].map(([name]) => name);
  return names.map((name) => ({ name: name.toLowerCase(), argument: undefined, text: name }));
}

/** Returns whether a text has an unclosed quote. Of the members, only the last can have one. */
function isUnclosed(member: string): boolean {
  return member.replaceAll(/\\[^]/g, "").split('"').length % 2 === 0;
}

function unquote(argument: string): string {
  if (!argument.startsWith('"')) return argument;
  return argument.slice(1, argument.endsWith('"') ? -1 : undefined).replaceAll(/\\([^])/g, "$1");
}

/**
 * `true`: unqualified. An array: the field names of the qualified form (RFC 9111 §5.2.2.4,
 * §5.2.2.7).
 */
type Qualifiable = boolean | readonly string[];

/**
 * The directives of a response. An absent duration is `undefined`. An invalid `max-age` or
 * `s-maxage` is 0, and any other invalid duration is `undefined`.
 */
export type ResponseDirectives = Readonly<ReturnType<typeof asResponseDirectives>>;

/** The directives of a request. An absent or invalid duration is `undefined`. */
export type RequestDirectives = Readonly<ReturnType<typeof requestDirectives>>;

/**
 * 2^31, the maximum of delta-seconds. Larger values are treated as this maximum (RFC 9111 §1.2.2).
 */
const deltaSecondsMax = 2_147_483_648;

/** Parses delta-seconds (RFC 9111 §1.2.2). Returns `undefined` for other text. */
export function deltaSeconds(argument: string | undefined): number | undefined {
  if (argument === undefined || !/^\d+$/.test(argument)) return undefined;
  return Math.min(Number(argument), deltaSecondsMax);
}

/**
 * Parses `Cache-Control` of a response. If a directive repeats, the first occurrence applies (RFC
 * 9111 §4.2.1).
 */
export function responseDirectives(fields: Fields): ResponseDirectives {
  return asResponseDirectives(parseDirectives(fields.get("cache-control")));
}

/** Interprets parsed directives, such as those of a targeted field (RFC 9213). */
function asResponseDirectives(parsed: readonly Directive[]) {
  const first = (name: string) => parsed.find((directive) => directive.name === name);
  const has = (name: string) => first(name) !== undefined;
  // RFC 9111 §4.2.1 encourages caches to treat invalid freshness information as stale.
  const lifetime = (name: string) => {
    const directive = first(name);
    return directive && (deltaSeconds(directive.argument) ?? 0);
  };
  return {
    maxAgeSeconds: lifetime("max-age"),
    sMaxageSeconds: lifetime("s-maxage"),
    staleWhileRevalidateSeconds: deltaSeconds(first("stale-while-revalidate")?.argument),
    staleIfErrorSeconds: deltaSeconds(first("stale-if-error")?.argument),
    noStore: has("no-store"),
    noCache: qualifiable(parsed, "no-cache"),
    private: qualifiable(parsed, "private"),
    public: has("public"),
    mustRevalidate: has("must-revalidate"),
    proxyRevalidate: has("proxy-revalidate"),
    mustUnderstand: has("must-understand"),
  };
}

/**
 * The number of characters of a request's field that are parsed. All known directives fit in 100
 * characters, but a client may send a field of 64 KiB.
 */
const requestFieldMax = 1_024;

/**
 * Parses the first 1,024 characters of a request's `Cache-Control`. If the field is absent,
 * `Pragma: no-cache` applies instead (RFC 9111 §5.4).
 */
export function requestDirectives(fields: Fields) {
  const read = (name: string) =>
    parseDirectives(fields.get(name)?.slice(0, requestFieldMax) ?? null);
  const parsed = fields.has("cache-control")
    ? read("cache-control")
    : read("pragma").filter(({ name }) => name === "no-cache");
  const first = (name: string) => parsed.find((directive) => directive.name === name);
  const maxStale = first("max-stale");
  return {
    maxAgeSeconds: deltaSeconds(first("max-age")?.argument),
    minFreshSeconds: deltaSeconds(first("min-fresh")?.argument),
    // §5.2.1.2: without an argument, the client accepts a response of any staleness.
    maxStaleSeconds:
      maxStale && (maxStale.argument === undefined ? Infinity : deltaSeconds(maxStale.argument)),
    noCache: first("no-cache") !== undefined,
    noStore: first("no-store") !== undefined,
    onlyIfCached: first("only-if-cached") !== undefined,
  };
}

/**
 * Returns `false` if the directive is absent, and the listed field names if each occurrence lists valid
 * names of fields that a stored response can lack. Otherwise returns `true`.
 */
function qualifiable(parsed: readonly Directive[], name: string): Qualifiable {
  const all = parsed.filter((directive) => directive.name === name);
  if (all.length === 0) return false;
  const named = all.map((directive) => fieldNames(directive.argument));
  const namesFields = (names: string[]) =>
    names.length > 0 && names.every((field) => tokenPattern.test(field) && !isEssential(field));
  return named.every(namesFields) ? named.flat() : true;
}

function fieldNames(argument: string | undefined): string[] {
  const names = (argument ?? "").split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "");
}

/** The name with which an origin addresses only this cache: `max-age=60;tidemark`. */
const ownName = "tidemark";

/**
 * The value of Surrogate-Capability, which announces support for Surrogate-Control to origins
 * (§2.3).
 */
export const surrogateCapability = `${ownName}="Surrogate/1.0"`;

/**
 * Returns whether Surrogate-Control lets this cache process ESI tags: `content="ESI/1.0"`.
 *
 * @param text the combined field value; `null` if the field is absent
 */
export function asksForEsi(text: string | null): boolean {
  const members = membersOf(text).map(splitTargets);
  const forUs = members.filter(({ targets }) => targets.length === 0 || targets.includes(ownName));
  return forUs
    .flatMap(({ rule }) => parseDirectives(rule))
    .some(
      ({ name, argument = "" }) => name === "content" && /(?:^|\s)ESI\/1\.0(?:\s|$)/.test(argument),
    );
}

/** Returns the declaration of ESI tags in Surrogate-Control, without its other directives. */
export function surrogateContent(text: string | null): string | undefined {
  return asksForEsi(text) ? 'content="ESI/1.0"' : undefined;
}

/** Surrogate-Control governs a response only if it has one of these directives. */
const governingNames: ReadonlySet<string> = new Set([
  "no-store",
  "private",
  "no-cache",
  "max-age",
  "s-maxage",
]);

/**
 * Returns the directives for this cache: first directives in the place of a cache's name, then
 * directives that address this cache by name, then directives for all caches. Returns none if
 * no directive of `governingNames` is present, as in `content="ESI/1.0"`. Never throws.
 *
 * @param text the combined field value; `null` if the field is absent
 */
export function surrogateDirectives(text: string | null): Directive[] {
  const members = membersOf(text).map(splitTargets);
  const forUs = members.filter(({ targets }) => targets.includes(ownName));
  const forAll = members.filter(({ targets }) => targets.length === 0);
  const wellFormed = [...forUs, ...forAll].flatMap(({ rule }) => parseDirectives(rule));
  const rules = [...members.flatMap(({ slipped }) => slipped), ...wellFormed].flatMap(plain);
  return rules.some(({ name }) => governingNames.has(name)) ? rules : [];
}

/**
 * Splits a directive from the names of the caches that it addresses: `no-store;abc;def`.
 *
 * @returns `targets`: the names, in lower case. `slipped`: directives in the place of a name, as in
 *   `no-store; private`, without their argument, which is their strictest meaning
 */
function splitTargets(member: string) {
  const parts = member.matchAll(/(?:[^;"]|"(?:[^"\\]|\\[^])*"?)+/g);
  const [rule = null, ...rest] = [...parts].map(([part]) => part);
  const names = rest.map((text) => text.trim().toLowerCase());
  const isName = (text: string) =>
    plainName.test(text) && tokenPattern.test(text)
      ? !governingNames.has(text)
      : !text.includes("=") && found(hiding, text).length === 0;
  const slipped = names.filter((text) => !isName(text)).flatMap(parseDirectives);
  return {
    rule,
    targets: names.filter(isName),
    slipped: slipped.map(({ name }) => ({ name, argument: undefined })),
  };
}

/**
 * Translates a directive to directives of Cache-Control. In `max-age=60+30`, 30 is the stale
 * allowance in seconds. `no-store-remote` addresses caches far from the origin, such as this cache.
 */
function plain({ name, argument }: Directive): Directive[] {
  if (name === "no-store-remote") return [{ name: "no-store", argument }];
  const extended = name === "max-age" ? argument?.match(/^(\d+)\+(\d+)$/) : null;
  if (!extended) return [{ name, argument }];
  return [
    { name, argument: extended[1] },
    { name: "stale-while-revalidate", argument: extended[2] },
  ];
}

export interface GoverningDirectives {
  readonly directives: ResponseDirectives;
  /**
   * The kind of the governing field. `targeted` includes Surrogate-Control. A targeted field
   * overrides `Cache-Control` and `Expires` (RFC 9213 §2.2). With Surrogate-Control, `private` in
   * `Cache-Control` still applies.
   */
  readonly source: "targeted" | "cache-control";
  /** The name of the governing field. */
  readonly field: string;
}

/** The targeted field of all CDNs (RFC 9213 §3.1). */
export const cdnCacheControl = "CDN-Cache-Control";

/** Targeted fields with other names: of Fastly, nginx and Akamai. */
const namedTargets = ["surrogate-control", "x-accel-expires", "edge-control"];

/** Returns whether a response field is for certain caches alone (RFC 9213 §2). @param name in lower case */
export const isTargeted = (name: string): boolean =>
  namedTargets.includes(name) || name.endsWith("-cache-control");

/**
 * Returns the directives of the first field of the target list that is present and valid (RFC 9213
 * §2.2), or else of Surrogate-Control, or else of Cache-Control.
 *
 * @param targets the names of targeted fields, in order
 */
export function governingDirectives(
  fields: Fields,
  targets: readonly string[] = [cdnCacheControl],
): GoverningDirectives {
  const ofInvalid: Directive[] = [];
  for (const field of targets) {
    const text = fields.get(field.toLowerCase());
    if (text === null) continue;
    const { isValid, directives } = targetedDirectives(text);
    ofInvalid.push(...directives);
    if (isValid) return { directives: asResponseDirectives(ofInvalid), source: "targeted", field };
  }
  const parsed = [...ofInvalid, ...parseDirectives(fields.get("cache-control"))];
  const directives = asResponseDirectives(parsed);
  const surrogate = surrogateDirectives(fields.get("surrogate-control"));
  if (surrogate.length === 0)
    return { directives, source: "cache-control", field: "Cache-Control" };
  const own = asResponseDirectives([...ofInvalid, ...surrogate]);
  const governing = alsoPrivate(own, directives);
  return { directives: governing, source: "targeted", field: "Surrogate-Control" };
}

/**
 * Adds `private` of `Cache-Control` to the directives of Surrogate-Control. Origins that send
 * Surrogate-Control on every page rely on this behavior of other caches.
 */
function alsoPrivate(own: ResponseDirectives, other: ResponseDirectives): ResponseDirectives {
  const directives = [own.private, other.private];
  const fields = directives.flatMap((names) => (typeof names === "boolean" ? [] : names));
  return { ...own, private: directives.includes(true) || (fields.length > 0 && fields) };
}

/**
 * Parses a targeted field, which is a structured-fields Dictionary. An empty or malformed field is
 * invalid (RFC 9213 §2.1).
 *
 * Departs from RFC 9213 §2.1: the directives of `hiding` also apply as parameters, and anywhere in a malformed field.
 */
function targetedDirectives(text: string): { isValid: boolean; directives: readonly Directive[] } {
  let members;
  try {
    members = [...parseDictionary(text)];
  } catch {
    return { isValid: false, directives: found(hiding, text) };
  }
  const decimals = new Set([...text.matchAll(decimalMember)].map(([, name]) => name));
  const directives = members.flatMap(([name, [value]]) =>
    directiveOf(name, decimals.has(name) ? undefined : value),
  );
  // The parser drops all repeats of a member but the last, with their parameters.
  const parameters = text.replaceAll(/"(?:[^"\\]|\\[^])*"/g, "").replaceAll(/\([^)]*\)/g, "");
  directives.push(...found(hidingParameter, parameters));
  return { isValid: members.length > 0, directives };
}

const hidingParameter = /(?<=; *)(?:no-store|private)(?![\w.*-]|=\?0)/g;

/**
 * Matches members whose value is a decimal. The parser returns the same number for 60 and 60.0, but
 * only 60 is a valid delta-seconds value.
 */
const decimalMember = /(?<![^,\s])([a-z*][\w\-.*]*)=-?\d+\./g;

/** Directives that allow more caching. They apply only if their value is `true`. */
const permissions: ReadonlySet<string> = new Set(["public", "must-understand"]);

/**
 * Converts a member to a directive (RFC 9213 §2.1). Drops a directive whose value is false, and a
 * permission whose value is not `true`. Any other directive with a value of the wrong type loses
 * this value, and then has its strictest meaning: a lifetime of 0, no stale allowance, or all
 * fields.
 */
function directiveOf(name: string, value: unknown): Directive[] {
  if (value === false || (permissions.has(name) && value !== true)) return [];
  const expected = name === "private" || name === "no-cache" ? "string" : "number";
  return [{ name, argument: typeof value === expected ? String(value) : undefined }];
}
