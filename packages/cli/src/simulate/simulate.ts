// Simulates policies over a log: reads the log once, and once more for suggestions.
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import { loadConfig } from "../../../../local/load-config.ts";
import { type ExitCode, exitCode, usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import { readFolder } from "../start/own-site.ts";
import type { PolicyRun } from "./figures.ts";
import type { FormatName } from "./formats.ts";
import { readLog } from "./log-file.ts";
import type { Policy } from "./planner.ts";
import { printOutput } from "./report.ts";
import { Simulation } from "./simulation.ts";
import { suggestionsOf, TrackingSeen } from "./suggest.ts";

/** The options of `tidemark simulate`. */
export interface SimulateOptions {
  readonly config?: string;
  readonly against?: string;
  readonly format?: FormatName;
  readonly host: string;
  readonly colos: number;
  readonly isolates: number;
  readonly originMs: number;
  /** In seconds. */
  readonly fresh?: number;
  readonly suggest?: boolean;
}

/** @throws CommandError or OperatorError if the log or a configuration cannot be used */
export async function simulate(
  session: Session,
  options: SimulateOptions,
  [file = ""]: readonly string[],
): Promise<ExitCode> {
  const { folder, input, interrupted } = session.world;
  const isStdin = file === "-";
  if (isStdin && options.suggest === true) {
    const why = "Suggestions read the log twice, and stdin can be read only once.";
    throw usageError({ what: "Nothing was simulated.", why, hint: "Write the log to a file." });
  }
  const played = await policiesOf(session, options);
  const [first] = played as [PolicyRun];
  const name = isStdin ? "stdin" : file;
  const seen = new TrackingSeen();
  const replay = (simulations: readonly Simulation[], format = options.format) =>
    readLog(isStdin ? input : createReadStream(resolve(folder, file)), {
      name,
      format,
      interrupted,
      play: (entry) => {
        seen.note(entry);
        for (const simulation of simulations) simulation.play(entry);
      },
    });
  const lines = await replay(played.map(({ simulation }) => simulation));
  const suggestions =
    options.suggest === true
      ? await suggestionsOf(first, seen, (variants) => replay(variants, lines.format))
      : undefined;
  printOutput(session, { name, lines, played, suggestions });
  return exitCode.done;
}

async function policiesOf(
  { world: { folder } }: Session,
  options: SimulateOptions,
): Promise<PolicyRun[]> {
  const named = (path?: string) => (path === undefined ? undefined : resolve(folder, path));
  const { config: path, library } = await readFolder(folder, named(options.config));
  if (path === undefined) {
    const why = `${folder} has no tidemark.config.ts.`;
    const hint = "Pass --config FILE, or run tidemark init here.";
    throw usageError({ what: "Nothing was simulated.", why, hint });
  }
  const played: PolicyRun[] = [];
  for (const one of [path, named(options.against)]) {
    if (one === undefined) continue;
    const policy: Policy = {
      config: await loadConfig(one, { library }),
      host: options.host,
      coloCount: options.colos,
      isolateCount: options.isolates,
      originMs: options.originMs,
      freshSeconds: options.fresh,
    };
    played.push({ name: basename(one), policy, simulation: new Simulation(policy) });
  }
  return played;
}
