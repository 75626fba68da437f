// The solver must prove that the invariant holds at the beginning, that every step keeps it, and that it
// implies the promises. A counterexample to one of these checks would break the proof.
import {
  and,
  type Members,
  not,
  partsOf,
  type Printing,
  type StateSymbol,
  type Term,
  textOf,
} from "./formula.ts";
import { initial, invariant } from "./invariant.ts";
import { promises } from "./promises.ts";
import type { Question } from "./solver.ts";
import { sorts } from "./state.ts";
import { before, type Step } from "./step.ts";
import { steps } from "./steps.ts";

/** Checks with the same hypotheses. */
export interface Obligations {
  /** `beginning`, the name of a step, or `promises`. */
  readonly of: string;
  readonly constants: readonly string[];
  readonly hypotheses: readonly Term[];
  /** By name, what follows from the hypotheses. */
  readonly goals: Readonly<Record<string, Term>>;
}

function symbolsIn(term: Term): Map<string, StateSymbol> {
  return new Map(
    partsOf(term).flatMap((part) =>
      part.kind === "application" ? [[part.symbol.name, part.symbol]] : [],
    ),
  );
}

interface Texts {
  readonly question: Question;
  readonly goals: readonly { readonly name: string; readonly text: string }[];
}

const parts = Object.values(invariant);

/** Returns the parts of the invariant as they are after a step. Other parts do not change. */
function changedBy(step: Step): Readonly<Record<string, Term>> {
  const isChanged = (part: Term) =>
    Array.from(symbolsIn(part).keys()).some((name) => step.changes.has(name));
  const changed = Object.entries(invariant).filter(([, part]) => isChanged(part));
  return Object.fromEntries(changed.map(([name, part]) => [name, before(part, step)]));
}

const ofStep = ([of, step]: readonly [string, Step]): Obligations => ({
  of,
  constants: step.parameters.map(({ name, sort }) => `(declare-const ${name} ${sort})`),
  hypotheses: parts.concat(step.when),
  goals: changedBy(step),
});

export const obligations: readonly Obligations[] = [
  { of: "beginning", constants: [], hypotheses: [initial], goals: invariant },
  ...Object.entries(steps).map(ofStep),
  { of: "promises", constants: [], hypotheses: parts, goals: promises },
];

const terms = obligations.flatMap(({ hypotheses, goals }) =>
  hypotheses.concat(Object.values(goals)),
);

export const symbols: ReadonlyMap<string, StateSymbol> = symbolsIn(and(...terms));

/** The names of all rules and assumptions. */
export const rules: readonly string[] = [
  ...new Set(partsOf(and(...terms)).flatMap((part) => (part.kind === "rule" ? [part.name] : []))),
];

/** Returns the declarations of the sorts, which may be finite, and of the symbols. */
export function declarationsOf(members?: Members): readonly string[] {
  const finite = (names: readonly string[]) => names.map((name) => `(${name})`).join(" ");
  return [
    ...sorts.map((sort) => {
      const names = members?.get(sort);
      return names
        ? `(declare-datatypes ((${sort} 0)) ((${finite(names)})))`
        : `(declare-sort ${sort} 0)`;
    }),
    ...[...symbols.values()].map(
      ({ name, args, value }) => `(declare-fun ${name} (${args.join(" ")}) ${value})`,
    ),
  ];
}

/** Returns the text of the hypotheses and declarations, and of each negated goal. */
export function textsOf({ constants, hypotheses, goals }: Obligations, how: Printing = {}): Texts {
  return {
    question: {
      declarations: [...declarationsOf(how.members), ...constants],
      hypotheses: hypotheses.map((term) => textOf(term, how)),
    },
    goals: Object.entries(goals).map(([name, goal]) => ({ name, text: textOf(not(goal), how) })),
  };
}
