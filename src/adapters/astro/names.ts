// The tags of Astro's pages, as fields carry them.
import { sha256HexAtOnce } from "../../base/sha256.ts";
import { inTagField } from "../../purge/journal/spelling.ts";

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
  const text = inTagField(encodeURI(bare.toWellFormed()));
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

/** Returns a tag as `Cache-Tag` carries it: in bytes of UTF-8. */
export function tagInField(tag: string): string {
  return String.fromCharCode(...new TextEncoder().encode(inTagField(tag)));
}
