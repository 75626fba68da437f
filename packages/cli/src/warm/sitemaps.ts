// Reads sitemaps, and the ones that an index names, out of files or through HTTP.
import { userAgent } from "../asking/user-agent.ts";
import { CommandError, failure, interruption, usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { PageList } from "./page-list.ts";
import { bytesOfFile, textOf } from "./source-text.ts";
import { sitemapEntries, SitemapFault } from "./sitemap-parser.ts";

/** By sitemaps.org: 50 MiB and 50,000 entries a file. */
const bytesMax = 52_428_800;
const entryCountMax = 50_000;
/** sitemaps.org has an index name sitemaps alone; some have an index of indexes. */
const depthMax = 3;
const redirectsMax = 5;
const answerMsMax = 60_000;

export interface SitemapReport {
  files: number;
  /** Not taken by `since`. */
  olderCount: number;
  /** Files with more entries than sitemaps.org allows; all are taken. */
  readonly overfull: string[];
}

interface Given {
  readonly pages: PageList;
  readonly world: World;
  /** Pages that were modified earlier are not taken; those without a date are. */
  readonly sinceAtMs: number | undefined;
  /** Told of each file before it is read. */
  readonly onFile: (name: string) => void;
}

/** @throws CommandError for the first file that cannot be read: a part of the pages is not all of them */
export async function readSitemap(source: string, given: Given, report: SitemapReport) {
  refuseAddress(source);
  await read(source, { ...given, report, seen: new Set<string>(), depth: 1 });
}

/** @throws CommandError for what looks like a URL and is none, and for one that holds a secret */
function refuseAddress(source: string): void {
  if (!isRemote(source)) return;
  const url = URL.parse(source);
  if (url !== null && !hasPassword(url)) return;
  throw usageError({
    what: "--sitemap is refused.",
    why:
      url === null ? `${JSON.stringify(source)} is no URL.` : "It holds a user name or a password.",
    mend: "Write a URL without them, or fetch the file and name that.",
  });
}

const hasPassword = ({ username, password }: URL) => username !== "" || password !== "";

interface Walk extends Given {
  readonly report: SitemapReport;
  /** An index may name itself, or one file twice. */
  readonly seen: Set<string>;
  readonly depth: number;
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
    for await (const { kind, loc, modifiedAtMs = Infinity } of sitemapEntries(text)) {
      entryCount += 1;
      if (modifiedAtMs < sinceAtMs) report.olderCount += 1;
      else if (kind === "sitemap") further.push(loc);
      else pages.add(loc);
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const why = cause instanceof SitemapFault ? cause.message : "It broke off while it was read.";
    throw unusable(source, why, "Name an XML sitemap, or give the pages by --list.", cause);
  }
  if (entryCount > entryCountMax) report.overfull.push(source);
  if (further.length > 0 && depth === depthMax) {
    throw unusable(source, `It is an index within ${depthMax - 1} others.`, "Name its parts.");
  }
  for (const loc of further) await read(checked(loc, source), { ...walk, depth: depth + 1 });
}

/** An index speaks for its own host: whoever writes it must not send us elsewhere. */
function checked(loc: string, source: string): string {
  const url = URL.parse(loc);
  const mend = "Let it name whole URLs of its own host.";
  if (url === null || !isRemote(loc)) {
    throw unusable(source, `It names ${JSON.stringify(loc.slice(0, 200))}, which is no URL.`, mend);
  }
  if (hasPassword(url)) {
    throw unusable(source, "It names a URL that holds a user name or a password.", mend);
  }
  if (isRemote(source) && url.host !== new URL(source).host) {
    throw unusable(source, `It names ${url.href.slice(0, 200)}, which is of another host.`, mend);
  }
  return url.href;
}

const isRemote = (source: string) => /^https?:\/\//i.test(source);

async function bytesOf(source: string, { world }: Walk) {
  if (!isRemote(source)) return bytesOfFile(source, world);
  const response = await answerOf(source, world);
  if (response.body === null)
    throw unusable(source, "The answer has no body.", "Check the address.");
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
        if (world.interrupted.aborted) throw interruption("The sitemap was not read to its end.");
        const mend = "Check the address, and that the site is up.";
        throw unusable(source, `${url.origin} was not reached.`, mend, cause);
      });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const location = URL.parse(response.headers.get("location") ?? "", url.href);
    const isRedirect = response.status >= 300 && response.status < 400 && location !== null;
    if (!isRedirect) {
      throw unusable(source, `The answer was ${response.status}.`, "Check the address.");
    }
    if (location.host !== url.host || redirects === redirectsMax) {
      const why =
        redirects === redirectsMax
          ? `It redirects more than ${redirectsMax} times.`
          : `It redirects to ${location.origin}.`;
      throw unusable(source, why, "Name the address that it has itself.");
    }
    url = location;
  }
}

function unusable(source: string, why: string, mend: string, cause?: unknown) {
  return failure(
    { what: `The sitemap ${source} cannot be used.`, why, mend },
    "bad-sitemap",
    cause,
  );
}
