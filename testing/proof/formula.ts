// Formulas of the model. A formula has two meanings: SMT-LIB text for a solver, here, and a value in
// a finite state, in finite-state.ts.

/** The sort of a term: `Bool`, `Int`, or the name of a set such as `Entry`. */
export type Sort = string;

/** A part of the state: a function of its arguments. */
export interface StateSymbol {
  readonly name: string;
  readonly args: readonly Sort[];
  readonly value: Sort;
}

/** The operators, by their names in SMT-LIB. */
export type Operator = "and" | "or" | "not" | "=>" | "=" | "<=" | "<" | "+" | "-" | "ite";

export interface Variable {
  readonly kind: "variable";
  readonly name: string;
  readonly sort: Sort;
}

export interface Application {
  readonly kind: "application";
  readonly symbol: StateSymbol;
  readonly args: readonly Term[];
}

/** A condition of a rule. A run may drop the rule: then `otherwise` stands in its place. */
export interface RuleTerm {
  readonly kind: "rule";
  readonly name: string;
  readonly term: Term;
  readonly otherwise: Term;
}

export type Term =
  | { readonly kind: "literal"; readonly value: boolean | number }
  | Variable
  | Application
  | { readonly kind: "operation"; readonly operator: Operator; readonly args: readonly Term[] }
  | {
      readonly kind: "quantified";
      readonly isForAll: boolean;
      readonly variables: readonly Variable[];
      readonly body: Term;
    }
  | RuleTerm;

const operation =
  (operator: Operator) =>
  (...args: readonly Term[]): Term => ({ kind: "operation", operator, args });

export const and = operation("and");
export const or = operation("or");
export const eq = operation("=");
export const le = operation("<=");
export const lt = operation("<");
export const plus = operation("+");
export const minus = operation("-");
export const ite = operation("ite");
export const implies = operation("=>");
export const not = operation("not");
export const yes: Term = { kind: "literal", value: true };
export const no: Term = { kind: "literal", value: false };
export const int = (value: number): Term => ({ kind: "literal", value });

export const rule = (name: string, term: Term, otherwise: Term = yes): RuleTerm => ({
  kind: "rule",
  name,
  term,
  otherwise,
});

const words = (text: string) => text.split(" ").filter(Boolean);

let variablesCount = 0;

/** Returns a new variable of each sort in a list such as `Isolate Entry`. */
export function variablesOf(sorts: string): readonly Variable[] {
  return words(sorts).map((sort) => {
    variablesCount += 1;
    return { kind: "variable", name: `${sort.toLowerCase()}_${variablesCount}`, sort };
  });
}

const quantifier =
  (isForAll: boolean) =>
  (sorts: string, body: (...variables: readonly Term[]) => Term): Term => {
    const variables = variablesOf(sorts);
    return { kind: "quantified", isForAll, variables, body: body(...variables) };
  };

/** Holds if the body holds for all members of the sorts in a list such as `Isolate Entry`. */
export const every = quantifier(true);
export const some = quantifier(false);

/** Returns a function of the state: a symbol, which is applied to arguments. */
export function symbol(args: string, value: Sort, name: string) {
  const declared: StateSymbol = { name, args: words(args), value };
  return (...terms: readonly Term[]): Application => ({
    kind: "application",
    symbol: declared,
    args: terms,
  });
}

/** Applies a function to the direct parts of a term. */
export function mapTerm(term: Term, change: (part: Term) => Term): Term {
  if (term.kind === "literal" || term.kind === "variable") return term;
  if (term.kind === "quantified") return { ...term, body: change(term.body) };
  if (term.kind === "rule")
    return { ...term, term: change(term.term), otherwise: change(term.otherwise) };
  return { ...term, args: term.args.map(change) };
}

/** Returns a term and all its parts. */
export function partsOf(term: Term): readonly Term[] {
  const found: Term[] = [term];
  mapTerm(term, (part) => {
    found.push(...partsOf(part));
    return part;
  });
  return found;
}

/** The members of finite sorts. */
export type Members = ReadonlyMap<Sort, readonly string[]>;

export interface Printing {
  /** The rule that is dropped. */
  readonly dropped?: string | undefined;
  /** If present, a quantifier over these becomes a list. */
  readonly members?: Members | undefined;
  /** Returns the name of a symbol, if it has another. */
  readonly named?: (symbol: StateSymbol) => string;
}

/** Returns the SMT-LIB text of a term. */
export function textOf(
  term: Term,
  how: Printing = {},
  bound: ReadonlyMap<string, string> = new Map(),
): string {
  const text = (part: Term) => textOf(part, how, bound);
  if (term.kind === "quantified") return quantifiedText(term, how, bound);
  if (term.kind === "literal") return String(term.value);
  if (term.kind === "variable") return bound.get(term.name) ?? term.name;
  if (term.kind === "rule") return text(how.dropped === term.name ? term.otherwise : term.term);
  const head =
    term.kind === "operation" ? term.operator : (how.named?.(term.symbol) ?? term.symbol.name);
  return term.args.length === 0 ? head : `(${head} ${term.args.map(text).join(" ")})`;
}

function quantifiedText(
  { isForAll, variables, body }: Term & { kind: "quantified" },
  how: Printing,
  bound: ReadonlyMap<string, string>,
): string {
  const { members } = how;
  const isListed = ({ sort }: Variable) => members?.has(sort) === true;
  let cases: ReadonlyMap<string, string>[] = [bound];
  for (const { name, sort } of variables.filter(isListed)) {
    const each = members?.get(sort) ?? [];
    cases = cases.flatMap((one) => each.map((member) => new Map([...one, [name, member]])));
  }
  const free = variables.filter((one) => !isListed(one));
  const texts = cases.map((one) => textOf(body, how, one));
  const joined = members ? `(${isForAll ? "and" : "or"} ${texts.join(" ")})` : texts.join("");
  if (free.length === 0) return joined;
  const list = free.map(({ name, sort }) => `(${name} ${sort})`).join(" ");
  return `(${isForAll ? "forall" : "exists"} (${list}) ${joined})`;
}
