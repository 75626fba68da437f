// `tidemark simulate`: an access log through a configuration. Other commands do not load the cache.
import { InvalidArgumentError, Option } from "commander";
import { durationSeconds } from "../../../../src/http-rules.ts";
import type { AddCommand, Session } from "../session.ts";
import { wholeNumber } from "../session.ts";
import { formatNames } from "./formats.ts";
import type { SimulateOptions } from "./simulate.ts";

export const addSimulate: AddCommand = (program, act) => {
  program
    .command("simulate")
    .summary("what a configuration would have done with an access log")
    .description(
      "Plays an access log through the cache of this folder's configuration in simulated time, and prints hit rate, offload and costs. Sends nothing.",
    )
    .argument("<log>", "the file, plain or gzip; - for stdin")
    .option("--config <file>", "use this configuration instead of tidemark.config.ts")
    .option("--against <file>", "also simulate this configuration, and show the differences")
    .option("--suggest", "also simulate changes, and show those that help")
    .addOption(
      new Option("--format <name>", "the format, if its first lines do not show it").choices(
        formatNames,
      ),
    )
    .option("--fresh <duration>", "lifetime without one in the log or route, such as 5m", seconds)
    .option("--host <host>", "the host, if the log has none", host, "www.example.com")
    .option("--colos <n>", "colos, if the log names none", wholeNumber(1, 330), 3)
    .option("--isolates <n>", "isolates in each colo", wholeNumber(1, 100), 1)
    .option(
      "--origin-ms <n>",
      "time of the origin, if the log has none",
      wholeNumber(0, 60_000),
      100,
    )
    .addHelpText("after", examples)
    .action(act<SimulateOptions>(run));
};

const examples = `
Examples:
  tidemark simulate access.log --fresh 5m
  tidemark simulate access.log.gz --against other.config.ts --suggest
  zcat logs/*.gz | tidemark simulate - --json`;

function seconds(text: string): number {
  const parsed = durationSeconds(text);
  if (parsed === undefined) throw new InvalidArgumentError("Write it like 30s, 5m, 2h or 1d.");
  return parsed;
}

function host(text: string): string {
  if (URL.canParse(`https://${text}`) && new URL(`https://${text}`).host === text) return text;
  throw new InvalidArgumentError("Write it like www.example.com, in lower case.");
}

async function run(session: Session, options: SimulateOptions, words: readonly string[]) {
  const { simulate } = await import("./simulate.ts");
  return simulate(session, options, words);
}
