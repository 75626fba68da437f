// Finds references of a page to its own host. Scans HTML and JSON tolerantly, because they may be malformed.

/** A reference to a page or file. */
export interface Reference {
  /** The path with the query, without the fragment. */
  readonly path: string;
  readonly as: "link" | "asset" | "feed";
}

type WrittenLink = readonly [url: string, as: Reference["as"]];

/** The page that contains the references. */
interface ReferringPage {
  /** The scheme and host that references must have. */
  readonly origin: string;
  /** A path, or a full URL if relative references have another base. */
  readonly path: string;
  readonly text: string;
  readonly contentType: string;
  /** The value of the page's field `Link`. */
  readonly linkField: string | null;
}

/** An unclosed tag matches up to the end of the text, so that each character is read once. */
const tags = /<(a|link|script|img|source)\b((?:"[^"]*"|'[^']*'|[^>"']+)*)(>?)/gi;
const pathCharsMax = 2_000;

/** Returns each path once, in the order of the page. */
export function referencesOf(page: ReferringPage): Reference[] {
  const found = [...(page.linkField ?? "").matchAll(/<([^<>]*)>/g)].map(
    ([, url = ""]): WrittenLink => [url, "link"],
  );
  const written = /json/i.test(page.contentType) ? inJson(page.text) : inHtml(page.text);
  const byPath = new Map<string, Reference>();
  for (const [url, as] of [...found, ...written]) {
    const path = ownPath(url, page);
    if (path !== undefined && !byPath.has(path)) byPath.set(path, { path, as });
  }
  return [...byPath.values()];
}

function inHtml(text: string): WrittenLink[] {
  const plain = text.replace(/<!--[^]*?(?:-->|$)/g, "");
  return [...plain.matchAll(tags)].flatMap(([, tag = "", attributes = "", end]) => {
    if (end === "") return [];
    return inTag(tag.toLowerCase(), attributes);
  });
}

function inTag(name: string, attributes: string): readonly WrittenLink[] {
  const url = attribute(attributes, name === "a" || name === "link" ? "href" : "src");
  if (url === undefined) return [];
  const rel = attribute(attributes, "rel") ?? "";
  if (name === "a") return [[url, "link"]];
  if (name !== "link") return [[url, "asset"]];
  const isFeed = /(?:rss|atom)\+xml/i.test(attribute(attributes, "type") ?? "");
  if (isFeed) return [[url, "feed"]];
  if (/stylesheet|icon|preload|manifest/i.test(rel)) return [[url, "asset"]];
  return /next|prev|api\.w\.org/i.test(rel) ? [[url, "link"]] : [];
}

/** Finds strings that look like URLs or absolute paths. */
function inJson(text: string): WrittenLink[] {
  return [...text.matchAll(/"((?:https?:\\?\/\\?\/|\\?\/)[^"\s{}]*)"/g)].map(([, url = ""]) => [
    url.replaceAll("\\/", "/"),
    "link",
  ]);
}

function attribute(attributes: string, name: string): string | undefined {
  const form = new RegExp(
    String.raw`(?:^|\s)${name}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`,
    "i",
  );
  const [, double, single, bare] = form.exec(attributes) ?? [];
  return (double ?? single ?? bare)?.replaceAll("&amp;", "&").replaceAll("&#038;", "&").trim();
}

function ownPath(url: string, page: ReferringPage): string | undefined {
  const read = URL.parse(url, new URL(page.path, page.origin).href);
  if (read === null || read.origin !== page.origin) return undefined;
  const path = read.pathname + read.search;
  return path.length <= pathCharsMax ? path : undefined;
}
