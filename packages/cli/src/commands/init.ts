// `tidemark init`: examines an origin, and writes the files of a site in front of it.
import { isAbsolute, join } from "node:path";
import { isCancel, text } from "@clack/prompts";
import { interruption, usageError } from "../command-error.ts";
import { exitCode } from "../exit-code.ts";
import { draftConfig } from "../init/draft-config.ts";
import { findingsOf } from "../init/findings.ts";
import { checkedOptions, type InitOptions } from "../init/init-options.ts";
import { findingLines, nextCommands, pageLines } from "../init/report-lines.ts";
import { seenOrigin } from "../init/seen-origin.ts";
import { inTheWay, siteFiles, sorted, write } from "../init/site-files.ts";
import { askedRegion, regionOption } from "../init/site-region.ts";
import { storesIn, storesOption, usualStores } from "../init/site-stores.ts";
import { type WranglerChoices, workerNameOf } from "../init/wrangler-file.ts";
import { judge } from "../origin/judge-page.ts";
import { originAddress } from "../origin/origin-address.ts";
import { type AddCommand, repeated, type Session } from "../session.ts";
import { streamOf } from "../terminal/note-stream.ts";

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
    .option("--name <worker>", "name of the Worker (default: derived from the host)")
    .option("--route <pattern>", "the Worker's route, such as www.example.com/*")
    .option("--zone <name>", "the zone of that route, such as example.com")
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
  tidemark init https://www.example.com --out site --page /news/42
  tidemark init https://example.com --route 'example.com/*' --zone example.com`;

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
  });

  const choices: WranglerChoices = {
    name: options.name ?? workerNameOf(new URL(sight.origin).host),
    origin: sight.origin,
    route: checked.route,
    stores,
    region,
  };
  const draft = draftConfig(sight);
  const findings = findingsOf(sight);
  const { toWrite, kept } = sorted(siteFiles(draft, choices, world.nowAtMs()), folder);
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
    if (stores === "cloudflare" && kept.includes("wrangler.jsonc")) terminal.print(bindingsToAdd);
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

async function askedOrigin({ terminal, world }: Session): Promise<string> {
  if (!terminal.isInteractive) {
    throw usageError({
      what: "No origin was examined.",
      why: "No origin is specified.",
      hint: "Write it after init, such as: tidemark init https://www.example.com.",
    });
  }
  const message = "Which site should be cached?";
  const placeholder = "https://www.example.com";
  const answer = await text({
    message,
    placeholder,
    input: world.input,
    output: streamOf(world.notes),
  });
  if (isCancel(answer)) throw interruption("No origin was examined.");
  return answer ?? "";
}
