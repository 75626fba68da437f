// The media type of a response (RFC 9110 §8.3), and whether it contradicts the extension of a path.
import { membersOf } from "./cache-control.ts";
import type { Fields } from "./fields.ts";
import { downloads, fonts, images, media } from "./static-extensions.ts";

/** Longer fields are read from their beginning. */
const typeCharactersMax = 1_024;

/**
 * Returns the media types in `Content-Type`, in lower case and without parameters. A response has
 * one, or none.
 */
export function responseMediaTypes(fields: Fields): string[] {
  const types = membersOf(fields.get("content-type")?.slice(0, typeCharactersMax) ?? null);
  return types.map((type) => type.replace(/;.*$/s, "").trim().toLowerCase());
}

/** Returns the last valid type, which browsers use; `undefined` for none (https://fetch.spec.whatwg.org). */
export const shownMediaType = (fields: Fields): string | undefined =>
  responseMediaTypes(fields).findLast((one) => /^[^\s/*]+\/[^\s/*]+$/.test(one));

/** `text/x-script` is the data of React Router. */
const textTypes = /^text\/(?!css$|.*[^-]script)|^application\/(?:.*json|(?:.*\+)?xml)/;

/**
 * Returns whether browsers may show a response as a document or read it as data: HTML, XML, JSON, other text, or
 * content without a valid type. Styles, scripts and SVG are parts of a page.
 */
export function isTextual(fields: Fields): boolean {
  const type = shownMediaType(fields);
  return type === undefined || textTypes.test(type);
}

interface Family {
  readonly extensions: ReadonlySet<string>;
  /** The types that fit. */
  readonly types: RegExp;
}

let compiled: readonly Family[] | undefined;

/**
 * Returns the families of static extensions. Extensions of text that origins also generate, such as
 * `json` and `xml`, are absent. The words written here are not in `mime-db`, or are text there.
 */
function families(): readonly Family[] {
  return (compiled ??= (
    [
      ["css", /^text\/css$/],
      ["js mjs cjs", /^(?:text|application)\/(?:(?:x-)?(?:java|ecma)script|node)$/],
      // Some sites convert images to other formats, and animations to videos.
      [images, /^(?:image|video)\//],
      [`eot${fonts}`, /^(?:font\/|application\/(?:x-)?font-|application\/vnd\.ms-)/],
      [
        media,
        /^(?:audio|video)\/|^application\/(?:mp4|mxf|ogg|.*(?:asf|matroska|mpegurl|realmedia))$/,
      ],
      ["pdf", /^application\/(?:x-)?pdf$/],
      ["map mpd webmanifest", /^(?!.*html$)/],
      [
        `appimage br csv ejs gem ics ipa lz lz4 parquet pict pls rtf sqlite tbz tgz ts tsv txz vcf vtt
       whl zst${downloads}`,
        /^(?!.*(?:html|json|xml)$)/,
      ],
    ] as const
  ).map(([words, types]) => ({ extensions: new Set(words.match(/\S+/g)), types })));
}

/** These types tell nothing about the content. S3 sends the second by default. */
const unspecific = /^(?:application|binary)\/octet-stream$/;

/** Returns the families of the static extension at the end of a path. */
function familiesOf(path: string): Family[] {
  const name = path.split("/").findLast((segment) => segment !== "") ?? "";
  const extension = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return families().filter(({ extensions }) => name.includes(".") && extensions.has(extension));
}

/**
 * Returns the media types that contradict a static extension at the end of one of the paths.
 *
 * @param paths normalized paths, whose final slashes do not count
 */
export function typesAgainst(paths: readonly string[], types: readonly string[]): string[] {
  const fitting = paths.flatMap(familiesOf);
  const isAgainst = (type: string) => fitting.some((family) => !family.types.test(type));
  return types.filter((type) => type !== "" && !unspecific.test(type) && isAgainst(type));
}

/** Returns whether a path has a static extension of a media type. */
export function fitsStaticExtension(path: string, type: string): boolean {
  return familiesOf(path).some((family) => family.types.test(type));
}
