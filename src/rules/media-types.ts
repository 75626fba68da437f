// The media type of a response (RFC 9110 §8.3), and whether it contradicts the extension of a path.
import { membersOf } from "./cache-control.ts";
import type { Fields } from "./fields.ts";

/**
 * Returns the media types in `Content-Type`, in lower case and without parameters. A response has
 * one, or none. Of several, browsers use the last valid one (https://fetch.spec.whatwg.org).
 */
export function responseMediaTypes(fields: Fields): string[] {
  const types = membersOf(fields.get("content-type"));
  return types.map((type) => type.replace(/;.*$/s, "").trim().toLowerCase());
}

/**
 * The types that fit each family of static extensions. Extensions that origins also use for dynamic
 * content, such as `json` and `xml`, are absent.
 */
const families = (
  [
    ["css", /^text\/css$/],
    ["js mjs", /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/],
    // Some sites convert images to other formats, and animations to videos.
    ["avif bmp gif ico jpeg jpg jxl png svg svgz tif tiff webp", /^(?:image|video)\//],
    ["eot otf ttf woff woff2", /^(?:font\/|application\/(?:x-)?font-|application\/vnd\.ms-)/],
    ["flac m4a m4v mp3 mp4 ogg wav webm", /^(?:audio|video)\/|^application\/(?:mp4|ogg)$/],
    ["pdf", /^application\/(?:x-)?pdf$/],
    [
      "7z apk bin bz2 csv dmg doc docx exe gz iso ppt pptx rar tar xls xlsx zip",
      /^(?!.*(?:html|json|xml)$)/,
    ],
  ] as const
).map(([extensions, types]) => ({ extensions: new Set(extensions.split(" ")), types }));

/** These types tell nothing about the content. S3 sends the second by default. */
const unspecific = /^(?:application|binary)\/octet-stream$/;

/**
 * Returns the media types that contradict a static extension at the end of one of the paths.
 *
 * @param paths normalized paths, whose final slashes do not count
 */
export function typesAgainst(paths: readonly string[], types: readonly string[]): string[] {
  const fitting = paths.flatMap((path) => {
    const name = path.split("/").findLast((segment) => segment !== "") ?? "";
    const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    return families.filter(({ extensions }) => name.includes(".") && extensions.has(extension));
  });
  const isAgainst = (type: string) => fitting.some((family) => !family.types.test(type));
  return types.filter((type) => type !== "" && !unspecific.test(type) && isAgainst(type));
}
