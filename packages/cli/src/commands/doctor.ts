// `tidemark doctor`: finds problems in a folder, at a site and in its pages.
import { Option } from "commander";
import { originUrlFault, shownUrl } from "../../../../src/protocol/variables/origin-url.ts";
import {
  CommandError,
  interruption,
  usageError,
  type ExitCode,
  exitCode,
} from "../command-error.ts";
import {
  type DoctorFinding,
  type Examination,
  inOrder,
  localHost,
  printReport,
} from "../doctor/finding.ts";
import { examineFolder } from "../doctor/folder/examine-folder.ts";
import { type FolderRead, readFolder, originInFolder } from "../doctor/folder/read-folder.ts";
import { examinePages } from "../doctor/pages/examine-pages.ts";
import { examineSite, type SiteExamination } from "../doctor/site/examine-site.ts";
import { type AddCommand, repeated, type Session } from "../session.ts";
import type { ChosenSite } from "../site/chosen-site.ts";
import { SiteClient } from "../site/site-client.ts";

interface DoctorOptions {
  readonly origin?: string;
  readonly page?: readonly string[];
  readonly purge?: true;
  readonly static?: true;
}

export const addDoctor: AddCommand = (program, act) => {
  program
    .command("doctor")
    .summary("find problems, and explain how to fix them")
    .description(
      "Checks the folder of a Worker, a site as its operator, and pages as a client. Each finding states its effect, its cause and the fix. Changes nothing, except with --purge.",
    )
    .option("--origin <url>", "the origin, to send requests to it directly")
    .option(
      "--page <path>",
      "a page to check; may be given several times (default: / and up to four pages that it links to)",
      repeated,
    )
    .addOption(
      new Option(
        "--static",
        "check only the folder, without a request, as before a deployment",
      ).conflicts(["origin", "page", "purge"]),
    )
    .option("--purge", "purge the pages, to check that clients then get new responses; asks first")
    .addHelpText("after", examples)
    .action(act<DoctorOptions>(doctor));
};

const examples = `
Exit code: 0 if all findings are info, 3 with a warning or worse,
1 if no page of the site, or of the origin, can be fetched.

Examples:
  tidemark doctor
  tidemark doctor --static
  tidemark doctor --site https://www.example.com --page / --page /news/42
  tidemark doctor --origin https://origin.example.com --json`;

async function doctor(session: Session, options: DoctorOptions): Promise<ExitCode> {
  const { terminal, world } = session;
  const folder = await readFolder(world.folder);
  const site = options.static ? undefined : await siteIfNamed(session);
  const given = checkedOrigin(options.origin);
  if (folder.wrangler.kind === "absent" && !site && given === undefined) {
    throw nothingToLookAt(folder);
  }
  try {
    const ofFolder = withoutPlaceholder(examineFolder(folder), site);
    const client = site && new SiteClient(site, world);
    const ofSite = await siteExamined(client, options);
    const ofPages = ofSite.findings.some(isUnreachable)
      ? nothing
      : await pagesExamined({ client, ofSite, given, folder }, options, session);
    const answer = { site: site?.origin ?? null, ...together([ofFolder, ofSite, ofPages]) };
    terminal.json(answer);
    printReport(answer, terminal);
    if (answer.findings.some(isUnreachable)) return exitCode.failed;
    return answer.findings.some(({ level }) => level !== "info")
      ? exitCode.findings
      : exitCode.done;
  } catch (cause) {
    if (world.interrupted.aborted) throw interruption("The check is incomplete.");
    throw cause;
  }
}

/** A site on this machine has another origin, so its wrangler file may still have the placeholder. */
function withoutPlaceholder(ofFolder: Examination, site: ChosenSite | undefined): Examination {
  if (site === undefined || !localHost.test(new URL(site.origin).hostname)) return ofFolder;
  const findings = ofFolder.findings.filter(({ code }) => code !== "origin-placeholder");
  return { ...ofFolder, findings };
}

const isUnreachable = ({ code, level }: DoctorFinding) =>
  code === "unreachable" && level === "critical";

const nothing: Examination = { findings: [], lookedAt: [], notLookedAt: [] };

function together(parts: readonly Examination[]): Examination {
  return {
    findings: inOrder(parts.flatMap(({ findings }) => findings)),
    lookedAt: parts.flatMap(({ lookedAt }) => lookedAt),
    notLookedAt: parts.flatMap(({ notLookedAt }) => notLookedAt),
  };
}

async function siteIfNamed(session: Session): Promise<ChosenSite | undefined> {
  try {
    return await session.chosenSite();
  } catch (cause) {
    if (cause instanceof CommandError && cause.code === "no-site") return undefined;
    throw cause;
  }
}

/** Returns the scheme and host of `--origin`. */
function checkedOrigin(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const fault = originUrlFault(url);
  if (fault === undefined) return new URL(url).origin;
  throw usageError({
    what: "--origin is invalid.",
    why: `${shownUrl(url)} ${fault}.`,
    hint: "Write only scheme and host, such as https://origin.example.com.",
  });
}

function nothingToLookAt({ folder, cfNotes }: FolderRead): CommandError {
  return usageError({
    what: "There is nothing to check.",
    why: [`No site is named, and ${folder} has no wrangler file.`, ...cfNotes].join(" "),
    hint: "Write --site https://www.example.com, or change to the folder of the Worker.",
  });
}

async function siteExamined(
  client: SiteClient | undefined,
  options: DoctorOptions,
): Promise<SiteExamination> {
  const unseen = { findings: [], lookedAt: [], isOperator: false, explains: false };
  if (client === undefined) {
    const why = options.static
      ? "The site, and its pages: --static checks only the folder."
      : "The site: no site is specified. Write --site https://www.example.com.";
    return { ...unseen, notLookedAt: [why] };
  }
  if (client.site.token === undefined) {
    const why = `The operator's routes: there is no token for ${client.site.origin}. Set TIDEMARK_TOKEN.`;
    return { ...unseen, notLookedAt: [why] };
  }
  return examineSite(client);
}

interface DoctorInput {
  readonly client: SiteClient | undefined;
  readonly ofSite: SiteExamination;
  /** The origin of `--origin`; `undefined` without this option. */
  readonly given: string | undefined;
  readonly folder: FolderRead;
}

async function pagesExamined(
  { client, ofSite, given, folder }: DoctorInput,
  { page, purge }: DoctorOptions,
  { terminal, world }: Session,
): Promise<Examination> {
  const site = client?.site;
  const origin = given ?? originInFolder(folder, site?.origin);
  if (purge === true && site === undefined) throw lacksSite("--purge", "--site");
  if (site === undefined && origin === undefined) {
    if (page !== undefined) throw lacksSite("--page", "--site or --origin");
    return nothing;
  }
  const isOriginOfSite = origin !== undefined && origin === site?.origin;
  const isPurging = purge === true && site !== undefined;
  if (isPurging && !ofSite.isOperator) throw cannotPurge(site.origin);
  if (isPurging) await terminal.confirmed(`Purge the checked pages of ${site.origin}?`);
  const options = {
    site: site?.origin,
    debugToken: client && ofSite.explains ? () => client.debugToken() : undefined,
    origin: isOriginOfSite ? undefined : origin,
    isOriginOfSite,
    paths: page?.map((one) => pathOf(one, site?.origin ?? origin)),
  };
  return examinePages(options, isPurging ? client : undefined, world);
}

function lacksSite(option: string, needed: string): CommandError {
  return usageError({
    what: `${option} cannot be used.`,
    why: "No site is specified.",
    hint: `Write ${needed} with a URL, or omit ${option}.`,
  });
}

/** @param page a path or URL of the site */
function pathOf(page: string, base: string | undefined): string {
  const url = URL.parse(page, base);
  if (url !== null && url.origin === base) return url.pathname + url.search;
  throw usageError({
    what: "--page is invalid.",
    why: `${JSON.stringify(page.slice(0, 200))} is not a path of ${base}.`,
    hint: "Write a path such as /news/42.",
  });
}

function cannotPurge(site: string): CommandError {
  return usageError({
    what: "Nothing was purged.",
    why: `--purge needs a token that ${site} accepts.`,
    hint: "Set TIDEMARK_TOKEN to its ADMIN_TOKEN, or omit --purge.",
  });
}
