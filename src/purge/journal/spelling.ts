// Normalizes the spelling of tags, URLs and prefixes, because a purge covers all spellings of a
// name.
import { isLatin1, latin1Bytes } from "../../base/latin1.ts";
import { unescapedIn } from "../../rules/escapes.ts";
import { comparedInQuery } from "../../rules/query-string.ts";

/**
 * ASCII characters that have the same meaning escaped and unescaped in a path. Named URLs distinguish the two
 * spellings. Omits `/`, `\`, `?`, `#` and `%`, to which escaping gives another meaning. `comparedInQuery` also leaves
 * `&`, `=`, `+` and `;` as they are.
 */
const spelledTwice = /[!"$&'()*+,:;<=>@[\]^`{|}]/;

/**
 * Returns the spelling in which purges compare URLs and prefixes. Named URLs distinguish `%2A` from
 * `*` (RFC 3986 §2.2), but a purge of either covers both pages.
 *
 * @param url a named URL (`KeyedUrl.url`), or a part of such a URL
 */
export function comparedUrl(url: string): string {
  if (!url.includes("%")) return url;
  const queryAt = url.indexOf("?");
  if (queryAt === -1) return unescapedIn(url, spelledTwice);
  const path = unescapedIn(url.slice(0, queryAt), spelledTwice);
  return `${path}?${comparedInQuery(url.slice(queryAt + 1))}`;
}

/**
 * Returns the spellings under which a tag may be stored. Groups may begin with white space (RFC
 * 9875 §2), and other tags are trimmed. Frameworks escape what a field cannot hold, or would
 * separate; some escape in lower case (RFC 3986 §6.2.2.1). workerd decodes fields as UTF-8, which
 * changes tags that the origin sent in Latin-1.
 */
export function tagSpellings(tag: string): string[] {
  const plain = [...new Set([tag, tag.trim()])];
  const texts = plain.map(unescapedTag);
  const misread = (text: string) => new TextDecoder().decode(latin1Bytes(text));
  const spelled = [...plain, ...texts, ...texts.map(escapedTag)];
  const all = [...spelled, ...plain.filter(isLatin1).map(misread), ...spelled.map(inTagField)];
  const inCase = (change: "toUpperCase" | "toLowerCase") =>
    all.map((text) => text.replaceAll(/%[\da-f]{2}/gi, (escape) => escape[change]()));
  return [...new Set([...all, ...inCase("toUpperCase"), ...inCase("toLowerCase")])];
}

/** Escapes what `Cache-Tag` would separate or refuse: commas and control characters. */
export function inTagField(tag: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- the field refuses them
  return tag.replaceAll(/[\0-\x1f\x7f,]/g, encodeURIComponent);
}

/** Escapes all but printable ASCII, as Next.js does. */
function escapedTag(tag: string): string {
  return tag.replaceAll(/[^\t\x20-\x7e]+/g, (run) => encodeURIComponent(run.toWellFormed()));
}

/** Returns the tag with escaped UTF-8 beyond ASCII as text. Other escapes stay. */
export function unescapedTag(tag: string): string {
  return tag.replaceAll(/(?:%[89a-f][\da-f])+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}
