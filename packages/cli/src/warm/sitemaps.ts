// Reads sitemaps from files or over HTTP, and the sitemaps that an index names.
import { SaxesParser } from "saxes";
import { usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { PageList } from "./page-list.ts";
import { isRemote, sourceFailure, textAt, whyNoUrl } from "./source-text.ts";

const ofSitemap = { kind: "sitemap" } as const;
/** The limit of sitemaps.org for one file: 50 MiB. */
const bytesMax = 52_428_800;
/** An index should name only sitemaps (sitemaps.org), but some sites have an index of indexes. */
const indexDepthMax = 3;
/** The limits of all files together, for an index without an end. */
const filesMax = 1_000;
const allCharactersMax = 1_073_741_824;

interface SitemapOptions {
  readonly pages: PageList;
  readonly world: World;
  /** Called before each file is read. */
  readonly onFile: (name: string) => void;
}

/** @throws CommandError for the first file that cannot be read, because the pages would be incomplete */
export async function readSitemap(source: string, given: SitemapOptions): Promise<void> {
  const why = isRemote(source) ? whyNoUrl(source) : undefined;
  if (why !== undefined) {
    const hint = "Use a full URL without a user name, or download the file and pass its path.";
    throw usageError({ what: "--sitemap is invalid.", why, hint });
  }
  await read(source, { ...given, seen: new Set(), depth: 1, characters: { count: 0 } });
}

interface Walk extends SitemapOptions {
  /** The files read so far, because an index may name itself, or the same file twice. */
  readonly seen: Set<string>;
  readonly depth: number;
  /** Counts the characters of all files. */
  readonly characters: { count: number };
}

async function read(source: string, walk: Walk): Promise<void> {
  const { pages, seen, depth, characters } = walk;
  if (seen.has(source)) return;
  seen.add(source);
  walk.onFile(source);
  const text = await textAt(source, { ...ofSitemap, bytesMax, world: walk.world });
  characters.count += text.length;
  if (characters.count > allCharactersMax) {
    throw sourceFailure(
      { ...ofSitemap, source },
      "It and the sitemaps before it have more than 1 GiB.",
      passParts,
    );
  }
  const further: string[] = [];
  for (const { kind, loc } of entriesIn(text, source)) {
    if (kind === "sitemap") further.push(loc);
    else pages.add(loc);
  }
  if (further.length > 0 && depth === indexDepthMax) {
    throw sourceFailure(
      { ...ofSitemap, source },
      `It is an index nested in ${indexDepthMax - 1} others.`,
      passParts,
    );
  }
  if (seen.size + further.length > filesMax) {
    const why = `It and the indexes before it name more than ${filesMax} files.`;
    throw sourceFailure({ ...ofSitemap, source }, why, passParts);
  }
  for (const loc of further) await read(checked(loc, source), { ...walk, depth: depth + 1 });
}

function entriesIn(text: string, source: string): readonly SitemapEntry[] {
  try {
    return sitemapEntries(text);
  } catch (cause) {
    if (!(cause instanceof SitemapFault)) throw cause;
    const hint = "Name an XML sitemap, or pass the pages with --list.";
    throw sourceFailure({ ...ofSitemap, source }, cause.message, hint, cause);
  }
}

/** Checks a URL of an index. An index must not send the command to another host. */
function checked(loc: string, source: string): string {
  const url = URL.parse(loc);
  const isOther = isRemote(source) && url?.host !== new URL(source).host;
  const why = whyNoUrl(loc) ?? (isOther ? `${loc.slice(0, 200)} is on another host.` : undefined);
  if (url !== null && why === undefined) return url.href;
  const hint = "An index may contain only full URLs of its own host.";
  throw sourceFailure(
    { ...ofSitemap, source },
    `It names a sitemap that cannot be read. ${why}`,
    hint,
  );
}

const passParts = "Pass its parts separately.";

interface SitemapEntry {
  readonly kind: "page" | "sitemap";
  readonly loc: string;
}

/** Reports a file that is not a sitemap. The message contains the line. */
class SitemapFault extends Error {
  override readonly name = "SitemapFault";
}

const kinds: Readonly<Record<string, { kind: SitemapEntry["kind"]; element: string }>> = {
  urlset: { kind: "page", element: "url" },
  sitemapindex: { kind: "sitemap", element: "sitemap" },
};
/** One more than the limit for URLs, so that a truncated URL is rejected. */
const locCharactersMax = 8_193;
/** Limits the parser's memory. Extensions for news, images and videos need 5 levels. */
const elementDepthMax = 32;
const pieceCharacters = 65_536;
/**
 * The limit of text without an entry. The parser needs seconds for megabytes of comments, CDATA and
 * DOCTYPE. An entry with 1,000 images, the most that Google reads, has less.
 */
const idleCharactersMax = 1_048_576;

/** @throws SitemapFault if the text is not XML, or is not a sitemap */
function sitemapEntries(text: string): readonly SitemapEntry[] {
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
    if (open.length === elementDepthMax)
      throw faulty(`more than ${elementDepthMax} elements are open`);
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
