// In which spellings one name may be stored: a purge covers every one of them.
import { sortedByName } from "../../rules/query.ts";

/**
 * ASCII that keys hold in two spellings, as it is and escaped, and that says the same in both. An
 * escaped `/`, `\`, `?`, `#` or `%` says something else; in a query so does `&`, `=`, `+` or `;`.
 */
const spelledTwice = { path: /[!"$&'()*+,:;<=>@[\]^`{|}]/, query: /[!"$'()*,:<>@[\]^`{|}]/ };

/**
 * How URLs and prefixes are compared with what is stored. Keys leave `%2A` and `*` apart, as RFC 3986
 * §2.2 has it, and so they are two pages; a purge of either means both.
 *
 * @param url normalised as keys are, or a part of one
 * @returns characters of two spellings as themselves, and the query sorted by its names once more,
 *   since keys sort them as they are spelled
 */
export function comparedUrl(url: string): string {
  if (!url.includes("%")) return url;
  const [path = "", ...query] = url.split("?");
  const comparedPath = unescaped(path, spelledTwice.path);
  if (query.length === 0) return comparedPath;
  const pairs = comparedInQuery(query.join("?")).split("&");
  return `${comparedPath}?${sortedByName(pairs).join("&")}`;
}

/** @param text of a query, normalised as keys are */
export function comparedInQuery(text: string): string {
  return unescaped(text, spelledTwice.query);
}

/** @param name of a parameter, or the beginning of one */
export function hasSpellings(name: string): boolean {
  return spelledTwice.query.test(comparedInQuery(name));
}

function unescaped(text: string, characters: RegExp): string {
  return text.replaceAll(/%([2-7][\dA-F])/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return characters.test(character) ? character : escape;
  });
}

/**
 * The tag as it stands, since a group's name may begin with white space (RFC 9875 §2); without white
 * space around it, as all other tags are stored; and both as workerd reads them, which takes fields
 * for UTF-8, where their origin wrote them in Latin-1.
 */
export function tagSpellings(tag: string): string[] {
  const plain = [...new Set([tag, tag.trim()])];
  const misread = (text: string) => new TextDecoder().decode(latin1Bytes(text));
  return [...plain, ...plain.filter(isLatin1).map(misread)];
}

/** @returns whether Latin-1 can write it, and in other bytes than UTF-8 */
export function isLatin1(text: string): boolean {
  return /[\x80-\xff]/.test(text) && !/[^\0-\xff]/.test(text);
}

/** @param text of characters up to U+00FF; of any other, the lowest 8 bits */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}
