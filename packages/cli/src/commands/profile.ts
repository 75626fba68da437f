// `tidemark profile`: stores sites by name, with their tokens.
import { addAbortSignal } from "node:stream";
import type { Command } from "commander";
import { usageError, exitCode, interruption } from "../command-error.ts";
import type { Action, AddCommand, GlobalOptions, Session } from "../session.ts";
import { siteAddress, givenOperatorPath, checkedToken } from "../site/chosen-site.ts";
import {
  changeProfiles,
  isProfileName,
  type Profile,
  type Profiles,
  profilesPath,
  readProfiles,
} from "../site/profiles.ts";
import { tableOf } from "../terminal.ts";
import type { World } from "../world.ts";

export const addProfile: AddCommand = (program, act) => {
  const profile = program
    .command("profile")
    .summary("store sites by name, with their tokens")
    .description(
      "Stores sites by name, each with its token, in a file that only you may read. No option takes the token: the command asks for it, or reads it from stdin.",
    )
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", groupExamples);
  addSet(profile, act);
  addOthers(profile, act);
};

const groupExamples = `
Examples:
  tidemark profile set production --site https://www.example.com
  tidemark profile use production
  tidemark profile list`;

interface SetOptions extends GlobalOptions {
  readonly token: boolean;
}

function addSet(profile: Command, act: Action): void {
  profile
    .command("set")
    .summary("store a site and its token under a name")
    .description(
      "Stores the site of --site under a name, and replaces a profile of that name. In a terminal, it asks for the site's ADMIN_TOKEN without showing it. Otherwise the first line of stdin is the token. The first profile becomes the default.",
    )
    .argument("<name>", "letters, digits, dot, dash, underscore")
    .option("--no-token", "store no token; set TIDEMARK_TOKEN instead")
    .addHelpText("after", setExamples)
    .action(act<SetOptions>(set));
}

const setExamples = `
Examples:
  tidemark profile set production --site https://www.example.com
  tidemark profile set staging --site https://staging.example.com < token.txt
  tidemark profile set local --site http://127.0.0.1:8787 --no-token`;

function addOthers(profile: Command, act: Action): void {
  profile
    .command("list")
    .summary("show the profiles; no token is shown")
    .description("Shows the profiles, and whether each has a token. No token is shown.")
    .addHelpText("after", "\nExample:\n  tidemark profile list --json")
    .action(act(list));
  profile
    .command("use")
    .summary("make a profile the default")
    .description("Makes a profile the default, which applies without --site and --profile.")
    .argument("<name>", "the name of a profile")
    .addHelpText("after", "\nExample:\n  tidemark profile use staging")
    .action(act(use));
  profile
    .command("remove")
    .summary("delete a profile and its token")
    .description("Deletes a profile and its token from the file. The site keeps its ADMIN_TOKEN.")
    .argument("<name>", "the name of a profile")
    .addHelpText("after", "\nExample:\n  tidemark profile remove staging")
    .action(act(remove));
}

async function set(session: Session, options: SetOptions, [name = ""]: readonly string[]) {
  const { world, terminal } = session;
  if (!isProfileName(name)) {
    throw usageError({
      what: "Nothing was stored.",
      why: `${JSON.stringify(name.slice(0, 80))} is not a valid profile name.`,
      hint: "Begin with a letter or a digit; up to 63 letters, digits, dots, dashes, underscores may follow.",
    });
  }
  if (options.site === undefined) {
    throw usageError({
      what: "Nothing was stored.",
      why: "No site is specified.",
      hint: `Write tidemark profile set ${name} --site https://www.example.com.`,
    });
  }
  const { site } = options;
  const operatorPath = givenOperatorPath(options, world.env);
  const { origin } = siteAddress({ site, operatorPath, from: "--site" });
  // Check the file before asking for the token.
  await readProfiles(world);
  const token = options.token ? await givenToken(session, origin) : undefined;
  const profile: Profile = {
    site: origin,
    ...(operatorPath !== undefined && { operatorPath }),
    ...(token !== undefined && { token }),
  };
  let isDefault = false;
  await changeProfiles(world, ({ default: usual, profiles }) => {
    const isFirst = usual === undefined && Object.keys(profiles).length === 0;
    isDefault = isFirst || usual === name;
    return withDefault(isFirst ? name : usual, { ...profiles, [name]: profile });
  });
  terminal.json({ name, site: origin, hasToken: token !== undefined, isDefault });
  const has = token === undefined ? "no token" : "its token";
  const role = isDefault ? " It is the default." : "";
  terminal.print(`Stored ${name}: ${origin}, with ${has}, in ${profilesPath(world)}.${role}`);
  return exitCode.done;
}

function withDefault(usual: string | undefined, profiles: Profiles["profiles"]): Profiles {
  return { ...(usual !== undefined && { default: usual }), profiles };
}

async function list({ world, terminal }: Session) {
  const { default: usual, profiles } = await readProfiles(world);
  const rows = Object.entries(profiles).map(([name, { site, operatorPath, token }]) => ({
    name,
    site,
    operatorPath: operatorPath ?? null,
    hasToken: token !== undefined,
    isDefault: name === usual,
  }));
  terminal.json({ profiles: rows });
  if (rows.length === 0) {
    terminal.note("There are no profiles. Create one with: tidemark profile set NAME --site URL.");
    return exitCode.done;
  }
  const cells = rows.map((row) => [
    row.name,
    row.site + (row.operatorPath ?? ""),
    row.hasToken ? "yes" : "no",
    row.isDefault ? "yes" : "",
  ]);
  for (const line of tableOf([["name", "site", "token", "default"], ...cells])) {
    terminal.print(line);
  }
  return exitCode.done;
}

async function use({ world, terminal }: Session, _: GlobalOptions, [name = ""]: readonly string[]) {
  let site = "";
  await changeProfiles(world, ({ profiles }) => {
    ({ site } = known(name, profiles));
    return withDefault(name, profiles);
  });
  terminal.json({ default: name });
  terminal.print(`The default is ${name}, which is ${site}.`);
  return exitCode.done;
}

async function remove(
  { world, terminal }: Session,
  _: GlobalOptions,
  [name = ""]: readonly string[],
) {
  let site = "";
  let wasDefault = false;
  await changeProfiles(world, ({ default: usual, profiles }) => {
    ({ site } = known(name, profiles));
    wasDefault = usual === name;
    const { [name]: _removed, ...others } = profiles;
    return withDefault(wasDefault ? undefined : usual, others);
  });
  terminal.json({ removed: name });
  const role = wasDefault ? " It was the default: choose one with tidemark profile use." : "";
  terminal.print(`Removed ${name}, which was ${site}, and its token.${role}`);
  return exitCode.done;
}

/** @throws CommandError if no profile has this name */
function known(name: string, profiles: Profiles["profiles"]): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const names = Object.keys(profiles).join(", ");
  throw usageError({
    what: "Nothing was changed.",
    why: `There is no profile ${JSON.stringify(name.slice(0, 80))}.`,
    hint: names === "" ? "There are no profiles." : `Profiles: ${names}.`,
  });
}

/** @throws CommandError for an invalid token, for an interruption, and if the input would be visible */
async function givenToken({ terminal, world }: Session, origin: string): Promise<string> {
  if (terminal.isInteractive) {
    return checkedToken(await terminal.secret(`The ADMIN_TOKEN of ${origin}`), "The input");
  }
  if (world.input.isTTY === true) {
    throw usageError({
      what: "Nothing was stored.",
      why: "The token cannot be read: stderr is not a terminal, so the input would be visible.",
      hint: "Run the command without 2>, pass the token on stdin, or write --no-token.",
    });
  }
  return checkedToken((await firstLine(world)).trim(), "The first line of stdin");
}

const lineLengthMax = 4_096;

async function firstLine({ input, interrupted }: World): Promise<string> {
  let text = "";
  try {
    for await (const chunk of addAbortSignal(interrupted, input)) {
      text += String(chunk);
      if (text.includes("\n") || text.length > lineLengthMax) break;
    }
  } catch (cause) {
    if (interrupted.aborted) throw interruption("Nothing was stored.");
    throw cause;
  }
  return text.split("\n", 1)[0] ?? "";
}
