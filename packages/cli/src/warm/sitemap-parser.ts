// Parses a sitemap of sitemaps.org as a stream: a set of URLs, or an index of sitemaps.
import { SaxesParser } from "saxes";

export interface SitemapEntry {
  readonly kind: "page" | "sitemap";
  readonly loc: string;
  /** Epoch milliseconds; `undefined` if absent or invalid. */
  readonly modifiedAtMs: number | undefined;
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
/**
 * The limit of text without an entry. The parser needs seconds for megabytes of comments, CDATA and
 * DOCTYPE. An entry with 1,000 images, the most that Google reads, has less.
 */
const idleCharactersMax = 1_048_576;

/** @throws SitemapFault if the text is not XML, or is not a sitemap */
export async function* sitemapEntries(text: AsyncIterable<string>): AsyncGenerator<SitemapEntry> {
  const found: SitemapEntry[] = [];
  const parser = parserInto(found);
  let isEmpty = true;
  let idleCharacters = 0;
  for await (const piece of text) {
    // Some sites put a line break before the declaration, which XML forbids.
    const begun = isEmpty ? piece.trimStart() : piece;
    if (begun === "") continue;
    if (isEmpty && /^<(?:!doctype )?html/i.test(begun))
      throw new SitemapFault("It is an HTML page.");
    isEmpty = false;
    parser.write(begun);
    idleCharacters = found.length > 0 ? 0 : idleCharacters + begun.length;
    if (idleCharacters > idleCharactersMax) {
      throw new SitemapFault(`Line ${parser.line}: more than 1 MiB without an entry.`);
    }
    yield* found.splice(0);
  }
  if (isEmpty) throw new SitemapFault("It is empty.");
  parser.close();
  yield* found.splice(0);
}

function parserInto(found: SitemapEntry[]): SaxesParser {
  const parser = new SaxesParser();
  const open: string[] = [];
  let sort: (typeof kinds)[string] | undefined;
  let [prefix, loc, modified] = ["", "", ""];
  parser.on("error", ({ message }) => {
    const reason = message.replace(/^\d+:\d+: /, "").replace(/\.$/, "");
    throw new SitemapFault(`Line ${parser.line}: ${reason}.`);
  });
  parser.on("opentag", ({ name }) => {
    if (open.length === 0) {
      const local = name.slice(name.indexOf(":") + 1);
      prefix = name.slice(0, name.length - local.length);
      sort = kinds[local];
      if (sort === undefined) {
        throw new SitemapFault(
          `Line ${parser.line}: its root is <${name.slice(0, 40)}>, not <urlset> or <sitemapindex>.`,
        );
      }
    }
    if (open.length === depthMax) {
      throw new SitemapFault(`Line ${parser.line}: more than ${depthMax} elements are open.`);
    }
    open.push(name);
    if (open.length === 2) [loc, modified] = ["", ""];
  });
  const texted = (text: string) => {
    if (open[2] === `${prefix}loc`) loc = (loc + text).slice(0, locCharactersMax);
    else if (open[2] === `${prefix}lastmod`) modified = (modified + text).slice(0, 64);
  };
  parser.on("text", texted);
  parser.on("cdata", texted);
  parser.on("closetag", () => {
    const isEntry = open.length === 2 && open[1] === `${prefix}${sort?.element}`;
    if (isEntry && sort !== undefined) {
      const modifiedAtMs = Date.parse(modified.trim());
      const isDate = !Number.isNaN(modifiedAtMs);
      found.push({
        kind: sort.kind,
        loc: loc.trim(),
        modifiedAtMs: isDate ? modifiedAtMs : undefined,
      });
    }
    open.pop();
  });
  return parser;
}
