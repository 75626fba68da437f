// Gathers what is to be warmed from all sources that were named.
import { addAbortSignal } from "node:stream";
import { interruption } from "../command-error.ts";
import { Popularity, readLoggedLine } from "./access-log.ts";
import type { Session } from "../session.ts";
import { readLine } from "./list.ts";
import { type PageList, pageCountMax } from "./page-list.ts";
import { readSitemap, type SitemapReport } from "./sitemaps.ts";
import { type Bytes, bytesOfFile, linesOf, textOf } from "./source-text.ts";
import type { SourceOptions } from "./warm-options.ts";

/** What was read beside pages. */
export interface SourceReport {
  readonly sitemaps: SitemapReport;
  /** Of lists and logs. */
  unreadableLineCount: number;
  /** Of logs: what is no GET with 2xx or 3xx. */
  otherRequestCount: number;
  /** Of logs: requests for pages beyond the most that are counted. */
  uncountedRequestCount: number;
  /** Of `--hottest` and `--after-purge`: how many pages the site told. */
  hotCount?: number;
  /** Of `--after-purge`: how many hot pages were looked at. */
  hotExaminedCount?: number;
  /** Of `--after-purge`: until every isolate obeys the purge. */
  holdsInSeconds?: number;
}

/** @throws CommandError for the first source that cannot be read, and at Ctrl-C */
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

interface Beside {
  readonly session: Session;
  readonly report: SourceReport;
}

async function readList(
  name: string,
  options: SourceOptions,
  pages: PageList,
  { session, report }: Beside,
): Promise<void> {
  const isCsv = options.csv === true || /\.csv(?:\.gz)?$/i.test(name);
  let isFirst = true;
  for await (const text of linesOf(textOf(await bytesNamed(name, session), { name }))) {
    const line = readLine(text, { isCsv });
    // A first line of CSV may have the heads.
    const isHead = isFirst && isCsv && line.kind === "named" && !/^(?:\/|https?:)/.test(line.text);
    if (line.kind === "unreadable") report.unreadableLineCount += 1;
    else if (line.kind === "named" && !isHead) pages.add(line.text, line.headers);
    isFirst = false;
  }
}

async function readLog(
  name: string,
  { top = pageCountMax }: SourceOptions,
  pages: PageList,
  { session, report }: Beside,
): Promise<void> {
  const popularity = new Popularity(pageCountMax);
  const bytes = await bytesNamed(name, session);
  for await (const text of linesOf(textOf(bytes, { name, isLenient: true }))) {
    const line = readLoggedLine(text);
    if (line === "unreadable") report.unreadableLineCount += 1;
    else if (line === "other") report.otherRequestCount += 1;
    else popularity.note(line.url);
  }
  report.uncountedRequestCount += popularity.leftOutCount;
  for (const url of popularity.hottest(top)) pages.add(url);
}

async function readHot(
  { hotCount = 0, afterPurge }: SourceOptions,
  pages: PageList,
  { session, report }: Beside,
): Promise<void> {
  const client = await session.client();
  const query = { count: String(hotCount), ...(afterPurge && { coveredBy: afterPurge }) };
  const told = await client.json("hot", { query });
  report.hotCount = told.pages.length;
  if (told.examined !== undefined) report.hotExaminedCount = told.examined;
  report.holdsInSeconds = told.holdsInSeconds ?? 0;
  for (const { url, headers } of told.pages) pages.add(url, headers);
}

/** An isolate that has not heard of a purge would answer as before, and the page would pass for warm. */
export async function untilItHolds(
  { holdsInSeconds = 0 }: SourceReport,
  { world, terminal }: Session,
): Promise<void> {
  if (holdsInSeconds === 0) return;
  terminal.note(`The purge holds everywhere in ${holdsInSeconds} s. Pages are asked for then.`);
  await world.sleep(holdsInSeconds * 1_000);
}

async function bytesNamed(name: string, { world }: Session): Promise<Bytes> {
  if (name !== "-") return bytesOfFile(name, world);
  const input = addAbortSignal(world.interrupted, world.input);
  // A string in the place of bytes comes from a stand-in for stdin.
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

/** A list of keys of data, each once, in order. @throws CommandError as `gather` */
export function gatherKeys(options: SourceOptions, session: Session) {
  return untilInterrupted(keysGathered(options, session), session);
}

async function keysGathered(options: SourceOptions, session: Session) {
  const keys = new Set<string>();
  let unreadableLineCount = 0;
  for (const name of options.list ?? []) {
    for await (const text of linesOf(textOf(await bytesNamed(name, session), { name }))) {
      const line = readLine(text, { isCsv: options.csv === true });
      if (line.kind === "unreadable") unreadableLineCount += 1;
      else if (line.kind === "named") keys.add(line.text);
    }
  }
  return { keys: [...keys], unreadableLineCount };
}
