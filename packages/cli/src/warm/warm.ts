// `tidemark warm`: fills the tiers with pages or data before visitors request them.
import { CommandError, usageError } from "../command-error.ts";
import { type ExitCode, exitCode } from "../exit-code.ts";
import { type AddCommand, headerField, repeated, type Session, wholeNumber } from "../session.ts";
import { DoneBook, identityOf } from "./done-book.ts";
import { type Page, PageList } from "./page-list.ts";
import { counted, Progress } from "./progress.ts";
import { type RunEnd, jsonReport, printReport, sourceNotes } from "./report.ts";
import { gather, gatherKeys, untilItHolds } from "./sources.ts";
import { Tally } from "./tally.ts";
import { Turns } from "./turns.ts";
import { WarmRun } from "./warming.ts";
import {
  checkManner,
  concurrencyMaxMax,
  concurrencyUsual,
  dateOf,
  hostOf,
  hotCountMax,
  limitMax,
  rateOf,
  sourcesOf,
  variantsOf,
  viaAddresses,
  type WarmOptions,
} from "./warm-options.ts";
import { warmKeysWithin, warmPagesWithin } from "./within.ts";

export const addWarm: AddCommand = (program, act) => {
  program
    .command("warm")
    .summary("fill the cache with pages or data before visitors come")
    .description(
      "Requests pages of the site, so that its tiers store them. The requests are like those of visitors: stored pages cost the origin nothing, and purges apply at any time. Warming slows down as soon as the origin does. Sources, --also-host, --header, --variant and --via may be given several times.",
    )
    .argument("[page...]", "pages: URLs of the site, or paths such as /news")
    .option(
      "--sitemap <source>",
      "a sitemap or an index of them: URL or file, optionally gzip",
      repeated,
    )
    .option("--list <file>", "a list of URLs or paths, one per line; - for stdin", repeated)
    .option("--log <file>", "an access log, the hottest pages first; - for stdin", repeated)
    .option(
      "--hottest [count]",
      "the pages that visitors request most, if the configuration has hotKeys (default: 100)",
      wholeNumber(1, hotCountMax),
    )
    .option("--after-purge <position>", "the hottest pages that this purge covered")
    .option("--data <namespace>", "read the lists as keys of this namespace of data")
    .option(
      "--csv",
      "read lists as CSV, with pages or keys in the first column (default: lists whose names end with .csv)",
    )
    .option("--since <date>", "use only pages of sitemaps modified since this date", dateOf)
    .option("--top <count>", "use only this many pages of each log", wholeNumber(1, 1_000_000))
    .option("--also-host <host>", "treat pages of this host as the site's own", hostOf)
    .option("--header <field>", 'send this field with all requests, as "Name: value"', headerField)
    .option("--variant <field>", "request each page once with each of these fields", headerField)
    .option("--via <url>", "also request each page at this colo's address", repeated)
    .option(
      "--rate <number>",
      "maximum number of requests to the origin per second (default: none)",
      rateOf,
    )
    .option(
      "--concurrency <count>",
      `maximum number of requests in progress (default: ${concurrencyUsual})`,
      wholeNumber(1, concurrencyMaxMax),
    )
    .option("--within", "let the Worker itself send the requests; needs the token")
    .option(
      "--limit <count>",
      "with --within: pages per call (default: the Worker's)",
      wholeNumber(1, limitMax),
    )
    .option(
      "--state <file>",
      "record finished pages here (default: a file in the user's state folder)",
    )
    .option("--fresh", "start over, even if an earlier run was interrupted")
    .option("--dry-run", "request no page, and list the pages")
    .addHelpText("after", examples)
    .action(act<WarmOptions>(warm));
};

const examples = `
Examples:
  tidemark warm --sitemap https://www.example.com/sitemap.xml
  tidemark warm --log access.log.gz --top 5000 --rate 20
  tidemark warm --after-purge 1795435200000-0
  psql -Atc "select path from page" | tidemark warm --list -
  tidemark warm --data products --list ids.txt

After Ctrl-C, run the same command to continue.
Exit code: 3 if a page failed. A page that may not be stored is not a failure.`;

async function warm(session: Session, options: WarmOptions, words: readonly string[]) {
  checkManner(options, words);
  const sources = sourcesOf(options, words);
  const vias = viaAddresses(options);
  const { origin, operatorPath } = await session.chosenSite();
  if (options.data !== undefined) return warmData(session, options, options.data);
  const { alsoHost = [] } = options;
  const pages = new PageList({ origin, operatorPath, alsoHosts: alsoHost });
  const report = await gather(sources, pages, session);
  const notes = sourceNotes(pages, report);
  for (const note of notes) session.terminal.note(note);
  const answer = { withoutFetch: pages.withoutFetch, ...report };
  const requested = () => variantsOf(pages, options);
  const count = pages.count * Math.max(1, options.variant?.length ?? 0);
  if (options.dryRun === true) return dryRun(session, requested(), { count, answer });
  // With these sources, an empty list is not an error, because there may be no hot or new pages.
  const mayBeNone = report.hotCount !== undefined || report.sitemaps.olderCount > 0;
  if (pages.count === 0 && !mayBeNone) throw nothingToWarm(notes);
  // With --within, the Worker itself reads the journal first.
  if (options.within !== true && pages.count > 0) await untilItHolds(report, session);
  const addresses = [origin, ...vias];
  const run = { options, words, addresses, what: "pages", count, answer } as const;
  return runIn(session, run, async (parts) => {
    if (options.within === true) {
      const client = await session.client();
      await warmPagesWithin(requested(), { ...parts, client, limit: options.limit });
    } else {
      await new WarmRun({ ...parts, pages: requested() }).run();
    }
  });
}

async function warmData(session: Session, options: WarmOptions, namespace: string) {
  const { keys, unreadableLineCount } = await gatherKeys(
    { ...options, words: [], hotCount: undefined },
    session,
  );
  if (unreadableLineCount > 0) {
    session.terminal.note(`${counted(unreadableLineCount)} lines could not be read.`);
  }
  const answer = { unreadableLineCount };
  const count = keys.length;
  if (options.dryRun === true) {
    for (const key of keys) session.terminal.print(key);
    session.terminal.json({ keys: count, wouldWarm: keys, sources: answer });
    return exitCode.done;
  }
  if (count === 0) throw nothingToWarm([]);
  const client = await session.client();
  const addresses = [client.site.origin];
  const run = { options, words: [], addresses, what: "keys", count, answer } as const;
  return runIn(session, run, (parts) =>
    warmKeysWithin(namespace, keys, { ...parts, client, limit: options.limit }),
  );
}

interface Run {
  readonly options: WarmOptions;
  readonly words: readonly string[];
  readonly addresses: readonly string[];
  readonly what: RunEnd["what"];
  readonly count: number;
  /** The report on the sources, for `--json`. */
  readonly answer: object;
}

function partsOf(session: Session, { options, addresses, count }: Run, done: DoneBook) {
  const { world, terminal } = session;
  const { concurrency: concurrencyMax = concurrencyUsual, rate = Infinity } = options;
  const laneCount = addresses.length;
  const turns = new Turns({ concurrencyMax, ratePerSecondMax: rate, laneCount }, world);
  const tally = new Tally(addresses);
  const isThrough = options.within !== true && options.data === undefined;
  const total = count * laneCount;
  const progress = new Progress(terminal, world, {
    total,
    tally,
    ...(isThrough && { pace: turns.pace }),
  });
  const onPause = (address: string, pauseMs: number, why: string) =>
    progress.note(
      `${address} is in trouble (${why}); continuing in ${Math.ceil(pauseMs / 1_000)} s.`,
    );
  const onGivenUp = (address: string, why: string) =>
    progress.note(`${address} gets no more requests. ${why}`);
  const { advance: onSteps, skip: onNotNeeded } = progress;
  const answer = { progress, onSteps, onNotNeeded, onPause, onGivenUp };
  return { addresses, done, turns, tally, concurrencyMax, world, ...answer };
}

async function runIn(
  session: Session,
  run: Run,
  work: (parts: ReturnType<typeof partsOf>) => Promise<void>,
): Promise<ExitCode> {
  const { world, terminal } = session;
  const { options, addresses, what, count, answer } = run;
  const done = await DoneBook.open(
    { identity: identityOf(run), path: options.state, isFresh: options.fresh === true },
    world,
  );
  if (done.before > 0) {
    terminal.note(`Continuing an earlier run: ${counted(done.before)} done; --fresh starts over.`);
  }
  const beganAtMs = world.nowAtMs();
  const parts = partsOf(session, run, done);
  const stop = await work(parts).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  parts.progress.clear();
  const isInterrupted = world.interrupted.aborted;
  const isToGoOn = isInterrupted || stop !== undefined;
  const stateFault = await (isToGoOn ? done.settled() : done.removed());
  if (stateFault !== undefined) terminal.note(stateFault.message);
  const seconds = (world.nowAtMs() - beganAtMs) / 1_000;
  const { tally } = parts;
  const [site = ""] = addresses;
  const end = isInterrupted ? "interrupted" : stop === undefined ? "done" : "stopped";
  const ended = { site, tally, what, count, doneBeforeCount: done.before, end, seconds } as const;
  printReport(terminal, ended);
  if (stop !== undefined && !(isInterrupted && stop instanceof CommandError)) throw stop;
  terminal.json(jsonReport(ended, answer));
  if (isInterrupted) return exitCode.interrupted;
  return tally.sum("failed") > 0 ? exitCode.findings : exitCode.done;
}

function dryRun(
  { terminal }: Session,
  pages: Iterable<Page>,
  { count, answer }: { readonly count: number; readonly answer: object },
): ExitCode {
  const all: Page[] = [];
  for (const page of pages) {
    const { path, headers } = page;
    terminal.print(headers === undefined ? path : `${path} ${JSON.stringify(headers)}`);
    if (terminal.isJson) all.push(page);
  }
  terminal.json({ pages: count, wouldWarm: all, sources: answer });
  return exitCode.done;
}

function nothingToWarm(notes: readonly string[]) {
  return usageError({
    what: "Nothing was warmed.",
    why: notes.length === 0 ? "The sources are empty." : "The sources contain no page of the site.",
    hint: "Check the sources with --dry-run.",
  });
}
