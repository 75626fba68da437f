// `tidemark init`: examines an origin, and writes the files of a site in front of it.
import { isAbsolute, join } from "node:path";
import { interruption, usageError, exitCode, failure } from "../command-error.ts";
import { draftConfig } from "../init/draft-config.ts";
import { findingsOf, findingLines, nextCommands, pageLines } from "../init/report.ts";
import {
  inTheWay,
  siteFiles,
  sorted,
  write,
  type WranglerChoices,
  workerNameOf,
} from "../init/site-files.ts";
import {
  askedRegion,
  regionOption,
  storesIn,
  storesOption,
  usualStores,
  checkRegion,
  storesNamed,
} from "../init/site-choices.ts";
import { judge } from "../origin/judge-page.ts";
import { cfNotes } from "../wrangler/wrangler-file.ts";
import { type AddCommand, repeated, type Session } from "../session.ts";
import {
  httpUrlFault,
  originUrlFault,
  shownUrl,
} from "../../../../src/protocol/variables/origin-url.ts";
import { lookAtOrigin, type LookRefusal, type OriginSight } from "../origin/look-at-origin.ts";
import { OriginClient } from "../origin/origin-client.ts";

export const addInit: AddCommand = (program, act) => {
  program
    .command("init")
    .summary("examine an origin, and write the files of a site in front of it")
    .description(
      "Requests a few pages of an origin, each in several ways, two at a time. Reports which can be cached, and which are for one visitor. " +
        "Then writes tidemark.config.ts and wrangler.jsonc, and the other files of a new site that the folder lacks. Needs no token. Replaces no file without asking.",
    )
    .argument(
      "[origin]",
      "scheme and host of the site to cache; if omitted, the command asks for it",
    )
    .option("-o, --out <folder>", "where to write (default: this folder)")
    .option("--page <path>", "also examine this path; may be given several times", repeated)
    .option("--pages <n>", "examine at most this many pages, 1 to 200", "20")
    .option(...storesOption)
    .option(...regionOption)
    .option("--dry-run", "write nothing, and show the configuration")
    .option("--force", "replace tidemark.config.ts and wrangler.jsonc")
    .addHelpText("after", examples)
    .action(act<InitOptions>(init));
};

const examples = `
Examples:
  tidemark init https://www.example.com --dry-run
  tidemark init https://www.example.com --out site --page /news/42`;

async function init(session: Session, options: InitOptions, words: readonly string[]) {
  const { terminal, world } = session;
  const checked = checkedOptions(options);
  const folder = options.out === undefined ? world.folder : inFolder(options.out, world.folder);
  const named = words[0] === undefined ? undefined : originAddress(words[0]);
  const present = options.dryRun === true ? [] : inTheWay(folder);
  if (present.length > 0 && options.force !== true) refuseUnlessAsked(present, session, options);
  const own = await storesIn(folder, checked.stores, options.region);
  const stores = own ?? checked.stores ?? usualStores(world, options.region);
  const origin = named ?? originAddress(await askedOrigin(session));
  const isNew = own === undefined && stores === "cloudflare";
  const yes = options.dryRun ?? options.yes;
  const region = isNew ? await askedRegion(session, { ...options, yes }) : undefined;
  const sight = await seenOrigin(origin, session, {
    saysYes: options.yes === true,
    paths: checked.page,
    pageCountMax: checked.pageCountMax,
  }).catch((cause: unknown) => {
    if (!world.interrupted.aborted) throw cause;
    throw interruption("The examination was interrupted, and nothing was written.");
  });

  const choices: WranglerChoices = {
    name: workerNameOf(new URL(sight.origin).host),
    origin: sight.origin,
    stores,
    region,
  };
  const draft = draftConfig(sight);
  const findings = findingsOf(sight);
  const { toWrite, kept, otherWrangler } = sorted(
    siteFiles(draft, choices, world.nowAtMs()),
    folder,
  );
  for (const line of [...pageLines(sight), ...findingLines(findings), ""]) terminal.print(line);
  const next = nextCommands(options.out, kept.includes("package.json"), stores);
  const isDry = options.dryRun === true;
  if (isDry) {
    terminal.print("Nothing was written. tidemark.config.ts would be:");
    for (const line of ["", ...(toWrite[0]?.text ?? "").split("\n")]) terminal.print(line);
  } else {
    if (present.length > 0 && options.force !== true) {
      await terminal.confirmed(`Replace ${present.join(" and ")}?`);
    }
    await write(toWrite, folder);
  }
  const written = isDry ? [] : toWrite.map(({ path }) => path);
  if (!isDry) {
    terminal.print(`Written: ${written.join(", ")}.`);
    if (kept.length > 0) terminal.print(`Already present, and kept: ${kept.join(", ")}.`);
    if (stores === "cloudflare" && otherWrangler !== undefined) terminal.print(bindingsToAdd);
    for (const note of await cfNotes(folder)) terminal.print(note);
    for (const line of ["", "Next:", ...next.map((one) => `  ${one}`)]) terminal.print(line);
  }
  const pages = sight.pages.map((page) => ({ ...page, judgement: judge(page) }));
  const files = toWrite.map(({ path, text: content }) => ({ path, text: content }));
  terminal.json({ ...sight, pages, findings, folder, written, kept, files, next });
  return exitCode.done;
}

const bindingsToAdd =
  "Your wrangler file needs the bindings JOURNAL and RECORDS and their exports: tidemark doctor shows what to write.";

function inFolder(out: string, folder: string): string {
  return isAbsolute(out) ? out : join(folder, out);
}

/** Runs before the origin is examined, so that the user does not wait for an error. */
function refuseUnlessAsked(
  present: readonly string[],
  { terminal }: Session,
  options: InitOptions,
) {
  if (terminal.isInteractive || options.yes === true) return;
  throw usageError({
    what: "Nothing was written.",
    why: `${present.join(" and ")} already exists.`,
    hint: "Pass --force to replace it, or name another folder with --out.",
  });
}

async function askedOrigin({ terminal }: Session): Promise<string> {
  if (!terminal.isInteractive) {
    throw usageError({
      what: "No origin was examined.",
      why: "No origin is specified.",
      hint: "Write it after init, such as: tidemark init https://www.example.com.",
    });
  }
  return terminal.asked("Which site should be cached?", "https://www.example.com");
}

interface InitOptions {
  readonly out?: string;
  readonly page?: readonly string[];
  readonly pages: string;
  readonly stores?: string;
  readonly region?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly yes?: boolean;
}

const pagesMax = 200;

/** @throws CommandError for the first invalid option */
function checkedOptions({ pages, page = [], stores, region }: InitOptions) {
  const what = "Nothing was requested or written.";
  const refuse = (why: string, hint: string) => usageError({ what, why, hint });
  const pageCountMax = Number(pages);
  if (!/^\d+$/.test(pages) || pageCountMax < 1 || pageCountMax > pagesMax) {
    const why = `--pages is ${JSON.stringify(pages.slice(0, 40))}.`;
    throw refuse(why, `Write a whole number from 1 to ${pagesMax}.`);
  }
  const odd = page.find((path) => !/^\/(?!\/)[^\s#]*$/.test(path));
  if (odd !== undefined) {
    throw refuse(
      `${JSON.stringify(odd.slice(0, 200))} is not a path.`,
      "Write a path that begins with a slash after --page.",
    );
  }
  checkRegion(region, stores);
  return { pageCountMax, page, stores: storesNamed(stores) };
}

/**
 * Returns scheme and host, such as "https://www.example.com". @throws CommandError for an invalid
 * address
 */
export function originAddress(written: string): string {
  const given = /^[\w.-]+(?::\d+)?\/?$/.test(written) ? `https://${written}` : written;
  const fault = originUrlFault(given);
  if (fault === undefined) return new URL(given).origin;
  const hasPath = httpUrlFault(given) === undefined;
  throw usageError({
    what: `${shownUrl(given)} is not an origin.`,
    why: `It ${fault}.`,
    hint: hasPath
      ? "Write only scheme and host. Pass the path with --page."
      : "Write only scheme and host, such as https://www.example.com.",
  });
}

interface LookOptions {
  /** Whether `--yes` answers all questions. */
  readonly saysYes: boolean;
  readonly paths: readonly string[];
  readonly pageCountMax: number;
}

/** Follows a redirect to another host once, if the user or `--yes` confirms. */
async function seenOrigin(
  origin: string,
  session: Session,
  looking: LookOptions,
): Promise<OriginSight> {
  const { terminal, world } = session;
  let address = origin;
  for (let turns = 1; ; turns += 1) {
    const onPage = (path: string) => {
      if (terminal.showsProgress) terminal.note(`  ${path}`);
    };
    if (terminal.showsProgress) terminal.note(`Examining ${address} …`);
    const look = await lookAtOrigin(new OriginClient(address, world), {
      paths: looking.paths,
      pageCountMax: looking.pageCountMax,
      onPage,
      nowAtMs: world.nowAtMs,
    });
    if (look.kind === "seen") return look.sight;
    const isAsked = terminal.isInteractive || looking.saysYes;
    if (look.kind !== "elsewhere" || turns > 1 || !isAsked) throw refusal(address, look);
    await terminal.confirmed(`${address} redirects to ${look.to}. Use that address?`);
    address = look.to;
  }
}

function refusal(origin: string, look: LookRefusal) {
  if (look.kind === "failed") {
    const { code, why } = look.failure;
    const hint =
      code === "certificate"
        ? "Fix the certificate: the Worker would also reject it."
        : "Check the address, and that the site is up.";
    const what = `${origin} could not be fetched, and nothing was written.`;
    return failure({ what, why: `${why}.`, hint }, code);
  }
  if (look.kind === "elsewhere") {
    const what = `${origin} was not examined, and nothing was written.`;
    const why = `It redirects to ${look.to}.`;
    const hint = `If that is the site, run: tidemark init ${look.to}`;
    return failure({ what, why, hint }, "elsewhere");
  }
  const what = `${origin} served no page, and nothing was written.`;
  const why = `Every response was an error; the first status was ${look.status}.`;
  const hint =
    "Allow this machine at the origin, name a public page with --page, or retry when the site is up.";
  return failure({ what, why, hint }, "refused");
}
