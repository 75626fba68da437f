// Finds a history: given the names of its steps, the solver chooses their parameters, from an empty
// journal to a last state. Its sets are finite, so the history is concrete.
import {
  and,
  eq,
  every,
  implies,
  int,
  le,
  type Members,
  not,
  type Term,
  textOf,
  type Variable,
} from "./formula.ts";
import { initial } from "./invariant.ts";
import { declarationsOf } from "./obligations.ts";
import type { Solver } from "./solver.ts";
import { A, coloOf, L, N, now, offset, sorts } from "./state.ts";
import { steps } from "./steps.ts";

/** Returns names for the members of a sort. */
export const membersOf = (sort: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${sort.toLowerCase()}${at + 1}`);

/** The steps that take a new member of a sort. */
const taking: Readonly<Record<string, RegExp>> = {
  Entry: /^(append|appendAgain|mark|writeThrough|setWithPurge|hold)$/,
  Response:
    /^(request|revalidate|freshen|backfill|combine|restampByView|restampByEpochs|addFields)$/,
  Read: /^send$/,
  Copy: /^copy$/,
  Increment: /^sendIncrement$/,
};

/** Returns two isolates in two colos, and as many members of the other sorts as the steps take. */
function membersFor(order: readonly string[]): Members {
  const sizeOf = (sort: string) =>
    Math.max(1, taking[sort] ? order.filter((name) => taking[sort]?.test(name)).length : 2);
  return new Map(sorts.map((sort) => [sort, membersOf(sort, sizeOf(sort))]));
}

/** N is 10 s, A is 1 s, and clocks of colos differ by up to 5 s, until a step sets them. */
const world = and(
  eq(A, int(1_000)),
  eq(L, int(0)),
  eq(now, int(0)),
  every("Response", (r) => eq(N(r), int(10_000))),
  every("Isolate", (i) => and(le(int(0), offset(i)), le(offset(i), int(5_000)))),
  every("Isolate Isolate", (i, j) => implies(eq(coloOf(i), coloOf(j)), eq(offset(i), offset(j)))),
);

interface Asked {
  /** The names of the steps, with spaces between. */
  readonly order: string;
  /** The rule that the history need not obey. */
  readonly dropped?: string;
  /** The last state is an example of this, if it is `some`, else a counterexample. */
  readonly last: Term;
}

/** Returns a line for each step of a history, and for its last state; `undefined` if there is none. */
export function findHistory(
  solver: Solver,
  { order, dropped, last }: Asked,
): readonly string[] | undefined {
  if (last.kind !== "quantified")
    throw new TypeError("The last state must show a quantified term.");
  const names = order.split(" ");
  const members = membersFor(names);
  const versions = new Map<string, string>();
  const how = {
    dropped,
    members,
    named: ({ name }: { name: string }) => versions.get(name) ?? name,
  };
  const declared = [...declarationsOf(members)];
  const hypotheses = [textOf(and(initial, world), how)];
  const events: { readonly name: string; readonly values: readonly string[] }[] = [];
  const declare = (name: string, variables: readonly Variable[]) => {
    const values = variables.map((variable) => `${variable.name}!${events.length}`);
    declared.push(...variables.map(({ sort }, at) => `(declare-const ${values[at]} ${sort})`));
    events.push({ name, values });
    return new Map(variables.map((variable, at) => [variable.name, values[at] ?? ""]));
  };
  for (const name of names) {
    const step = steps[name];
    if (step === undefined) throw new TypeError(`There is no step ${name}.`);
    const bound = declare(name, step.parameters);
    hypotheses.push(textOf(step.when, how, bound));
    const changed = [...step.changes.values()].map(({ symbol, parameters, value }) => {
      const version = `${symbol.name}!${events.length}`;
      const list = parameters.map((one) => `(${one.name} ${one.sort})`).join(" ");
      const text = textOf(value, how, bound);
      declared.push(`(define-fun ${version} (${list}) ${symbol.value} ${text})`);
      return [symbol.name, version] as const;
    });
    for (const [symbol, version] of changed) versions.set(symbol, version);
  }
  const bound = declare("finally", last.variables);
  const shown = last.isForAll ? not(last.body) : last.body;
  hypotheses.push(textOf(shown, how, bound));
  const found = solver.example({ declarations: declared, hypotheses });
  return (
    found &&
    events.map(({ name, values }) => {
      const shownValues = values.map((value) => found.get(value) ?? "any");
      return `${name}(${shownValues.join(", ")})`;
    })
  );
}
