// `tidemark warm`: fills the tiers with pages before visitors request them.
import { InvalidArgumentError } from "commander";
import {
  CommandError,
  interruption,
  usageError,
  type ExitCode,
  exitCode,
} from "../command-error.ts";
import { type AddCommand, repeated, type Session, wholeNumber } from "../session.ts";
import { type Outcome, WarmRun, warmWithin } from "./warm-run.ts";
import { readList, type Page, PageList } from "./page-list.ts";
import { jsonReport, printReport, progressOf, sourceNotes, Tally } from "./report.ts";
import { readSitemap } from "./sitemaps.ts";

interface WarmOptions {
  readonly sitemap?: readonly string[];
  readonly list?: readonly string[];
  readonly rate?: number;
  readonly concurrency?: number;
  readonly within?: true;
  readonly dryRun?: true;
}

const concurrencyUsual = 4;
const concurrencyMax = 64;

export const addWarm: AddCommand = (program, act) => {
  program
    .command("warm")
    .summary("fill the cache with pages before visitors come")
    .description(
      "Requests pages of the site, so that its tiers store them. The requests are like those of visitors: stored pages cost the origin nothing, and purges apply at any time. Sources may be given several times.",
    )
    .argument("[page...]", "pages: URLs of the site, or paths such as /news")
    .option(
      "--sitemap <source>",
      "a sitemap or an index of them: URL or file, optionally gzip",
      repeated,
    )
    .option("--list <file>", "a list of URLs or paths, one per line; - for stdin", repeated)
    .option("--rate <number>", "maximum number of requests per second (default: none)", rateOf)
    .option(
      "--concurrency <count>",
      `maximum number of requests in progress (default: ${concurrencyUsual})`,
      wholeNumber(1, concurrencyMax),
    )
    .option("--within", "let the Worker itself send the requests; needs the token")
    .option("--dry-run", "request no page, and list the pages")
    .addHelpText("after", examples)
    .action(act<WarmOptions>(warm));
};

const examples = `
Examples:
  tidemark warm --sitemap https://www.example.com/sitemap.xml --rate 20
  psql -Atc "select path from page" | tidemark warm --list -

Exit code: 3 if a page failed. A page that may not be stored is not a failure.`;

async function warm(session: Session, options: WarmOptions, words: readonly string[]) {
  checkOptions(options, words);
  const { terminal } = session;
  const { origin, operatorPath } = await session.chosenSite();
  const pages = new PageList({ origin, operatorPath });
  const unreadableLines = await gather(session, pages, { options, words });
  const notes = sourceNotes(pages, unreadableLines);
  for (const note of notes) terminal.note(note);
  const sources = { skipped: pages.skipped, unreadableLines };
  if (options.dryRun === true) return dryRun(session, pages, sources);
  if (pages.count === 0) throw nothingToWarm(notes);
  return run(session, options, { origin, pages, sources });
}

/** @throws CommandError if no source is specified, or options conflict */
function checkOptions(options: WarmOptions, words: readonly string[]): void {
  const { sitemap, list = [], within } = options;
  if (words.length === 0 && sitemap === undefined && list.length === 0) {
    throw refused("No source is specified.", "Pass --sitemap, --list, or pages.");
  }
  if (list.filter((name) => name === "-").length > 1) {
    throw refused("stdin is used twice.", "Write - once.");
  }
  const vain = (["rate", "concurrency"] as const).find((name) => options[name] !== undefined);
  if (within === true && vain !== undefined) {
    const why = `--${vain} is for requests through the site, but here the Worker sends the requests itself.`;
    throw refused(why, `Omit --${vain} or --within.`);
  }
}

/**
 * Collects the pages. Returns the number of lines that could not be read.
 *
 * @throws CommandError for the first source that cannot be read, and on Ctrl-C
 */
async function gather(
  { world, terminal }: Session,
  pages: PageList,
  { options, words }: { readonly options: WarmOptions; readonly words: readonly string[] },
): Promise<number> {
  const { sitemap: sitemaps = [], list: lists = [] } = options;
  const onFile = (name: string) => {
    if (terminal.showsProgress) terminal.note(`Reading ${name}`);
  };
  let unreadableLines = 0;
  try {
    for (const word of words) pages.add(word);
    for (const sitemap of sitemaps) await readSitemap(sitemap, { pages, world, onFile });
    for (const list of lists) unreadableLines += await readList(list, pages, world);
  } catch (cause) {
    if (!world.interrupted.aborted) throw cause;
  }
  if (world.interrupted.aborted) throw interruption("Nothing was warmed.");
  return unreadableLines;
}

function dryRun({ terminal }: Session, pages: PageList, sources: object): ExitCode {
  const all: Page[] = [];
  for (const page of pages) {
    const { path, headers } = page;
    terminal.print(headers === undefined ? path : `${path} ${JSON.stringify(headers)}`);
    if (terminal.isJson) all.push(page);
  }
  terminal.json({ pages: pages.count, wouldWarm: all, sources });
  return exitCode.done;
}

interface PageSource {
  readonly origin: string;
  readonly pages: PageList;
  /** The report on the sources, for `--json`. */
  readonly sources: object;
}

async function run(
  session: Session,
  options: WarmOptions,
  { origin, pages, sources }: PageSource,
): Promise<ExitCode> {
  const { world, terminal } = session;
  const tally = new Tally();
  const advance = progressOf(session, { tally, count: pages.count });
  const clear = () => {
    if (terminal.showsProgress) terminal.overwrite("");
  };
  const onOutcome = ({ path }: Page, outcome: Outcome) => {
    tally.note(path, outcome);
    advance();
  };
  const onPause = (pauseMs: number, why: string) => {
    const seconds = Math.ceil(pauseMs / 1_000);
    clear();
    terminal.note(`${origin} is in trouble (${why}); continuing in ${seconds} s.`);
  };
  const work = async () => {
    if (options.within === true) {
      return warmWithin({ pages, world, onOutcome, client: await session.client() });
    }
    const { concurrency = concurrencyUsual, rate: ratePerSecondMax = Infinity } = options;
    const bounds = { concurrency, ratePerSecondMax };
    return new WarmRun({ origin, pages, world, onOutcome, onPause, ...bounds }).run();
  };
  const beganAtMs = world.nowAtMs();
  const stop = await work().then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  );
  clear();
  const isInterrupted = world.interrupted.aborted;
  const seconds = (world.nowAtMs() - beganAtMs) / 1_000;
  const end = isInterrupted ? "interrupted" : stop === undefined ? "done" : "stopped";
  const ended = { site: origin, tally, count: pages.count, end, seconds } as const;
  printReport(terminal, ended);
  if (stop !== undefined && !(isInterrupted && stop.cause instanceof CommandError)) {
    throw stop.cause;
  }
  terminal.json(jsonReport(ended, sources));
  if (isInterrupted) return exitCode.interrupted;
  return tally.counts.failed > 0 ? exitCode.findings : exitCode.done;
}

function nothingToWarm(notes: readonly string[]) {
  return usageError({
    what: "Nothing was warmed.",
    why: notes.length === 0 ? "The sources are empty." : "The sources contain no page of the site.",
    hint: "Check the sources with --dry-run.",
  });
}

function refused(why: string, hint: string) {
  return usageError({ what: "The options are invalid.", why, hint });
}

function rateOf(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("Write requests per second, such as 20 or 0.5.");
}
