// A step of the model: a condition on its parameters and the state, and the changes of the state.
import {
  and,
  type Application,
  eq,
  ite,
  mapTerm,
  type StateSymbol,
  type Term,
  type Variable,
  variablesOf,
} from "./formula.ts";

/** The new value of a symbol at its parameters, by the state before the step. */
export interface Change {
  readonly symbol: StateSymbol;
  readonly parameters: readonly Variable[];
  readonly value: Term;
}

export interface Step {
  readonly parameters: readonly Variable[];
  readonly when: Term;
  /** By the names of symbols. */
  readonly changes: ReadonlyMap<string, Change>;
}

/** Changes a symbol at all its arguments. */
export function becomes(
  changed: (...args: readonly Term[]) => Application,
  value: (...parameters: readonly Term[]) => Term,
): Change {
  const { symbol } = changed();
  const parameters = variablesOf(symbol.args.join(" "));
  return { symbol, parameters, value: value(...parameters) };
}

/** Changes a symbol at the arguments of `target` only. */
export function set({ symbol, args }: Application, value: Term): Change {
  const parameters = variablesOf(symbol.args.join(" "));
  if (parameters.length === 0) return { symbol, parameters, value };
  const isTarget = parameters.map((parameter, at) => eq(parameter, args[at] ?? parameter));
  const former: Term = { kind: "application", symbol, args: parameters };
  return { symbol, parameters, value: ite(and(...isTarget), value, former) };
}

/**
 * @param sorts the sorts of the parameters, such as `Isolate Read`
 * @param define returns the condition, and the changes. Of two changes of a symbol, the last counts
 */
export function step(
  sorts: string,
  define: (...parameters: readonly Term[]) => readonly [when: Term, changes: readonly Change[]],
): Step {
  const parameters = variablesOf(sorts);
  const [when, changes] = define(...parameters);
  return { parameters, when, changes: new Map(changes.map((one) => [one.symbol.name, one])) };
}

/** Returns a term that has the value before a step that the given term has after it. */
export function before(term: Term, { changes }: Step): Term {
  const part = mapTerm(term, (one) => before(one, { changes } as Step));
  if (part.kind !== "application") return part;
  const change = changes.get(part.symbol.name);
  if (change === undefined) return part;
  const { parameters, value } = change;
  return substituted(
    value,
    new Map(parameters.map(({ name }, at) => [name, part.args[at] ?? part])),
  );
}

function substituted(term: Term, terms: ReadonlyMap<string, Term>): Term {
  if (term.kind === "variable") return terms.get(term.name) ?? term;
  return mapTerm(term, (part) => substituted(part, terms));
}
