// Simulates policies over a log: reads the log once, and again for each suggestion.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { loadWithRules } from "../../../../local/load-config.ts";
import { faultOf } from "../../../../src/protocol/fault.ts";
import { type ExitCode, exitCode, failure, usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import { configIn } from "../start/config-file.ts";
import { libraryIn } from "../start/project-library.ts";
import type { PolicyRun } from "./figures.ts";
import type { FormatName } from "./formats.ts";
import { readLog } from "./log-file.ts";
import { printOutput } from "./report.ts";
import { Simulation } from "./simulation.ts";
import { noteTracking, suggestionsOf } from "./suggest.ts";

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
  const path = resolve(folder, file);
  const log = isStdin ? undefined : await stat(path).catch(() => undefined);
  if (options.suggest === true && (isStdin || log?.isFIFO() === true)) {
    const from = isStdin ? "stdin" : "a pipe";
    const why = `Suggestions read the log again, and ${from} can be read only once.`;
    throw usageError({ what: "Nothing was simulated.", why, hint: "Write the log to a file." });
  }
  // A server may append to its log, but each suggestion is compared over the same lines.
  const end = log?.isFile() === true && log.size > 0 ? log.size - 1 : Infinity;
  const runs = await runsOf(folder, options);
  const name = isStdin ? "stdin" : file;
  const seen = new Set<string>();
  const replay = (simulations: readonly Simulation[], format = options.format) =>
    readLog(isStdin ? input : createReadStream(path, { end }), {
      name,
      format,
      interrupted,
      play: (entry) => {
        noteTracking(seen, entry);
        for (const simulation of simulations) simulation.play(entry);
      },
    });
  const lines = await replay(runs.flatMap((run) => run?.simulation ?? []));
  const suggestions =
    options.suggest === true
      ? await suggestionsOf(runs[0], seen, (variant) => replay([variant], lines.format))
      : undefined;
  printOutput(session, { name, lines, runs, suggestions });
  return exitCode.done;
}

/** Returns the folder's configuration, or that of `--config`, and that of `--against`. */
async function runsOf(
  folder: string,
  { config: named, against, ...given }: SimulateOptions,
): Promise<readonly [PolicyRun, PolicyRun?]> {
  const path = named === undefined ? configIn(folder) : resolve(folder, named);
  if (path === undefined) {
    const why = `${folder} has no tidemark.config.ts.`;
    const hint = "Pass --config FILE, or run tidemark init here.";
    throw usageError({ what: "Nothing was simulated.", why, hint });
  }
  const library = libraryIn(folder);
  const { host, colos: coloCount, isolates: isolateCount, originMs, fresh: freshSeconds } = given;
  const runOf = async (one: string): Promise<PolicyRun> => {
    const loaded = await loadWithRules(one, { library }).catch((cause: unknown) => {
      throw namedFault(cause, one);
    });
    const policy = { ...loaded, host, coloCount, isolateCount, originMs, freshSeconds };
    return { name: basename(one), policy, simulation: await Simulation.open(policy) };
  };
  const first = await runOf(path);
  return against === undefined ? [first] : [first, await runOf(resolve(folder, against))];
}

/** Returns the error of a configuration with its file, which the fault of an option lacks. */
function namedFault(cause: unknown, path: string): unknown {
  const fault = faultOf(cause);
  if (fault === undefined || fault.what.includes(path)) return cause;
  return failure({ ...fault, what: `${path}: ${fault.what}` }, "failed", cause);
}
