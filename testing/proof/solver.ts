// Asks the solver Z3, which runs as WebAssembly, whether goals follow from hypotheses.
import { init, killThreads } from "z3-solver";

/** `proved`: no counterexample exists. `refuted`: one exists. */
export type Verdict = "proved" | "refuted" | "unknown";

const verdictOf: Readonly<Record<string, Verdict>> = { unsat: "proved", sat: "refuted" };

/** The work after which a check is `unknown`: some seconds, but the same on each machine. */
const workMax = 20_000_000;

export class Solver {
  readonly #z3: Awaited<ReturnType<typeof init>>;

  private constructor(z3: Awaited<ReturnType<typeof init>>) {
    this.#z3 = z3;
  }

  static async start(): Promise<Solver> {
    return new Solver(await init());
  }

  async stop(): Promise<void> {
    await killThreads(this.#z3.em);
  }

  /** Returns the verdict on each goal, whose text asserts that it does not hold. */
  async verdicts(hypotheses: string, goals: readonly string[]): Promise<readonly Verdict[]> {
    const checks = goals.map((text) => `(push)\n${text}\n(check-sat)\n(pop)`);
    const output = await this.run([`(set-option :rlimit ${workMax})`, hypotheses, ...checks]);
    const lines = output.trim().split("\n");
    if (lines.length !== goals.length) throw new Error(`The solver answered:\n${output}`);
    return lines.map((line) => verdictOf[line] ?? "unknown");
  }

  /** Returns the output of SMT-LIB commands. */
  async run(commands: readonly string[]): Promise<string> {
    const { Z3 } = this.#z3;
    const context = Z3.mk_context(Z3.mk_config());
    const output = await Z3.eval_smtlib2_string(context, commands.join("\n"));
    Z3.del_context(context);
    return output;
  }
}
