// Reads sitemaps from files or over HTTP, and the sitemaps that an index names.
import { userAgent } from "../asking/user-agent.ts";
import { CommandError, failure, interruption, usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { PageList } from "./page-list.ts";
import { bytesOfFile, textOf } from "./source-text.ts";
import { sitemapEntries, SitemapFault } from "./sitemap-parser.ts";

/** The limits of sitemaps.org for one file: 50 MiB and 50,000 entries. */
const bytesMax = 52_428_800;
const entryCountMax = 50_000;
/** An index should name only sitemaps (sitemaps.org), but some sites have an index of indexes. */
const depthMax = 3;
/** The limits of all files together, for an index without an end. */
const filesMax = 1_000;
const allCharactersMax = 1_073_741_824;
const redirectsMax = 5;
const answerMsMax = 60_000;

export interface SitemapReport {
  files: number;
  /** The number of entries older than `since`. */
  olderCount: number;
  /** Files with more entries than sitemaps.org allows. All entries are used. */
  readonly overfull: string[];
}

interface SitemapOptions {
  readonly pages: PageList;
  readonly world: World;
  /** Skips pages that were modified earlier, but keeps those without a date. */
  readonly sinceAtMs: number | undefined;
  /** Called before each file is read. */
  readonly onFile: (name: string) => void;
}

/** @throws CommandError for the first file that cannot be read, because the pages would be incomplete */
export async function readSitemap(source: string, given: SitemapOptions, report: SitemapReport) {
  refuseAddress(source);
  const seen = new Set<string>();
  await read(source, { ...given, report, seen, depth: 1, characters: { count: 0 } });
}

/** @throws CommandError for an invalid URL, and for one with a password */
function refuseAddress(source: string): void {
  if (!isRemote(source)) return;
  const url = URL.parse(source);
  if (url !== null && !hasPassword(url)) return;
  throw usageError({
    what: "--sitemap is invalid.",
    why:
      url === null
        ? `${JSON.stringify(source)} is not a URL.`
        : "It contains a user name or a password.",
    hint: "Use a URL without them, or download the file and pass its path.",
  });
}

const hasPassword = ({ username, password }: URL) => username !== "" || password !== "";

interface Walk extends SitemapOptions {
  readonly report: SitemapReport;
  /** The files read so far, because an index may name itself, or the same file twice. */
  readonly seen: Set<string>;
  readonly depth: number;
  /** Counts the characters of all files. */
  readonly characters: { count: number };
}

async function read(source: string, walk: Walk): Promise<void> {
  const { pages, sinceAtMs = -Infinity, report, seen, depth } = walk;
  if (seen.has(source)) return;
  seen.add(source);
  walk.onFile(source);
  report.files += 1;
  const further: string[] = [];
  let entryCount = 0;
  try {
    const text = textOf(await bytesOf(source, walk), { name: source, bytesMax });
    const entries = sitemapEntries(counted(text, source, walk));
    for await (const { kind, loc, modifiedAtMs = Infinity } of entries) {
      entryCount += 1;
      if (modifiedAtMs < sinceAtMs) report.olderCount += 1;
      else if (kind === "sitemap") further.push(loc);
      else pages.add(loc);
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const why =
      cause instanceof SitemapFault ? cause.message : "The connection broke during the download.";
    throw unusable(source, why, "Name an XML sitemap, or pass the pages with --list.", cause);
  }
  if (entryCount > entryCountMax) report.overfull.push(source);
  if (further.length > 0 && depth === depthMax) {
    throw unusable(source, `It is an index nested in ${depthMax - 1} others.`, passParts);
  }
  if (report.files + further.length > filesMax) {
    const why = `It and the indexes before it name more than ${filesMax} files.`;
    throw unusable(source, why, passParts);
  }
  for (const loc of further) await read(checked(loc, source), { ...walk, depth: depth + 1 });
}

/** @throws CommandError if the files have too much text together */
async function* counted(text: AsyncIterable<string>, source: string, { characters }: Walk) {
  for await (const piece of text) {
    characters.count += piece.length;
    if (characters.count > allCharactersMax) {
      throw unusable(source, "It and the sitemaps before it have more than 1 GiB.", passParts);
    }
    yield piece;
  }
}

/** Checks a URL of an index. An index must not send the command to another host. */
function checked(loc: string, source: string): string {
  const url = URL.parse(loc);
  const hint = "An index may contain only full URLs of its own host.";
  if (url === null || !isRemote(loc)) {
    throw unusable(
      source,
      `It names ${JSON.stringify(loc.slice(0, 200))}, which is not a URL.`,
      hint,
    );
  }
  if (hasPassword(url)) {
    throw unusable(source, "It names a URL with a user name or a password.", hint);
  }
  if (isRemote(source) && url.host !== new URL(source).host) {
    throw unusable(source, `It names ${url.href.slice(0, 200)}, which is on another host.`, hint);
  }
  return url.href;
}

const passParts = "Pass its parts separately.";

const isRemote = (source: string) => /^https?:\/\//i.test(source);

async function bytesOf(source: string, { world }: Walk) {
  if (!isRemote(source)) return bytesOfFile(source, world);
  const response = await answerOf(source, world);
  if (response.body === null)
    throw unusable(source, "The response has no body.", "Check the address.");
  return response.body;
}

async function answerOf(source: string, world: World): Promise<Response> {
  let url = new URL(source);
  for (let redirects = 0; ; redirects += 1) {
    const signal = AbortSignal.any([world.interrupted, AbortSignal.timeout(answerMsMax)]);
    const headers = { "user-agent": userAgent, accept: "application/xml, text/xml, */*;q=0.5" };
    const response = await world
      .fetch(url, { headers, redirect: "manual", signal })
      .catch((cause) => {
        if (world.interrupted.aborted) throw interruption("The sitemap was not read completely.");
        const hint = "Check the address, and that the site is up.";
        throw unusable(source, `${url.origin} could not be reached.`, hint, cause);
      });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const location = URL.parse(response.headers.get("location") ?? "", url.href);
    const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
    if (!isRedirect) {
      throw unusable(source, `The status is ${response.status}.`, "Check the address.");
    }
    if (location.host !== url.host || redirects === redirectsMax) {
      const why =
        redirects === redirectsMax
          ? `It redirects more than ${redirectsMax} times.`
          : `It redirects to ${location.origin}.`;
      throw unusable(source, why, "Use the final address.");
    }
    url = location;
  }
}

function unusable(source: string, why: string, hint: string, cause?: unknown) {
  return failure(
    { what: `The sitemap ${source} cannot be used.`, why, hint },
    "bad-sitemap",
    cause,
  );
}
