// How servers may read a path. Origins and routers decode, truncate, merge and resolve paths
// differently, so every reading must lead to the same route, and no origin may receive a path that
// some server may read as `/_cache`, `operatorPath`, or a path below either.
import { pathSpelled } from "./target.ts";

/** A path that does not match this pattern has only one reading. */
const readDifferently = /[;\\]|\/\/|\.(?:\/|$)|%(?![89a-f][\da-f])|%c[01]|%e0%[89]|%f0%8/i;

/** Longer paths are not examined. The next two limits bound the time for all other paths. */
const pathCharactersMax = 2_048;
const textsMax = 128;
const charactersMax = 32_768;

type Reader = (path: string) => string;

const replacing =
  (pattern: RegExp, by: string): Reader =>
  (path) =>
    path.replaceAll(pattern, by);

/** Transformations that some servers apply to a path, in any number and order. */
const readers: readonly Reader[] = [
  replacing(/%2f/gi, "/"),
  replacing(/%5c/gi, "/"),
  replacing(/%25/g, "%"),
  // Decodes all other visible ASCII characters except "#" and "?".
  (path) =>
    path.replaceAll(/%(?!2[035f]|3f|5c|7f)([2-7][\da-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  // `%u002f` of IIS.
  replacing(/%u00([0-7][\da-f])/gi, "%$1"),
  withoutOverlong,
  // Some servers end the path at an encoded "?", "#", line break or NUL.
  replacing(/%(?:3f|23).*$/gi, ""),
  replacing(/%0[ad].*$/gi, ""),
  replacing(/%00.*$/g, ""),
  // Java servers drop the parameters of segments (RFC 3986 §3.3).
  replacing(/;[^/]*/g, ""),
  // Windows drops dots at the end of a name. Some servers drop encoded control characters and
  // spaces.
  replacing(/(?:(?<=[^/.])\.+|(?<![^/])\.{3,})(?=\/|$)/g, ""),
  replacing(/%(?:[01][\da-f]|20|7f)/gi, ""),
  replacing(/\/{2,}/g, "/"),
  foldedPath,
  pathSpelled,
];

/** White space and invisible characters, which some servers drop, and octets that are no UTF-8. */
const unseen = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Z}\ufffd]/gu;

/**
 * Folds characters to ASCII as some servers and file systems do: full-width ones by NFKC, `ſ` and `ß`
 * by their case. Drops invisible characters.
 */
function foldedPath(path: string): string {
  return path.replaceAll(/(?:%[89a-f][\da-f]|%u[\da-f]{4})+/gi, (escaped) => {
    const text = unescaped(escaped).toWellFormed().normalize("NFKC").replaceAll(unseen, "");
    return encodeURIComponent(text.replaceAll("。", ".").replaceAll(/[^\0-\x7f]/gu, inAscii));
  });
}

function inAscii(character: string): string {
  const upper = character.toUpperCase();
  return /^[A-Z]+$/.test(upper) ? upper.toLowerCase() : character;
}

/** Reads overlong UTF-8, as old decoders do: `%c0%af` is `%2f`, a slash. */
function withoutOverlong(path: string): string {
  return path.replaceAll(/%(?:c([01])|e0%8([01])|f0%80%8([01]))%([89ab])([\da-f])/gi, overlong);
}

/** Returns the single escape for an overlong sequence of two, three or four bytes. */
function overlong(_: string, ...groups: (string | undefined)[]): string {
  const [two, three, four, high = "8", low = "0"] = groups;
  const code = Number(two ?? three ?? four) * 64 + (Number.parseInt(high, 16) - 8) * 16;
  return `%${(code + Number.parseInt(low, 16)).toString(16).padStart(2, "0")}`;
}

/**
 * Returns all other readings of a path, after any sequence of readers.
 *
 * @param path a normalized path, as in a target
 * @returns normalized readings without the path itself; `undefined` if there are too many to
 *   examine
 */
export function readingsOf(path: string): Iterable<string> | undefined {
  if (!readDifferently.test(path) && foldedPath(path) === path) return [];
  if (path.length > pathCharactersMax) return undefined;
  const texts = new Set([path]);
  let characters = 0;
  // The loop also visits strings that are added to the set during the loop.
  for (const text of texts) {
    characters += text.length;
    if (texts.size > textsMax || characters > charactersMax) return undefined;
    for (const read of readers) texts.add(`/${read(text).replace(/^\//, "")}`);
  }
  texts.delete(path);
  return new Set([...texts].map(pathSpelled));
}

/** Visible ASCII without "%" and "\", which needs no decoding. */
const plain = /^[!-$&-[\]-~]*$/;
/**
 * A name that is reserved even if `operatorPath` is different, because records in the Cache API
 * have URLs below `/_cache`.
 */
const always = "_cache";
/** The number of decodings. No sequence of servers is assumed to decode a path more often. */
const decodingsMax = 3;
/** A path with more segments is treated as reserved if it contains a reserved name. */
const segmentsMax = 256;

/**
 * Returns whether a path is reserved.
 *
 * @param path the path, as received or normalized
 * @param moved the configuration's `operatorPath`
 */
export function isReserved(path: string, moved = `/${always}`): boolean {
  const own = moved.slice(1);
  const folded = path.toLowerCase();
  if (plain.test(path) && !folded.includes(always) && !folded.includes(own)) return false;
  let read = path;
  for (let decodings = 0; decodings <= decodingsMax; decodings += 1) {
    if (mayBe(always, read) || (own !== always && mayBe(own, read))) return true;
    const decoded = unescaped(withoutOverlong(read));
    if (decoded === read) return false;
    read = decoded;
  }
  return false;
}

function mayBe(ours: string, path: string): boolean {
  const folded = path.normalize("NFKC").toLowerCase();
  // A cheap test comes first, because examining each segment of a long path would be expensive.
  if (!folded.replaceAll(unseen, "").includes(ours)) return false;
  const segments = folded.split(/[/\\]/);
  if (segments.length > segmentsMax) return true;
  const all = segments.map((segment) => nameOf(segment, ours));
  const names = all.filter((name) => name !== "");
  if (isFirst(ours, names)) return true;
  // After two slashes, some servers expect a host before the path.
  const beginsWithHost = /^[/\\]{2}/.test(folded);
  return beginsWithHost && isFirst(ours, names.slice(1));
}

/** Returns whether a reserved name is the first segment, before or after `.` and `..` are resolved. */
function isFirst(ours: string, names: readonly string[]): boolean {
  const resolved: string[] = [];
  for (const name of names) {
    if (name === "..") resolved.pop();
    else if (name !== ".") resolved.push(name);
    if (resolved[0] === ours) return true;
  }
  return false;
}

/**
 * Removes the parts of a name that some servers drop: parameters, text after a NUL, white space,
 * invisible characters, and final dots.
 */
function nameOf(segment: string, ours: string): string {
  const visible = segment.replaceAll(unseen, "").replace(/[;?#].*$/s, "");
  if (visible === "." || visible === "..") return visible;
  const [upToNul = ""] = segment.replace(/^\0+/, "").split("\0", 1);
  return upToNul === ours ? ours : withoutDotsAtEnd(visible);
}

/** Removes final dots in a loop. A regular expression would take quadratic time. */
function withoutDotsAtEnd(name: string): string {
  let end = name.length;
  while (name[end - 1] === ".") end -= 1;
  return name.slice(0, end);
}

const escapes = /(?:%[\da-f]{2})+|%u[\da-f]{4}/gi;

function unescaped(text: string): string {
  return text.replaceAll(escapes, (escape) => {
    if (/^%u/i.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    const bytes = escape.slice(1).split("%");
    return new TextDecoder().decode(Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16)));
  });
}
