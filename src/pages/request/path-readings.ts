// Lists the paths that an origin may read in place of a given path. Origins decode, truncate, merge
// and resolve paths differently. Every reading must lead to the same route.
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
  pathSpelled,
];

/** Reads overlong UTF-8, as old decoders do: `%c0%af` is `%2f`, a slash. */
export function withoutOverlong(path: string): string {
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
  if (!readDifferently.test(path)) return [];
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
