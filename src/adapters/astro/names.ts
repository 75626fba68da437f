// The tags of Astro's pages, as fields carry them and purges name them.
import { sha256HexAtOnce } from "../../base/sha256.ts";

/** Astro decodes a path up to 11 times, so an address with fewer escapes may be the same page. */
const decodingsMax = 12;
const pathCharsMax = 200;

/**
 * Returns the tag of all pages with a path, with and without a final slash, and with any query.
 *
 * @param path the path of an address, which may have a query
 */
export function pathTag(path: string): string {
  const { pathname } = new URL(`http://path.invalid/${path.replace(/^\/+/, "")}`);
  const name = decoded(pathname).replaceAll(/\/{2,}/g, "/");
  const bare = name.length > 1 ? name.replace(/\/$/, "") : name;
  const text = encodeURI(bare.toWellFormed());
  return `astro-path:${text.length > pathCharsMax ? `sha256:${sha256HexAtOnce(text)}` : text}`;
}

function decoded(path: string): string {
  let text = path;
  for (let count = 0; count < decodingsMax && text.includes("%"); count += 1) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return text;
}

/** Control characters, a comma, and white space at an end. */
// oxlint-disable-next-line eslint/no-control-regex -- the field refuses them
const unfit = /[\0-\x1f\x7f,]|^ | $/g;

/** Escapes what `Cache-Tag` would separate, trim or refuse. */
const escaped = (tag: string) => tag.replaceAll(unfit, encodeURIComponent);

/** Returns a tag as `Cache-Tag` carries it: in bytes of UTF-8. */
export function tagInField(tag: string): string {
  return String.fromCharCode(...new TextEncoder().encode(escaped(tag)));
}

/** Returns the spellings of a tag: that of data and of purges by other senders, and that of pages. */
export function tagsToPurge(tag: string): string[] {
  return [...new Set([tag, escaped(tag)])];
}
