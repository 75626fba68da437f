// Asks the solver Z3, which runs as WebAssembly, whether goals follow from hypotheses.
import { init, killThreads, type Z3_context, type Z3_solver } from "z3-solver";

/** `proved`: no counterexample exists. `refuted`: one exists. */
export type Verdict = "proved" | "refuted" | "unknown";

const verdictOf: Readonly<Record<number, Verdict>> = { [-1]: "proved", 1: "refuted" };

/** Text in SMT-LIB. */
export interface Question {
  readonly declarations: readonly string[];
  readonly hypotheses: readonly string[];
}

export class Solver {
  readonly #api: Awaited<ReturnType<typeof init>>;

  private constructor(api: Awaited<ReturnType<typeof init>>) {
    this.#api = api;
  }

  static async start(): Promise<Solver> {
    return new Solver(await init());
  }

  async stop(): Promise<void> {
    await killThreads(this.#api.em);
  }

  /** Returns the verdict on each goal, whose text is its negation. */
  verdicts(question: Question, goals: readonly string[]): readonly Verdict[] {
    const { Z3 } = this.#api;
    return this.#with(question, goals, (context, solver, assertGoal) => {
      const verdicts: Verdict[] = [];
      for (const at of goals.keys()) {
        Z3.solver_push(context, solver);
        assertGoal(at);
        verdicts.push(this.#check(context, solver));
        Z3.solver_pop(context, solver, 1);
      }
      return verdicts;
    });
  }

  /** Returns the values of all constants in an example; `undefined` if there is none. */
  example(question: Question): ReadonlyMap<string, string> | undefined {
    const { Z3 } = this.#api;
    return this.#with(question, [], (context, solver) => {
      const verdict = this.#check(context, solver);
      if (verdict === "proved") return undefined;
      if (verdict !== "refuted") {
        throw new Error(`Z3 gives up: ${Z3.solver_get_reason_unknown(context, solver)}`);
      }
      const text = Z3.model_to_string(context, Z3.solver_get_model(context, solver));
      const values = [...text.matchAll(/^(\S+) -> (?:\(- (\d+)\)|(\S+))$/gm)];
      return new Map(
        values.map(([, name = "", negative, value]) => [name, value ?? `-${negative}`]),
      );
    });
  }

  /** Unlike `Z3.solver_check`, begins no thread, which costs more than most checks. */
  #check(context: Z3_context, solver: Z3_solver): Verdict {
    const { _Z3_solver_check: check } = this.#api.em as {
      _Z3_solver_check: (context: Z3_context, solver: Z3_solver) => number;
    };
    return verdictOf[check(context, solver)] ?? "unknown";
  }

  /** `eval_smtlib2_string` would be shorter, but its thread reads a text that is freed meanwhile. */
  #with<T>(
    { declarations, hypotheses }: Question,
    goals: readonly string[],
    ask: (context: Z3_context, solver: Z3_solver, assertGoal: (at: number) => void) => T,
  ): T {
    const { Z3 } = this.#api;
    const context = Z3.mk_context(Z3.mk_config());
    const assertions = [...hypotheses, ...goals].map((text) => `(assert ${text})`);
    const text = [...declarations, ...assertions].join("\n");
    const parsed = Z3.parse_smtlib2_string(context, text, [], [], [], []);
    if (Z3.ast_vector_size(context, parsed) !== assertions.length) {
      throw new Error(`Z3 cannot read this text:\n${text}`);
    }
    Z3.ast_vector_inc_ref(context, parsed);
    const solver = Z3.mk_simple_solver(context);
    Z3.solver_inc_ref(context, solver);
    const assertNth = (at: number) =>
      Z3.solver_assert(context, solver, Z3.ast_vector_get(context, parsed, at));
    for (const at of hypotheses.keys()) assertNth(at);
    const found = ask(context, solver, (at) => assertNth(hypotheses.length + at));
    Z3.del_context(context);
    return found;
  }
}
