// Compiles the specification of the purge protocol with Spin, searches its states, and plays traces
// by it. With TIDEMARK_REQUIRE_SPIN=1, a missing spin or gcc is an error.
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const isSpinInstalled =
  spawnSync("spin", ["-V"]).status === 0 && spawnSync("gcc", ["--version"]).status === 0;

if (!isSpinInstalled) {
  const lack = "spin or gcc is not on PATH (Debian: apt-get install spin gcc libc6-dev).";
  if (process.env["TIDEMARK_REQUIRE_SPIN"] === "1") {
    throw new Error(`TIDEMARK_REQUIRE_SPIN is 1, but: ${lack}`);
  }
  console.warn(`${lack} The specification of the purge protocol is not checked here.`);
}

const folder = fileURLToPath(new URL(".", import.meta.url));

const invariants = ["bound", "forgot"] as const;
export type Invariant = (typeof invariants)[number];

interface SearchResult {
  readonly statesCount: number;
  readonly seconds: number;
  /** The invariant that a reachable state breaks; `undefined` if there is no such state. */
  readonly broken: Invariant | undefined;
  /** The steps that lead to that state. */
  readonly steps: readonly string[];
}

/** The verdict on a trace: the first event that is no possible step, and the rules against it. */
export type TraceVerdict =
  | { readonly kind: "accepted" }
  | {
      readonly kind: "rejected";
      readonly step: string;
      readonly rules: readonly string[];
      /** The rejected event. */
      readonly line: string;
    };

const outputMax = 64 * 1_048_576;

/** A verifier, compiled from the specification into a temporary folder. */
export class Verifier {
  readonly #folder: string;

  private constructor(into: string) {
    this.#folder = into;
  }

  /**
   * @param how.isCompact whether to keep only hashes of states, for large searches. Two states may
   *   then count as one, which is very unlikely
   */
  static async compile(
    purpose: "search" | "traces",
    how: { readonly isCompact?: boolean } = {},
  ): Promise<Verifier> {
    const into = await mkdtemp(join(tmpdir(), "tidemark-specification-"));
    const traces = purpose === "traces" ? ["-DTRACES"] : [];
    await run("spin", ["-a", ...traces, join(folder, "purge-protocol.pml")], { cwd: into });
    // The verifier of traces is long and runs briefly, so it is not optimized.
    const flags = purpose === "traces" ? ["-O0", "-DBITSTATE", "-DVECTORSZ=400000"] : ["-O2"];
    if (how.isCompact === true) flags.push("-DHC4");
    const all = [...flags, ...traces, "-DSAFETY", "-DNOREDUCE", "-w", `-I${folder}`];
    await run("gcc", [...all, "-o", "pan", "pan.c"], { cwd: into });
    return new Verifier(into);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  /**
   * Searches all reachable states within the settings.
   *
   * @param dropped the name of a rule to drop
   */
  async search(settings: string, dropped = ""): Promise<SearchResult> {
    const cwd = await mkdtemp(join(this.#folder, "run-"));
    const pan = join(this.#folder, "pan");
    const env = { SPECIFICATION: settings, DROPPED_RULE: dropped };
    const { stdout } = await run(pan, ["-E", "-m1000000", "-w22"], {
      cwd,
      env,
      maxBuffer: outputMax,
    });
    if (!/errors: [01]\b/.test(stdout) || stdout.includes("too small")) {
      throw new Error(`The search of "${settings}" is not complete:\n${stdout}`);
    }
    const name = /assertion violated +!\((\w+)\)/.exec(stdout)?.[1];
    const broken = invariants.find((each) => each === name);
    const trail = (await readdir(cwd)).find((file) => file.endsWith(".trail"));
    let steps: string[] = [];
    if (trail !== undefined) {
      const replay = { cwd, env: { ...env, REPLAYED: "1" }, maxBuffer: outputMax };
      const replayed = await run(pan, ["-r", trail], replay);
      steps = replayed.stdout.split("\n").filter((line) => /^ *\d+ {2}isolate/.test(line));
    }
    return {
      statesCount: Number(/(\d+) states, stored/.exec(stdout)?.[1]),
      seconds: Number(/elapsed time ([\d.]+)/.exec(stdout)?.[1]),
      broken,
      steps,
    };
  }

  /** Plays traces, each of them the lines that a simulated history has recorded. */
  async play(traces: readonly (readonly string[])[]): Promise<readonly TraceVerdict[]> {
    const file = join(this.#folder, "traces.jsonl");
    await writeFile(file, traces.map((lines) => `${lines.join("\n")}\n`).join(""));
    const env = { TRACES: file };
    const pan = join(this.#folder, "pan");
    const { stdout } = await run(pan, ["-E"], { cwd: this.#folder, env, maxBuffer: outputMax });
    const verdicts = new Map<number, TraceVerdict>();
    for (const line of stdout.split("\n")) {
      const [, kind, trace, at, step = "", rules = ""] =
        /^(accepted|rejected) (\d+)(?: (\d+) (\w+)(?:: (.*))?)?$/.exec(line) ?? [];
      if (kind === "accepted") verdicts.set(Number(trace), { kind });
      if (kind !== "rejected") continue;
      const event = traces[Number(trace)]?.[Number(at) + 1] ?? "";
      verdicts.set(Number(trace), { kind, step, rules: rules.split(", "), line: event });
    }
    return traces.map((_, at) => {
      const verdict = verdicts.get(at);
      if (verdict === undefined) throw new Error(`There is no verdict on trace ${at}:\n${stdout}`);
      return verdict;
    });
  }
}
