// The paths that origins may take one path for. They decode, cut, merge and resolve it in ways of their
// own, and each of these must lead where the path itself leads.
import { pathSpelled } from "./target.ts";

/** A path without any of these is the same path for every reader. */
const readDifferently = /[;\\]|\/\/|\.(?:\/|$)|%(?![89a-f][\da-f])|%c[01]|%e0%[89]|%f0%8/i;

/** No page has a path as long. What follows bounds the time of the longest. */
const pathCharactersMax = 2_048;
const textsMax = 128;
const charactersMax = 32_768;

type Reader = (path: string) => string;

const replacing =
  (pattern: RegExp, by: string): Reader =>
  (path) =>
    path.replaceAll(pattern, by);

/** One thing each that some server does to a path. Any number of them may follow each other. */
const readers: readonly Reader[] = [
  replacing(/%2f/gi, "/"),
  replacing(/%5c/gi, "/"),
  replacing(/%25/g, "%"),
  // All other ASCII that can be seen, save "#" and "?". Of letters, what follows a "%".
  (path) =>
    path.replaceAll(/%(?!2[035f]|3f|5c|7f)([2-7][\da-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  // `%u002f` of IIS.
  replacing(/%u00([0-7][\da-f])/gi, "%$1"),
  withoutOverlong,
  // A query, a fragment, a line or a text in C ends at what was encoded.
  replacing(/%(?:3f|23).*$/gi, ""),
  replacing(/%0[ad].*$/gi, ""),
  replacing(/%00.*$/g, ""),
  // Parameters of segments (RFC 3986 §3.3), as Java servers drop them.
  replacing(/;[^/]*/g, ""),
  // What Windows drops at the end of a name, and what some drop anywhere.
  replacing(/(?:(?<=[^/.])\.+|(?<![^/])\.{3,})(?=\/|$)/g, ""),
  replacing(/%(?:[01][\da-f]|20|7f)/gi, ""),
  replacing(/\/{2,}/g, "/"),
  pathSpelled,
];

/** Reads overlong UTF-8, as old decoders do: `%c0%af` is `%2f`, a slash. */
export function withoutOverlong(path: string): string {
  return path.replaceAll(/%(?:c([01])|e0%8([01])|f0%80%8([01]))%([89ab])([\da-f])/gi, overlong);
}

/** The bits of the first byte that are not always 0, and those of the last. */
function overlong(_: string, ...groups: (string | undefined)[]): string {
  const [two, three, four, high = "8", low = "0"] = groups;
  const code = Number(two ?? three ?? four) * 64 + (Number.parseInt(high, 16) - 8) * 16;
  return `%${(code + Number.parseInt(low, 16)).toString(16).padStart(2, "0")}`;
}

/**
 * All that a path may be taken for by readers that follow each other.
 *
 * @param path as a target has it
 * @returns spelled as targets are, without the path itself; `undefined` for more than can be looked at
 */
export function readingsOf(path: string): Iterable<string> | undefined {
  if (!readDifferently.test(path)) return [];
  if (path.length > pathCharactersMax) return undefined;
  const texts = new Set([path]);
  let characters = 0;
  // A set gives out what is added to it meanwhile, too.
  for (const text of texts) {
    characters += text.length;
    if (texts.size > textsMax || characters > charactersMax) return undefined;
    for (const read of readers) texts.add(`/${read(text).replace(/^\//, "")}`);
  }
  texts.delete(path);
  return new Set([...texts].map(pathSpelled));
}
