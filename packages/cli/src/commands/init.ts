// `tidemark init`: looks at an origin, says what it saw, and writes the files of a site before it.
import { isAbsolute, join } from "node:path";
import { isCancel, text } from "@clack/prompts";
import { failure, interruption, usageError } from "../command-error.ts";
import { exitCode } from "../exit-code.ts";
import { draftConfig } from "../init/draft-config.ts";
import { findingsOf } from "../init/findings.ts";
import { findingLines, nextCommands, pageLines } from "../init/report-lines.ts";
import { inTheWay, siteFiles, sorted, write } from "../init/site-files.ts";
import { type WranglerChoices, workerNameOf } from "../init/wrangler-file.ts";
import { judge } from "../origin/judge-page.ts";
import { lookAtOrigin, type LookRefused, type OriginSight } from "../origin/look-at-origin.ts";
import { originAddress } from "../origin/origin-address.ts";
import { OriginClient } from "../origin/origin-client.ts";
import type { AddCommand } from "../program.ts";
import { repeated, type Session } from "../session.ts";
import { streamOf } from "../terminal/note-stream.ts";

interface InitOptions {
  readonly out?: string;
  readonly page?: readonly string[];
  readonly pages: string;
  readonly name?: string;
  readonly route?: string;
  readonly zone?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly yes?: boolean;
}

export const addInit: AddCommand = (program, act) => {
  program
    .command("init")
    .summary("look at an origin, and write the files of a site before it")
    .description(
      "Asks an origin for a few of its pages, in several ways each and two at once, and says which can be cached and which are for one visitor. " +
        "Then it writes tidemark.config.ts and wrangler.jsonc, and what else a new site needs and the folder lacks. It needs no token, and nothing is overwritten unasked.",
    )
    .argument("[origin]", "scheme and host of the site as it is now; asked for on a terminal")
    .option("-o, --out <folder>", "write there; default: this folder")
    .option("--page <path>", "look at this path too; may be given several times", repeated)
    .option("--pages <n>", "look at so many pages at most, 1 to 200", "20")
    .option("--name <worker>", "name of the Worker; default: made of the host")
    .option("--route <pattern>", "where the Worker will stand, such as www.example.com/*")
    .option("--zone <name>", "the zone of that route, such as example.com")
    .option("--dry-run", "write nothing, and show the configuration")
    .option("--force", "replace tidemark.config.ts and wrangler.jsonc")
    .addHelpText("after", examples)
    .action(act<InitOptions>(init));
};

const examples = `
Examples:
  tidemark init https://www.example.com --dry-run
  tidemark init https://www.example.com --out site --page /news/42
  tidemark init https://www.example.com --route 'www.example.com/*' --zone example.com`;

async function init(session: Session, options: InitOptions, words: readonly string[]) {
  const { terminal, world } = session;
  const checked = checkedOptions(options);
  const folder = options.out === undefined ? world.folder : inFolder(options.out, world.folder);
  const named = words[0] === undefined ? undefined : originAddress(words[0]);
  const present = options.dryRun === true ? [] : inTheWay(folder);
  if (present.length > 0 && options.force !== true) refuseUnlessAsked(present, session, options);
  const origin = named ?? originAddress(await askedOrigin(session));
  const sight = await seen(origin, session, { options, ...checked });

  const choices: WranglerChoices = {
    name: options.name ?? workerNameOf(new URL(sight.origin).host),
    origin: sight.origin,
    route: checked.route,
  };
  const draft = draftConfig(sight);
  const findings = findingsOf(sight);
  const { toWrite, kept } = sorted(siteFiles(draft, choices, world.nowAtMs()), folder);
  for (const line of [...pageLines(sight), ...findingLines(findings), ""]) terminal.print(line);
  const next = nextCommands(options.out);
  const isDry = options.dryRun === true;
  if (isDry) {
    terminal.print("Nothing was written. It would be, into tidemark.config.ts:\n");
    terminal.print(toWrite[0]?.text ?? "");
  } else {
    if (present.length > 0 && options.force !== true) {
      await terminal.confirmed(`Replace ${present.join(" and ")}?`);
    }
    await write(toWrite, folder);
  }
  const written = isDry ? [] : toWrite.map(({ path }) => path);
  if (!isDry) {
    terminal.print(`Written: ${written.join(", ")}.`);
    if (kept.length > 0) terminal.print(`There already, and kept: ${kept.join(", ")}.`);
    for (const line of ["", "Next:", ...next.map((one) => `  ${one}`)]) terminal.print(line);
  }
  const pages = sight.pages.map((page) => ({ ...page, judgement: judge(page) }));
  const files = toWrite.map(({ path, text: content }) => ({ path, text: content }));
  terminal.json({ ...sight, pages, findings, folder, written, kept, files, next });
  return exitCode.done;
}

const pagesMax = 200;

function checkedOptions({ pages, page = [], name, route, zone }: InitOptions) {
  const what = "Nothing was asked, and nothing was written.";
  const refuse = (why: string, mend: string) => usageError({ what, why, mend });
  const pageCountMax = Number(pages);
  if (!/^\d+$/.test(pages) || pageCountMax < 1 || pageCountMax > pagesMax) {
    const why = `--pages is ${JSON.stringify(pages.slice(0, 40))}.`;
    throw refuse(why, `Write a whole number from 1 to ${pagesMax}.`);
  }
  const odd = page.find((path) => !/^\/(?!\/)[^\s#]*$/.test(path));
  if (odd !== undefined) {
    throw refuse(
      `${JSON.stringify(odd.slice(0, 200))} is no path.`,
      "Let --page begin with a slash.",
    );
  }
  if (name !== undefined && !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    const why = `${JSON.stringify(name.slice(0, 100))} is no name of a Worker.`;
    throw refuse(why, "Write 1 to 63 small letters, digits and dashes.");
  }
  if ((route === undefined) !== (zone === undefined)) {
    throw refuse("--route and --zone need each other.", "Write both, or neither.");
  }
  return { pageCountMax, page, route: routeOf(route, zone, refuse) };
}

function routeOf(
  pattern: string | undefined,
  zone: string | undefined,
  refuse: (why: string, mend: string) => Error,
): WranglerChoices["route"] {
  if (pattern === undefined || zone === undefined) return undefined;
  const host = pattern.split("/", 1)[0] ?? "";
  const isBelow = host === zone || host.endsWith(`.${zone}`);
  if (!/^(?:\*\.)?[\w.-]+\/[^\s]*$/.test(pattern) || !isBelow) {
    const why = `${JSON.stringify(pattern.slice(0, 100))} is no pattern in the zone ${JSON.stringify(zone.slice(0, 100))}.`;
    throw refuse(why, "Write them such as --route 'www.example.com/*' --zone example.com.");
  }
  return { pattern, zone };
}

function inFolder(out: string, folder: string): string {
  return isAbsolute(out) ? out : join(folder, out);
}

/** Before anything is asked: nobody shall wait for a refusal. */
function refuseUnlessAsked(
  present: readonly string[],
  { terminal }: Session,
  options: InitOptions,
) {
  if (terminal.isInteractive || options.yes === true) return;
  throw usageError({
    what: "Nothing was written.",
    why: `There is ${present.join(" and ")} already.`,
    mend: "Say --force to replace it, or name another folder with --out.",
  });
}

async function askedOrigin({ terminal, world }: Session): Promise<string> {
  if (!terminal.isInteractive) {
    throw usageError({
      what: "Nothing was asked.",
      why: "No origin is named.",
      mend: "Write it behind init, such as: tidemark init https://www.example.com.",
    });
  }
  const message = "Which site shall the cache stand before?";
  const placeholder = "https://www.example.com";
  const answer = await text({
    message,
    placeholder,
    input: world.input,
    output: streamOf(world.notes),
  });
  if (isCancel(answer)) throw interruption("Nothing was asked.");
  return answer ?? "";
}

interface Looking {
  readonly options: InitOptions;
  readonly page: readonly string[];
  readonly pageCountMax: number;
}

/** Goes on to another host once, if it is told to. */
async function seen(origin: string, session: Session, looking: Looking): Promise<OriginSight> {
  const { terminal, world } = session;
  let address = origin;
  for (let turns = 1; ; turns += 1) {
    const onPage = (path: string) => {
      if (terminal.showsProgress) terminal.note(`  ${path}`);
    };
    if (terminal.showsProgress) terminal.note(`Looking at ${address} …`);
    const looked = await lookAtOrigin(new OriginClient(address, world), {
      paths: looking.page,
      pageCountMax: looking.pageCountMax,
      onPage,
      nowAtMs: world.nowAtMs,
    });
    if (looked.kind === "seen") return looked.sight;
    const isAsked = terminal.isInteractive || looking.options.yes === true;
    if (looked.kind !== "elsewhere" || turns > 1 || !isAsked) throw refusal(address, looked);
    await terminal.confirmed(`${address} redirects to ${looked.to}. Take that one?`);
    address = looked.to;
  }
}

function refusal(origin: string, looked: LookRefused) {
  switch (looked.kind) {
    case "failed": {
      const { code, why } = looked.failure;
      const mend =
        code === "certificate"
          ? "Mend the certificate: the Worker would refuse it too."
          : "Check the address, and that the site is up.";
      const what = `${origin} was not seen, and nothing was written.`;
      return failure({ what, why: `${why}.`, mend }, code);
    }
    case "elsewhere": {
      const what = `${origin} was not looked at, and nothing was written.`;
      const why = `It redirects to ${looked.to}.`;
      return failure(
        { what, why, mend: `If that is the site, run: tidemark init ${looked.to}` },
        "elsewhere",
      );
    }
    case "refused": {
      const what = `${origin} showed no page, and nothing was written.`;
      const why = `Every answer was an error, the first one ${looked.status}.`;
      const mend =
        "Let this machine in, name a page that is open with --page, or try when the site is up.";
      return failure({ what, why, mend }, "refused");
    }
  }
}
