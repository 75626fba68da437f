// Registers the commands in the order of the help.
import { Command } from "commander";
import { version } from "./version.ts";
import { addCreate } from "./commands/create.ts";
import { addDashboard } from "./commands/dashboard.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExplain } from "./commands/explain.ts";
import { addHealth } from "./commands/health.ts";
import { addInit } from "./commands/init.ts";
import { addJournal } from "./commands/journal.ts";
import { addOutward } from "./commands/outward.ts";
import { addPurge } from "./commands/purge.ts";
import { addRelease } from "./commands/release.ts";
import { addStats } from "./commands/stats.ts";
import { addSwitch } from "./commands/switch.ts";
import type { Action, AddCommand } from "./session.ts";
import { addRedisProxy } from "./start/redis-proxy.ts";
import { addStart } from "./start/start-command.ts";
import { addWarm } from "./warm/warm.ts";

const commands: readonly AddCommand[] = [
  addPurge,
  addRelease,
  addWarm,
  addExplain,
  addStats,
  addHealth,
  addJournal,
  addSwitch,
  addOutward,
  addDashboard,
  addCreate,
  addInit,
  addDoctor,
  addStart,
  addRedisProxy,
];

const surroundings = `
Examples:
  tidemark init https://www.example.com --out my-site
  tidemark health --site https://www.example.com
  tidemark purge --tag article:42 --dry-run

Environment:
  TIDEMARK_SITE           the site, if --site does not name it
  TIDEMARK_TOKEN          the ADMIN_TOKEN of the site
  TIDEMARK_TOKEN_FILE     without TIDEMARK_TOKEN: a file of mode 600 with it
  TIDEMARK_OPERATOR_PATH  like --operator-path
  NO_COLOR                any value: no colors
  TIDEMARK_DEBUG          any value: print the stack behind an error

Exit codes:
  0    done
  1    failed: the site rejected the request, or was unreachable
  2    the command line or a file is wrong; nothing was sent
  3    done, with a problem found
  130  ended by Ctrl-C, a signal, a closed stdout, or the answer no`;

export function makeProgram(act: Action): Command {
  const program = new Command("tidemark")
    .description(
      "Operates Tidemark, an HTTP cache on Cloudflare Workers: purge, warm, explain, diagnose.",
    )
    .version(version, "--version", "show the version")
    .option("--site <url>", "the site, such as https://www.example.com")
    .option("--operator-path <path>", "the path of the site's operator routes, if not /_cache")
    .option("--json", "print only the result on stdout, as JSON")
    .option("--yes", "answer every question with yes")
    .option("--no-color", "no colors, as with NO_COLOR")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", surroundings)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError(true)
    .showHelpAfterError("Nothing was done. Add --help for the list of commands and options.")
    .allowExcessArguments(false);
  for (const add of commands) add(program, act);
  return program;
}
