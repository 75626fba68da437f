// Simulates policies over a log: reads the log once, and once more for suggestions.
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import type { Readable } from "node:stream";
import { loadConfig } from "../../../../local/load-config.ts";
import { type ExitCode, exitCode, usageError } from "../command-error.ts";
import type { Session } from "../session.ts";
import { readFolder } from "../start/own-site.ts";
import type { FormatName } from "./formats.ts";
import { type LinesRead, readLog } from "./log-file.ts";
import { assumptionsOf, figuresOf, percent, type PolicyRun, printFigures } from "./report.ts";
import type { Policy } from "./policy.ts";
import { Simulation } from "./simulation.ts";
import { LogEvidence, openVariant, type Suggestion, suggestionsOf, variantsOf } from "./suggest.ts";

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
  const { world } = session;
  if (file === "-" && options.suggest === true) {
    const why = "Suggestions read the log twice, and stdin can be read only once.";
    throw usageError({ what: "Nothing was simulated.", why, hint: "Write the log to a file." });
  }
  const played = await policiesOf(session, options);
  const [first] = played as [PolicyRun];
  const open = () =>
    file === "-"
      ? world.input
      : createReadStream(resolve(world.folder, file), { highWaterMark: 1_048_576 });
  const evidence = options.suggest === true ? new LogEvidence() : undefined;
  const name = file === "-" ? "stdin" : file;
  const lines = await readLog(open(), {
    name,
    format: options.format,
    play: (entry) => {
      evidence?.note(entry);
      for (const { simulation } of played) simulation.play(entry);
    },
  });
  const suggestions = evidence && (await suggested(first, evidence, { open, name, lines }));
  tell(session, { name, lines, played, suggestions });
  return exitCode.done;
}

async function policiesOf({ world }: Session, options: SimulateOptions): Promise<PolicyRun[]> {
  const { folder } = world;
  const named = (path: string | undefined) =>
    path === undefined ? undefined : resolve(folder, path);
  const { config: path, library } = await readFolder(folder, named(options.config));
  if (path === undefined) {
    const why = `${folder} has no tidemark.config.ts.`;
    const hint = "Pass --config FILE, or run tidemark init here.";
    throw usageError({ what: "Nothing was simulated.", why, hint });
  }
  const against = named(options.against);
  const played: PolicyRun[] = [];
  for (const one of [path, ...(against === undefined ? [] : [against])]) {
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

async function suggested(
  first: PolicyRun,
  evidence: LogEvidence,
  log: { readonly open: () => Readable; readonly name: string; readonly lines: LinesRead },
): Promise<Suggestion[]> {
  const figures = figuresOf(first);
  const variants = variantsOf(first, figures, evidence).map((variant) => ({
    variant,
    played: openVariant(variant, first.policy),
  }));
  const { open, name, lines } = log;
  await readLog(open(), {
    name,
    format: lines.format,
    play: (entry) => {
      for (const { played } of variants) played.simulation.play(entry);
    },
  });
  return suggestionsOf(figures, variants);
}

interface SimulationOutput {
  readonly name: string;
  readonly lines: LinesRead;
  readonly played: readonly PolicyRun[];
  readonly suggestions: readonly Suggestion[] | undefined;
}

function tell(session: Session, { name, lines, played, suggestions }: SimulationOutput): void {
  const { terminal } = session;
  const figures = played.map(figuresOf);
  const assumptions = played[0] === undefined ? [] : assumptionsOf(played[0]);
  if (terminal.isJson) {
    return terminal.json({ log: name, lines, policies: figures, assumptions, suggestions });
  }
  const { requests, bad, others, firstBad, late, format } = lines;
  const hours = ((figures[0]?.seconds ?? 0) / 3_600).toFixed(2);
  terminal.print(`${name}: ${requests} requests in ${hours} hours, in the format ${format}`);
  const first = firstBad.map(({ number, text }) => `${number} (${text})`).join(", ");
  if (bad > 0) terminal.print(`${bad} lines cannot be read, first ${first}.`);
  if (others > 0) terminal.print(`${others} lines are no requests.`);
  if (late > 0) terminal.print(`${late} requests are far behind earlier ones, and count later.`);
  const { judged, hits } = lines;
  if (judged > 0)
    terminal.print(`The cache of the log answered ${percent(hits / judged)} of them.`);
  if (requests === 0) return;
  terminal.print("");
  printFigures(session, figures);
  terminal.print("");
  terminal.print("Assumed");
  for (const sentence of assumptions) terminal.print(`- ${sentence}`);
  if (suggestions === undefined) return;
  terminal.print("");
  terminal.print(
    suggestions.length === 0
      ? "No change helps enough to suggest it."
      : "Suggested, each on its own",
  );
  for (const { what, snippet, hitRatePoints, originRequestsShare } of suggestions) {
    const points = `${hitRatePoints >= 0 ? "+" : ""}${hitRatePoints.toFixed(1)} points of hit rate`;
    const share = `${originRequestsShare >= 0 ? "+" : ""}${(100 * originRequestsShare).toFixed(1)} % origin requests`;
    terminal.print(`- ${what}: ${points}, ${share}`);
    terminal.print(`    ${snippet}`);
  }
}
