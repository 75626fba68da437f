// The commands, in the order of the help.
import { Command } from "commander";
import { version } from "./version.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addExplain } from "./commands/explain.ts";
import { addHealth } from "./commands/health.ts";
import { addInit } from "./commands/init.ts";
import { addJournal } from "./commands/journal.ts";
import { addMetrics } from "./commands/metrics.ts";
import { addProfile } from "./commands/profile.ts";
import { addPurge } from "./commands/purge.ts";
import { addStats } from "./commands/stats.ts";
import { addSwitch } from "./commands/switch.ts";
import type { Act, AddCommand } from "./session.ts";
import { addStart } from "./start/start-command.ts";
import { addWarm } from "./warm/warm.ts";

const commands: readonly AddCommand[] = [
  addPurge,
  addWarm,
  addExplain,
  addStats,
  addHealth,
  addJournal,
  addSwitch,
  addMetrics,
  addInit,
  addDoctor,
  addStart,
  addProfile,
  // The last, since it reads the others.
  addCompletion,
];

const surroundings = `
Examples:
  tidemark init https://www.example.com --out my-site
  tidemark profile set production --site https://www.example.com
  tidemark health
  tidemark purge --tag article:42 --dry-run

Environment:
  TIDEMARK_SITE, TIDEMARK_PROFILE  the site, where no option names one
  TIDEMARK_TOKEN                   the ADMIN_TOKEN of the site
  TIDEMARK_TOKEN_FILE              a file of mode 600 that holds it
  TIDEMARK_OPERATOR_PATH           as --operator-path
  NO_COLOR                         any value: no colours
  TIDEMARK_DEBUG                   any value: where a failure comes from

Exit codes:
  0    done
  1    failed: the site refused it, or was not reached
  2    the command line, a profile or a file is wrong; nothing was sent
  3    done, and something was found to be wrong
  130  ended by Ctrl-C or a signal, or by the answer no
  141  ended early, since nobody read stdout any more`;

export function makeProgram(act: Act): Command {
  const program = new Command("tidemark")
    .description(
      "Drives Tidemark, an HTTP cache on Cloudflare Workers: purge, warm, explain, look after it.",
    )
    .version(version, "--version", "show the version")
    .option("--site <url>", "the site, such as https://www.example.com")
    .option("--profile <name>", "the site and the token of this profile")
    .option("--operator-path <path>", "the path of its operator's routes, if not /_cache")
    .option("--json", "the result as JSON on stdout, and nothing else there")
    .option("--yes", "answer every question with yes")
    .option("--no-color", "no colours, as with NO_COLOR")
    .helpOption("-h, --help", "show this")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", surroundings)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showSuggestionAfterError(true)
    .showHelpAfterError("Nothing was done. Add --help to see what there is.")
    .allowExcessArguments(false);
  for (const add of commands) add(program, act);
  return program;
}
