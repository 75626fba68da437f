// Collects the pages or keys to warm from all sources.
import { addAbortSignal } from "node:stream";
import { interruption } from "../command-error.ts";
import { Popularity, readLoggedLine } from "./access-log.ts";
import type { Session } from "../session.ts";
import { type Line, readLine } from "./list.ts";
import { type PageList, pageCountMax } from "./page-list.ts";
import { readSitemap, type SitemapReport } from "./sitemaps.ts";
import { type Bytes, bytesOfFile, linesOf, textOf } from "./source-text.ts";
import type { SourceOptions } from "./warm-options.ts";

/** Statistics about the sources. */
export interface SourceReport {
  readonly sitemaps: SitemapReport;
  /** Lines of lists and logs that could not be read. */
  unreadableLineCount: number;
  /** Requests in logs other than GET with 2xx or 3xx. */
  otherRequestCount: number;
  /** Requests in logs for pages beyond the limit. */
  uncountedRequestCount: number;
  /** The number of pages that the site returned for `--hottest` or `--after-purge`. */
  hotCount?: number;
  /** The number of hot pages that the site examined for `--after-purge`. */
  hotExaminedCount?: number;
  /** The time until every isolate applies the purge of `--after-purge`. */
  holdsInSeconds?: number;
}

/** @throws CommandError for the first source that cannot be read, and on Ctrl-C */
export function gather(options: SourceOptions, pages: PageList, session: Session) {
  return untilInterrupted(gathered(options, pages, session), session);
}

async function gathered(options: SourceOptions, pages: PageList, session: Session) {
  const { world, terminal } = session;
  const report: SourceReport = {
    sitemaps: { files: 0, olderCount: 0, overfull: [] },
    unreadableLineCount: 0,
    otherRequestCount: 0,
    uncountedRequestCount: 0,
  };
  for (const word of options.words) pages.add(word);
  const onFile = (name: string) => {
    if (terminal.showsProgress) terminal.note(`Reading ${name}`);
  };
  const { sinceAtMs } = options;
  for (const sitemap of options.sitemap ?? []) {
    await readSitemap(sitemap, { pages, world, sinceAtMs, onFile }, report.sitemaps);
  }
  for (const list of options.list ?? []) await readList(list, options, pages, { session, report });
  for (const log of options.log ?? []) await readLog(log, options, pages, { session, report });
  if (options.hotCount !== undefined) await readHot(options, pages, { session, report });
  return report;
}

interface SourceContext {
  readonly session: Session;
  readonly report: SourceReport;
}

async function readList(
  name: string,
  options: SourceOptions,
  pages: PageList,
  { session, report }: SourceContext,
): Promise<void> {
  // The first line of CSV may have the column heads.
  const isHead = (text: string) => !/^(?:\/|https?:)/.test(text);
  for await (const line of linesOfList(name, { options, session, isHead })) {
    if (line.kind === "unreadable") report.unreadableLineCount += 1;
    else if (line.kind === "named") pages.add(line.text, line.headers);
  }
}

interface ListContext {
  readonly options: SourceOptions;
  readonly session: Session;
  /** Decides whether the first line of CSV, given its first column, has the column heads. */
  readonly isHead: (text: string) => boolean;
}

async function* linesOfList(
  name: string,
  { options, session, isHead }: ListContext,
): AsyncGenerator<Line> {
  const isCsv = options.csv === true || /\.csv(?:\.gz)?$/i.test(name);
  let isFirst = isCsv;
  for await (const text of linesOf(textOf(await bytesNamed(name, session), { name }))) {
    const line = readLine(text, { isCsv });
    if (line.kind === "nothing") continue;
    if (!isFirst || line.kind !== "named" || !isHead(line.text)) yield line;
    isFirst = false;
  }
}

async function readLog(
  name: string,
  { top = pageCountMax }: SourceOptions,
  pages: PageList,
  { session, report }: SourceContext,
): Promise<void> {
  const popularity = new Popularity(pageCountMax);
  const bytes = await bytesNamed(name, session);
  for await (const text of linesOf(textOf(bytes, { name, isLenient: true }))) {
    const line = readLoggedLine(text);
    if (line === "unreadable") report.unreadableLineCount += 1;
    else if (line === "other") report.otherRequestCount += 1;
    else if (line !== "empty") popularity.note(line.url);
  }
  report.uncountedRequestCount += popularity.leftOutCount;
  for (const url of popularity.hottest(top)) pages.add(url);
}

async function readHot(
  { hotCount = 0, afterPurge }: SourceOptions,
  pages: PageList,
  { session, report }: SourceContext,
): Promise<void> {
  const client = await session.client();
  const query = { count: String(hotCount), ...(afterPurge && { coveredBy: afterPurge }) };
  const answer = await client.json("hot", { query });
  report.hotCount = answer.pages.length;
  if (answer.examined !== undefined) report.hotExaminedCount = answer.examined;
  report.holdsInSeconds = answer.holdsInSeconds ?? 0;
  for (const { url, headers } of answer.pages) pages.add(url, headers);
}

/**
 * Waits until the purge applies everywhere. Until then, an isolate may answer with the old page, which would
 * count as warm.
 */
export async function untilItHolds(
  { holdsInSeconds = 0 }: SourceReport,
  { world, terminal }: Session,
): Promise<void> {
  if (holdsInSeconds === 0) return;
  terminal.note(`Waiting ${holdsInSeconds} s until the purge applies everywhere.`);
  await world.sleep(holdsInSeconds * 1_000);
}

async function bytesNamed(name: string, { world }: Session): Promise<Bytes> {
  if (name !== "-") return bytesOfFile(name, world);
  const input = addAbortSignal(world.interrupted, world.input);
  // The input of a test may yield strings.
  return (async function* () {
    for await (const chunk of input) yield Buffer.from(chunk);
  })();
}

async function untilInterrupted<T>(reading: Promise<T>, { world }: Session): Promise<T> {
  const read = await reading.catch((cause: unknown) => {
    if (world.interrupted.aborted) throw interruption("Nothing was warmed.");
    throw cause;
  });
  if (world.interrupted.aborted) throw interruption("Nothing was warmed.");
  return read;
}

/** Returns the distinct keys of a list, in order. @throws CommandError as `gather` */
export function gatherKeys(options: SourceOptions, session: Session) {
  return untilInterrupted(keysGathered(options, session), session);
}

async function keysGathered(options: SourceOptions, session: Session) {
  const keys = new Set<string>();
  let unreadableLineCount = 0;
  for (const name of options.list ?? []) {
    // A key has any form, so the first line of CSV always counts as column heads.
    const isHead = (text: string) => {
      const head = JSON.stringify(text.slice(0, 80));
      session.terminal.note(`Not a key, because the first line of CSV names columns: ${head}`);
      return true;
    };
    for await (const line of linesOfList(name, { options, session, isHead })) {
      if (line.kind === "unreadable") unreadableLineCount += 1;
      else if (line.kind === "named") keys.add(line.text);
    }
  }
  return { keys: [...keys], unreadableLineCount };
}
