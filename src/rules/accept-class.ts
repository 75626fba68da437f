// The class of media types that a client prefers to HTML, by which a response may vary although its `Vary` does not
// say so (RFC 9110 §12.5.1).
import { fitsStaticExtension } from "./media-types.ts";
import { type Range, rangesIn } from "./negotiation.ts";

/**
 * A class of media types. `html`: a client that prefers no other class. `+json`: JSON of another form, such as
 * JSON-LD, as types with this suffix name it (RFC 6839 §3.1).
 */
export type AcceptClass = "html" | "json" | "+json" | "xml" | "markdown" | "calendar" | "other";

/** The name of the class among the selecting fields of a response. No client sends a field of this name. */
export const acceptClassName = "accept!class";

/** A type of each class, which `acceptOfClass` names if the type of the response is of another class. */
const typeOf: Readonly<Record<AcceptClass, string>> = {
  html: "text/html",
  json: "application/json",
  "+json": "application/ld+json",
  xml: "application/xml",
  markdown: "text/markdown",
  calendar: "text/calendar",
  other: "text/plain",
};

const ofHtml: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);

/** Browsers prefer such types for a part of a page. */
const ofMedia = /^(?:image|audio|video|font)\/|^text\/css$|^application\/(?:ogg$|(?:x-)?font-)/;

/** Parts of pages that browsers ask for by `*` `/*`. Clients that name them get a script at the URL of a page. */
const ofScripts = /(?:java|ecma)script$/;

/** Crawlers rank it with HTML: a page in a signed form. */
const ofExchanges = "application/signed-exchange";

/** The names and ranges that browsers send beside HTML, and for parts of a page. */
const ofBrowsers =
  /^(?:\*|\*\/\*|application\/xml|text\/css|font\/.*|application\/(?:ogg|(?:x-)?font-.*)|(?:audio|video)\/(?:\*|ogg|wav|webm)|image\/(?:\*|a?png|avif|heic|heic-sequence|jx[lr]|sharpp|svg\+xml|tpg|webp|wxpic))$/;

/** Fields beyond this length are read from their beginning. */
const charactersMax = 1_024;

/** Returns the class of a media type in lower case; `undefined` for a range, for a part of a page, and for no type. */
function classOfType(type: string): AcceptClass | undefined {
  if (!/^[^*/]+\/[^*/]+$/.test(type) || ofMedia.test(type) || ofScripts.test(type))
    return undefined;
  if (ofHtml.has(type)) return "html";
  if (/^(?:application|text)\/(?:x-)?json$/.test(type)) return "json";
  if (type.includes("json")) return "+json";
  if (/^(?:application|text)\/(?:x-)?xml$|\+xml$/.test(type)) return "xml";
  if (type.endsWith("markdown")) return "markdown";
  return /^text\/(?:x-v)?calendar$/.test(type) ? "calendar" : "other";
}

/**
 * Returns whether an origin that a client asks for one type may answer with another: of the same class, JSON of another
 * form, or plain text.
 *
 * @param type the type of the response
 * @param name the name in `Accept`
 */
function isRelated(type: string, name: string): boolean {
  const [own, named] = [classOfType(type), classOfType(name)];
  if (named === undefined || named === "html") return false;
  const areJson = [own, named].every((one) => one?.endsWith("json"));
  return own === named || areJson || type === "text/plain";
}

/**
 * Returns the class of the type that a client ranks first: by weight, and among equal weights by order. A range
 * such as `*` `/*` ranks no type.
 *
 * @param accept the value of `Accept`; `null` for none
 */
export function acceptClass(accept: string | null): AcceptClass {
  const first = rangesIn((accept ?? "").slice(0, charactersMax)).find(
    ({ name, quality }) => quality > 0 && name.includes("/") && !name.includes("*"),
  );
  return (first && classOfType(first.name)) ?? "html";
}

/**
 * Returns whether an origin has probably chosen a type by a client's `Accept`: the type is not HTML, the client names
 * it or a related type, and ranks a type other than HTML first.
 *
 * @param type the type of the response, in lower case, without parameters
 */
export function isChosenByAccept(type: string, accept: string | null): boolean {
  const own = classOfType(type);
  if (own === undefined || own === "html" || acceptClass(accept) === "html") return false;
  return rangesIn((accept ?? "").slice(0, charactersMax)).some(
    ({ name, quality }) => quality > 0 && isRelated(type, name),
  );
}

/**
 * Returns whether an origin may have chosen a response by a name or rank in a client's `Accept` that browsers do not
 * send. A name with the weight 0 counts, because an origin may ignore weights. `false` if the client names no type.
 *
 * @param type as for `isChosenByAccept`; empty if unknown
 */
export function mayBeChosenByAccept(type: string, accept: string | null): boolean {
  if (accept === null) return false;
  // Beyond this length, and with a quoted string or an invalid weight, an origin may read the field in another way.
  if (accept.length > charactersMax || accept.includes('"')) return true;
  const ranges = rangesIn(accept);
  if (ranges.length < accept.split(",").length) return true;
  const isAny = ({ name, quality, isNarrowed }: Range) =>
    name === "*/*" && quality > 0 && !isNarrowed;
  if (ranges.every(isAny)) return false;
  if (ranges.some((range) => mayLeadTo(type, range))) return true;
  return !ofHtml.has(type) && !ranksLikeBrowser(type, ranges);
}

/**
 * Returns whether an origin may choose a type by a range that browsers do not send. Only another form of HTML leads to
 * HTML, and media lead only to parts of a page. Otherwise any name leads to any type: servers send `application/zip`, or
 * no type, for many names.
 */
function mayLeadTo(type: string, { name, isNarrowed }: Range): boolean {
  const isHtml = ofHtml.has(type);
  if (ofHtml.has(name)) return isHtml && isNarrowed;
  if (name === ofExchanges || (ofBrowsers.test(name) && !isNarrowed)) return false;
  if (isHtml) return name.includes("html") || (isNarrowed && name.includes("*"));
  return !ofMedia.test(name) || mayBePart(type);
}

/** Returns whether a client ranks HTML first, or asks for a part of a page, as browsers do. */
function ranksLikeBrowser(type: string, ranges: readonly Range[]): boolean {
  const others = ranges.filter(({ name }) => !ofHtml.has(name) && name !== ofExchanges);
  const rivals = others.filter(({ name }) => !ofMedia.test(name));
  const html = ranges.filter(({ name }) => ofHtml.has(name));
  if (html.length === 0 && mayBePart(type)) {
    return rivals.every(({ name, quality }) => quality > 0 && name.startsWith("*"));
  }
  // An origin may obey any of several weights. All browsers that ask for a page name this type without a parameter.
  const plain = html.filter(({ name, isNarrowed }) => name === "text/html" && !isNarrowed);
  const weight = plain.at(-1)?.quality ?? 0;
  if (weight === 0 || rivals.some(({ quality }) => quality >= weight)) return false;
  if (rivals.length === others.length || !mayBePart(type)) return true;
  // All browsers that name images for a page also name XHTML.
  const isOfPage = html.some(({ name }) => name === "application/xhtml+xml");
  return isOfPage && ofHtml.has(ranges[0]?.name ?? "");
}

/** Returns whether a type is that of a part of a page, or says nothing, as for many images. */
const mayBePart = (type: string): boolean =>
  classOfType(type) === undefined || type.endsWith("/octet-stream");

/** Returns whether a type is HTML, or that of a part of a page. */
export const isOfPages = (type: string): boolean => (classOfType(type) ?? "html") === "html";

const ofJson = /\.(?:geo|top)?json(?:ld)?$|\.webmanifest$|\.map$/i;

/** The extensions of generated texts, by class. */
const extensions: Readonly<Partial<Record<AcceptClass, RegExp>>> = {
  json: ofJson,
  "+json": ofJson,
  xml: /\.(?:xml|xsl|rss|atom|rdf|kml|gpx)$/i,
  markdown: /\.(?:md|markdown)$/i,
  calendar: /\.(?:ics|ical)$/i,
  other:
    /\.(?:te?xt|log|[ct]sv|ya?ml|toml|sql|vtt|srt|ttl|n[3tq]|pdf|e?ps|rtf|epub|docx?|xlsx?|pptx?|od[pst]|zip|gz|tgz|bz2|xz|7z|rar|tar|bin|exe|dmg|iso|apk|wasm|m3u8|mpd)$/i,
};

/** Returns whether the extension of a path implies the class of a type, so that the origin had no choice. */
export function isOfExtension(type: string, path: string): boolean {
  const own = classOfType(type);
  return own === undefined ? fitsStaticExtension(path, type) : extensions[own]?.test(path) === true;
}

/** Returns a value of `Accept` of a class, for a request without a client. @param type the type of the stored response */
export function acceptOfClass(of: AcceptClass, type: string): string {
  const own = classOfType(type) === of ? type : typeOf[of];
  // An origin may answer `application/json` with `text/json`, and not know the latter.
  const names = new Set(of === "json" ? [typeOf.json, own] : [own]);
  return `${[...names].join(", ")}, */*;q=0.1`;
}
