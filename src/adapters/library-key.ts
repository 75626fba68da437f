// Converts the keys and tags of other libraries, which are any strings, to those of data.
import { sha256HexAtOnce } from "../base/sha256.ts";
import { tagBytesMax } from "../protocol/purge-order.ts";
import { unescapedTag } from "../purge/journal/spelling.ts";

/** The limit of a segment in bytes. A key has up to two such segments and the name of its namespace. */
const segmentBytesMax = 448;

/** The prefix of a digest. A library's own key with this prefix is also replaced by its digest. */
const digestPrefix = "sha256:";

/**
 * Returns the text as a segment. A text that no key may contain, or of over 448 bytes, becomes its
 * digest.
 */
export function segmentOf(text: string): string {
  const isSegment = text !== "" && text.isWellFormed() && !text.startsWith(digestPrefix);
  const isShort = text.length <= segmentBytesMax && bytesOf(text) <= segmentBytesMax;
  if (isSegment && isShort) return text;
  // JSON escapes half characters, which UTF-8 would replace.
  return digestPrefix + sha256HexAtOnce(JSON.stringify(text));
}

/**
 * Returns the tags without empty ones, and as text if a framework has escaped them. A tag of over
 * 256 bytes becomes its digest.
 */
export function tagsOf(tags: readonly string[]): string[] {
  const texts = tags.map((tag) => unescapedTag(tag).trim()).flatMap(pathSpellings);
  const named = texts.filter((tag) => tag !== "");
  const isShort = (tag: string) => tag.length <= tagBytesMax && bytesOf(tag) <= tagBytesMax;
  return named.map((tag) => (isShort(tag) ? tag : digestPrefix + sha256HexAtOnce(tag)));
}

/** The beginning of the tags that Next.js gives paths. */
const pathTag = "_N_T_";

/**
 * Returns the tag of a page or a route handler by the key of its value. Next.js also gives it to pages of the App Router, in
 * a field that commas separate.
 */
export function pathTagOf(cacheKey: string): string {
  // Next.js 16.4 puts the route before the path, and writes `/` as `/index`, and `/index` as `/index/index`.
  const path = cacheKey.replace(/^\/route-cache\/[^/]*\/[^/]*\/\$/, "");
  return pathTag + (path.replace(/^\/index(?=$|\/index(?:\/|$))/, "") || "/");
}

/**
 * Returns a tag of a path also without the escapes of ASCII. Next.js decodes the paths of pages, and leaves those of
 * route handlers as clients have sent them. An escaped `/`, `#`, `?` or `\` stays.
 */
function pathSpellings(tag: string): string[] {
  if (!tag.startsWith(`${pathTag}/`) || !tag.includes("%")) return [tag];
  const text = tag.replaceAll(/%[2-7][\da-f]/gi, (escape) =>
    /2f|23|3f|5c/i.test(escape) ? escape.toUpperCase() : decodeURIComponent(escape),
  );
  return text === tag ? [tag] : [tag, text];
}

/**
 * Returns the tags for a purge. Next.js separates the tags of a page by commas, so a page has only the parts of a tag with
 * commas. Its purge also names the last part. The tag of a path itself is complete: `pathTagOf` adds it to each page.
 */
export function purgedTagsOf(tags: readonly string[]): string[] {
  const isOfPath = (tag: string) =>
    tag.startsWith(`${pathTag}/`) && !/\/(?:layout|page|route)$/.test(tag);
  const lastOf = (tag: string) => tag.split(",").findLast((part) => part.trim() !== "") ?? "";
  return tagsOf(
    tags.flatMap((tag) => (tag.includes(",") && !isOfPath(tag) ? [tag, lastOf(tag)] : [tag])),
  );
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
