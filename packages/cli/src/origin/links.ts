// What a page refers to on its own host: a tolerant scan of HTML and of JSON, which need not be well formed.

/** One reference. */
export interface Reference {
  /** With its query, without a fragment. */
  readonly path: string;
  readonly as: "link" | "asset" | "feed";
}

type Written = readonly [url: string, as: Reference["as"]];

/** The page that refers. */
export interface Referring {
  /** What counts as its own host. */
  readonly origin: string;
  /** Or its whole address: then relative references are of that. */
  readonly path: string;
  readonly text: string;
  readonly contentType: string;
  /** Its field `Link`. */
  readonly linkField: string | null;
}

/** A tag without an end is one match too, up to the end of the text: so each character is read once. */
const tags = /<(a|link|script|img|source)\b((?:"[^"]*"|'[^']*'|[^>"']+)*)(>?)/gi;
const pathCharsMax = 2_000;

/** @returns each path once, in the order of the page */
export function referencesOf(page: Referring): Reference[] {
  const found = [...(page.linkField ?? "").matchAll(/<([^<>]*)>/g)].map(([, url = ""]): Written => [
    url,
    "link",
  ]);
  const written = /json/i.test(page.contentType) ? inJson(page.text) : inHtml(page.text);
  const byPath = new Map<string, Reference>();
  for (const [url, as] of [...found, ...written]) {
    const path = ownPath(url, page);
    if (path !== undefined && !byPath.has(path)) byPath.set(path, { path, as });
  }
  return [...byPath.values()];
}

function inHtml(text: string): Written[] {
  const plain = text.replace(/<!--[^]*?(?:-->|$)/g, "");
  return [...plain.matchAll(tags)].flatMap(([, tag = "", attributes = "", end]) => {
    if (end === "") return [];
    return inTag(tag.toLowerCase(), attributes);
  });
}

function inTag(name: string, attributes: string): readonly Written[] {
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

/** Strings that are written as addresses. */
function inJson(text: string): Written[] {
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

function ownPath(url: string, page: Pick<Referring, "origin" | "path">): string | undefined {
  const read = URL.parse(url, new URL(page.path, page.origin).href);
  if (read === null || read.origin !== page.origin) return undefined;
  const path = read.pathname + read.search;
  return path.length <= pathCharsMax ? path : undefined;
}
