// `tidemark start`: one's own site behind Tidemark on this machine. All that it runs is loaded only when it is asked for.
import { failure } from "../command-error.ts";
import { type ExitCode, exitCode } from "../exit-code.ts";
import type { AddCommand, Session } from "../session.ts";
import type { GivenStartOptions } from "../../../../local/start-options.ts";

export const addStart: AddCommand = (program, act) => {
  program
    .command("start")
    .summary("run your site behind Tidemark on this machine")
    .description(
      "Runs the Worker of this folder on this machine, before your site, with a Redis of its own. It loads your configuration again when it changes, and prints a line for each request. It needs Node 22.12 or newer, and wrangler in this project.",
    )
    .option(
      "--origin <url>",
      "your site, scheme and host alone; else ORIGIN_URL of .dev.vars or of the wrangler file",
    )
    .option("--port <n>", "port of the first colo (default: 8787)")
    .option(
      "--colos <n>",
      "number of colos, on consecutive ports, each a process of its own (default: 1)",
    )
    .option(
      "--redis <url>",
      "use this Redis, such as redis://127.0.0.1:6379, instead of the embedded Valkey",
    )
    .option("--config <file>", "use this configuration instead of tidemark.config.ts")
    .option(
      "--rtt <ms>",
      "let every answer of the shared tier take that much longer, as distance does (default: 0)",
    )
    .option(
      "--replica-lag <ms>",
      "read the shared tier as it was that long ago, as a replica may be (default: 0)",
    )
    .option("--no-watch", "do not load the configuration again when it changes")
    .option("--quiet", "print no line for each request")
    .addHelpText("after", examples)
    .action(act<GivenStartOptions>(start));
};

const examples = `
Examples:
  tidemark start --origin http://127.0.0.1:3000
  tidemark start --colos 2 --rtt 80
  tidemark start --quiet --no-watch`;

const nodeMin = [22, 12] as const;

async function start(session: Session, options: GivenStartOptions): Promise<ExitCode> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])) {
    throw failure({
      what: "tidemark start does not run here.",
      why: `This is Node ${process.versions.node}, and the runtime of Workers needs ${nodeMin.join(".")} or newer.`,
      mend: "Run it with a newer Node. All other commands run with this one.",
    });
  }
  const { optionsOf, runOwnSite } = await import("./own-site.ts");
  await runOwnSite(session, optionsOf(options), options.config);
  return exitCode.done;
}
