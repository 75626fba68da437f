// Parses a sitemap of sitemaps.org: a set of URLs, or an index of sitemaps.
import { SaxesParser } from "saxes";

export interface SitemapEntry {
  readonly kind: "page" | "sitemap";
  readonly loc: string;
}

/** Reports a file that is not a sitemap. The message contains the line. */
export class SitemapFault extends Error {
  override readonly name = "SitemapFault";
}

const kinds: Readonly<Record<string, { kind: SitemapEntry["kind"]; element: string }>> = {
  urlset: { kind: "page", element: "url" },
  sitemapindex: { kind: "sitemap", element: "sitemap" },
};
/** One more than the limit for URLs, so that a truncated URL is rejected. */
const locCharactersMax = 8_193;
/** Limits the parser's memory. Extensions for news, images and videos need 5 levels. */
const depthMax = 32;
const pieceCharacters = 65_536;
/**
 * The limit of text without an entry. The parser needs seconds for megabytes of comments, CDATA and
 * DOCTYPE. An entry with 1,000 images, the most that Google reads, has less.
 */
const idleCharactersMax = 1_048_576;

/** @throws SitemapFault if the text is not XML, or is not a sitemap */
export function sitemapEntries(text: string): readonly SitemapEntry[] {
  // Some sites put a line break before the declaration, which XML forbids.
  const begun = text.trimStart();
  if (begun === "") throw new SitemapFault("It is empty.");
  if (/^<(?:!doctype )?html/i.test(begun)) throw new SitemapFault("It is an HTML page.");
  const found: SitemapEntry[] = [];
  const parser = parserInto(found);
  let lastEntryAt = 0;
  for (let at = 0; at < begun.length; at += pieceCharacters) {
    const before = found.length;
    parser.write(begun.slice(at, at + pieceCharacters));
    if (found.length > before) lastEntryAt = at;
    if (at - lastEntryAt > idleCharactersMax) {
      throw new SitemapFault(`Line ${parser.line}: more than 1 MiB without an entry.`);
    }
  }
  parser.close();
  return found;
}

function parserInto(found: SitemapEntry[]): SaxesParser {
  const parser = new SaxesParser();
  const open: string[] = [];
  let sort: (typeof kinds)[string] | undefined;
  let [prefix, loc] = ["", ""];
  const faulty = (why: string) => new SitemapFault(`Line ${parser.line}: ${why}.`);
  parser.on("error", ({ message }) => {
    throw faulty(message.replace(/^\d+:\d+: /, "").replace(/\.$/, ""));
  });
  parser.on("opentag", ({ name }) => {
    if (open.length === 0) {
      const local = name.slice(name.indexOf(":") + 1);
      prefix = name.slice(0, name.length - local.length);
      sort = kinds[local];
      if (sort === undefined) {
        throw faulty(`its root is <${name.slice(0, 40)}>, not <urlset> or <sitemapindex>`);
      }
    }
    if (open.length === depthMax) throw faulty(`more than ${depthMax} elements are open`);
    open.push(name);
    if (open.length === 2) loc = "";
  });
  const texted = (text: string) => {
    if (open[2] === `${prefix}loc`) loc = (loc + text).slice(0, locCharactersMax);
  };
  parser.on("text", texted);
  parser.on("cdata", texted);
  parser.on("closetag", () => {
    const isEntry = open.length === 2 && open[1] === `${prefix}${sort?.element}`;
    if (isEntry && sort !== undefined) found.push({ kind: sort.kind, loc: loc.trim() });
    open.pop();
  });
  return parser;
}
