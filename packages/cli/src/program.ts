// The commands, in the order of the help.
import { Command } from "commander";
import { version } from "../../../src/version.ts";
import type { Act } from "./session.ts";
import { addPurge } from "./commands/purge.ts";
import { addWarm } from "./warm/warm.ts";

/** Adds one command to the program. */
export type AddCommand = (program: Command, act: Act) => void;

const commands: readonly AddCommand[] = [addPurge, addWarm];

export function makeProgram(act: Act): Command {
  const program = new Command("tidemark")
    .description(
      "Drives Tidemark, an HTTP cache on Cloudflare Workers: purge, warm, explain, look after it.",
    )
    .version(version, "--version", "show the version")
    .option("--site <url>", "the site, such as https://www.example.com")
    .option("--profile <name>", "the site and the token of this profile")
    .option("--operator-path <path>", "where its operator's routes are, if not at /_cache")
    .option("--json", "the result as JSON on stdout, and nothing else there")
    .option("--yes", "answer every question with yes")
    .option("--no-color", "no colours, as with NO_COLOR")
    .helpOption("-h, --help", "show this")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  for (const add of commands) add(program, act);
  return program;
}
