// The class of media types that a client prefers to HTML, by which a response may vary although its `Vary` does not
// say so (RFC 9110 §12.5.1).
import { rangesIn } from "./negotiation.ts";

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
const ofPageParts = /^(?:image|audio|video|font)\/|^text\/css$|(?:java|ecma)script$/;

/** Crawlers rank it with HTML: a page in a signed form. */
const ofExchanges = "application/signed-exchange";

/** Fields beyond this length are read from their beginning. */
const charactersMax = 1_024;

/** Returns the class of a media type in lower case; `undefined` for a range and for a part of a page. */
function classOfType(type: string): AcceptClass | undefined {
  if (!/^[^*/]+\/[^*/]+$/.test(type) || ofPageParts.test(type)) return undefined;
  if (ofHtml.has(type)) return "html";
  if (type === "application/json") return "json";
  if (type.endsWith("+json")) return "+json";
  if (/^(?:application|text)\/xml$|\+xml$/.test(type)) return "xml";
  if (type === "text/markdown" || type === "text/x-markdown") return "markdown";
  return type === "text/calendar" ? "calendar" : "other";
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
 * it, and ranks a type other than HTML first.
 *
 * @param type the type of the response, in lower case, without parameters
 */
export function isChosenByAccept(type: string, accept: string | null): boolean {
  const own = classOfType(type);
  const first = acceptClass(accept);
  if (own === undefined || own === "html" || first === "html") return false;
  // An origin may answer `application/vnd.example+json` with `application/json`, and send Markdown as plain text.
  const isAlike = own === first || [own, first].every((one) => one.endsWith("json"));
  return isAlike || (first === "markdown" && type === "text/plain") || names(accept, type);
}

const names = (accept: string | null, type: string): boolean =>
  rangesIn((accept ?? "").slice(0, charactersMax)).some(
    ({ name, quality }) => name === type && quality > 0,
  );

/**
 * Returns whether an origin may have chosen a type other than HTML by a client's `Accept`. `false` if the client names
 * no type, or ranks HTML above all other types, as browsers do, and does not name this type. XML may be named, because
 * browsers name it.
 *
 * @param type as for `isChosenByAccept`
 */
export function mayBeChosenByAccept(type: string, accept: string | null): boolean {
  const field = accept ?? "*/*";
  const ranges = rangesIn(field);
  // Beyond this length, and with an invalid weight, an origin may read the field in another way.
  const isPlain = field.length <= charactersMax && ranges.length === field.split(",").length;
  if (!isPlain) return true;
  if (ranges.every(({ name, quality }) => name === "*/*" && quality > 0)) return false;
  const rivals = ranges.filter(
    ({ name }) => !ofHtml.has(name) && !ofPageParts.test(name) && name !== ofExchanges,
  );
  const best = Math.max(
    0,
    ...ranges.flatMap(({ name, quality }) => (ofHtml.has(name) ? quality : [])),
  );
  const isFirst = rivals.every(({ quality }) => quality < best);
  const isNamed = rivals.some(
    ({ name }) => namesClassOf(type, name) && classOfType(name) !== "xml",
  );
  return isNamed || !isFirst;
}

/** Returns whether a range names a type, or one of its class. */
function namesClassOf(type: string, name: string): boolean {
  const own = classOfType(type);
  return name === type || (own !== "other" && classOfType(name) === own);
}

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
  return extensions[classOfType(type) ?? "html"]?.test(path) === true;
}

/** Returns a value of `Accept` of a class, for a request without a client. @param type the type of the stored response */
export function acceptOfClass(of: AcceptClass, type: string): string {
  const first = classOfType(type) === of ? type : typeOf[of];
  return `${first}, */*;q=0.1`;
}
