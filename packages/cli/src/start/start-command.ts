// `tidemark start`: runs a site behind Tidemark on this machine. Other commands do not load its
// dependencies.
import { type ExitCode, exitCode } from "../command-error.ts";
import { type AddCommand, repeated, type Session } from "../session.ts";
import type { GivenStartOptions } from "../../../../local/start-options.ts";

export const addStart: AddCommand = (program, act) => {
  program
    .command("start")
    .summary("run your site behind Tidemark on this machine")
    .description(
      "Runs the Worker of this folder on this machine, in front of your site, with its own Redis or Durable Objects. Reloads your configuration when it changes, and prints a line for each request. Needs wrangler in this project.",
    )
    .option(
      "--origin <url>",
      "your site, as scheme and host (default: ORIGIN_URL of .dev.vars or of the wrangler file)",
    )
    .option("--port <n>", "port of the first colo (default: 8787)")
    .option(
      "--colos <n>",
      "number of colos, on consecutive ports, each in its own process (default: 1)",
    )
    .option(
      "--redis <url>",
      "use this Redis, such as redis://127.0.0.1:6379, instead of the embedded Valkey",
    )
    .option(
      "--allowed-host <name>",
      "also answer for this host, such as that of a tunnel; may be given several times",
      repeated,
    )
    .option("--config <file>", "use this configuration instead of tidemark.config.ts")
    .addHelpText("after", examples)
    .action(act<GivenStartOptions>(start));
};

const examples = `
Examples:
  tidemark start --origin http://127.0.0.1:3000
  tidemark start --colos 2 --json`;

async function start(session: Session, options: GivenStartOptions): Promise<ExitCode> {
  const { runOwnSite } = await import("./own-site.ts");
  await runOwnSite(session, options);
  return exitCode.done;
}
