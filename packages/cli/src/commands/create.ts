// `tidemark create`: copies the template of a site into a new folder.
import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { usageError, exitCode } from "../command-error.ts";
import { cdTo } from "../init/report.ts";
import { type SiteFile, write } from "../init/site-files.ts";
import {
  askedRegion,
  checkRegion,
  regionOption,
  withRegion,
  type SiteStores,
  storesNamed,
  storesOption,
  textFor,
  usualStores,
} from "../init/site-choices.ts";
import { templatePaths } from "../init/site-template.ts";
import type { AddCommand, Session } from "../session.ts";
import { notPublished, packageFiles } from "../version.ts";

interface CreateOptions {
  readonly stores?: string;
  readonly region?: string;
  readonly yes?: boolean;
}

export const addCreate: AddCommand = (program, act) => {
  program
    .command("create")
    .summary("copy the template of a site into a new folder")
    .description(
      "Writes a Worker with a configuration, a test and a README, and secrets for this machine. Sends no request. Use init for a site that runs already: it examines the site, and writes a configuration for it.",
    )
    .argument("<folder>", "a new or empty folder")
    .option(...storesOption)
    .option(...regionOption)
    .addHelpText("after", examples)
    .action(act<CreateOptions>(create));
};

const examples = `
Examples:
  tidemark create my-site --region weur
  tidemark create my-site --stores upstash`;

async function create(session: Session, options: CreateOptions, [written = ""]: readonly string[]) {
  const { terminal, world } = session;
  const named = storesNamed(options.stores);
  checkRegion(options.region, named);
  const folder = resolve(world.folder, written);
  await refuseUnlessEmpty(folder);
  const stores = named ?? usualStores(world, options.region);
  const region = stores === "cloudflare" ? await askedRegion(session, options) : undefined;
  const choices = { stores, region, name: workerNameOf(folder) };
  const files = filesOf(choices);
  await write(files, folder);
  const next = [
    ...(folder === world.folder ? [] : [cdTo(written)]),
    `npm install ${packageFiles.library} ${packageFiles.command}   ${notPublished}`,
    "npm run dev -- --var ORIGIN_URL:http://127.0.0.1:3000   # the address of your site",
  ];
  terminal.print(`Written into ${folder}. ${storesTold[stores]}`);
  if (stores === "cloudflare" && region === undefined) terminal.print(unplaced);
  for (const line of ["", "Next:", ...next.map((one) => `  ${one}`)]) terminal.print(line);
  terminal.json({
    folder,
    stores,
    region: region ?? null,
    written: files.map(({ path }) => path),
    next,
  });
  return exitCode.done;
}

const storesTold = {
  cloudflare: "Purges and pages are stored in Durable Objects: no other account is needed.",
  upstash:
    "Purges and pages are stored in Redis: write its address and token into .dev.vars. Its NAMESPACE keeps them apart from production's.",
} as const;

const unplaced =
  "Cloudflare will create them near the first request, and never move them. To choose a region, use --region.";

async function refuseUnlessEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((cause: NodeJS.ErrnoException) =>
    cause.code === "ENOENT" ? [] : (cause.code ?? "an unknown error"),
  );
  const rest = Array.isArray(found) ? found.filter((name) => name !== ".git") : found;
  if (rest.length === 0) return;
  throw usageError({
    what: "Nothing was written.",
    why: Array.isArray(rest)
      ? `${folder} is not empty.`
      : `${folder} cannot be read as a folder: ${rest}.`,
    hint: "Name a new folder. For a folder with files of your own, use tidemark init.",
  });
}

/** Derives a valid name of a Worker from the folder. */
function workerNameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");
  return name.slice(0, 54).replace(/^-+|-+$/g, "") || "tidemark-site";
}

interface Choices {
  readonly stores: SiteStores;
  readonly region: string | undefined;
  readonly name: string;
}

function filesOf({ stores, region, name }: Choices): SiteFile[] {
  const files = templatePaths.map((path) => {
    const text = withRegion(textFor(stores, path), region);
    return { path, text: text.replace('"tidemark-site"', JSON.stringify(name)) };
  });
  const secrets = textFor(stores, ".dev.vars.example")
    .replace(/^PURGE_SECRET=$/m, () => `PURGE_SECRET=whsec_${randomBytes(24).toString("base64")}`)
    .replace(/^ADMIN_TOKEN=$/m, () => `ADMIN_TOKEN=${randomBytes(24).toString("hex")}`);
  return [...files, { path: ".dev.vars", text: secrets, isSecret: true }];
}
