// A state of finite sets, which gives formulas values and takes the steps of the model.
import {
  type Application,
  type Operator,
  partsOf,
  type Sort,
  type StateSymbol,
  type Term,
  type Variable,
} from "./formula.ts";
import type { Step } from "./step.ts";

export type Value = boolean | number | string;
type Table = Map<Value, Value>;

const absent: Readonly<Record<Sort, Value>> = { Bool: false, Int: 0 };

type Part = () => Value;

const operations: Readonly<Record<Operator, (parts: readonly Part[]) => Value>> = {
  and: (parts) => parts.every((part) => part()),
  or: (parts) => parts.some((part) => part()),
  not: ([a]) => a?.() !== true,
  "=>": ([a, b]) => a?.() !== true || b?.() === true,
  "=": ([a, b]) => a?.() === b?.(),
  "<=": ([a, b]) => Number(a?.()) <= Number(b?.()),
  "<": ([a, b]) => Number(a?.()) < Number(b?.()),
  "+": (parts) => parts.reduce((sum, part) => sum + Number(part()), 0),
  "-": ([a, b]) => Number(a?.()) - Number(b?.()),
  ite: ([a, b, c]) => (a?.() === true ? b : c)?.() ?? false,
};

export class FiniteState {
  readonly #members = new Map<Sort, Value[]>([["Bool", [false, true]]]);
  readonly #tables = new Map<string, Table>();
  readonly #pairs = new Map<string, Map<Value, Table>>();
  readonly #variables = new Map<string, { value: Value }>();
  /** By the dropped rule. */
  readonly #compiled = new Map<string, WeakMap<Term, Part>>();
  #dropped = "";

  members(sort: Sort): readonly Value[] {
    const found = this.#members.get(sort);
    if (found === undefined && sort === "Int") throw new TypeError("Numbers are not finite.");
    return found ?? [];
  }

  /** Adds a member to a sort. Returns its name. */
  add(sort: Sort, name: string): string {
    const members = this.#members.get(sort) ?? [];
    if (!members.includes(name)) this.#members.set(sort, [...members, name]);
    return name;
  }

  /** Returns the value of a term, whose variables have the given values. */
  value(term: Term, variables: readonly Variable[] = [], values: readonly Value[] = []): Value {
    variables.forEach((variable, at) => (this.#slot(variable).value = values[at] ?? ""));
    return this.#compile(term)();
  }

  /** Returns the rules of which each alone forbids what a term describes. */
  rulesAgainst(term: Term, variables: readonly Variable[], values: readonly Value[]): string[] {
    const names = partsOf(term).flatMap((part) => (part.kind === "rule" ? [part.name] : []));
    const against = [...new Set(names)].filter((name) => {
      this.#dropped = name;
      return this.value(term, variables, values);
    });
    this.#dropped = "";
    return against;
  }

  get({ symbol }: Application, args: readonly Value[] = []): Value {
    const none = absent[symbol.value] ?? "";
    return this.#table(symbol, args[0] ?? "").get(args.at(-1) ?? "") ?? none;
  }

  put({ symbol }: Application, args: readonly Value[], value: Value): void {
    this.#table(symbol, args[0] ?? "").set(args.at(-1) ?? "", value);
  }

  /** Takes a step, if its condition holds. Returns whether it does. */
  take({ parameters, when, changes }: Step, values: readonly Value[]): boolean {
    if (!this.value(when, parameters, values)) return false;
    const written = [...changes.values()].flatMap((change) =>
      this.#tuples(change.parameters).map((args) => ({
        target: { kind: "application" as const, symbol: change.symbol, args: [] },
        args,
        value: this.value(change.value, change.parameters, args),
      })),
    );
    for (const { target, args, value } of written) this.put(target, args, value);
    return true;
  }

  #tuples(variables: readonly Variable[]): readonly (readonly Value[])[] {
    return variables.reduce<Value[][]>(
      (tuples, { sort }) =>
        tuples.flatMap((tuple) => this.members(sort).map((member) => tuple.concat(member))),
      [[]],
    );
  }

  #slot({ name }: Variable): { value: Value } {
    const slot = this.#variables.get(name) ?? { value: "" };
    this.#variables.set(name, slot);
    return slot;
  }

  #table({ name, args }: StateSymbol, first: Value): Table {
    if (args.length < 2) {
      const table: Table = this.#tables.get(name) ?? new Map();
      this.#tables.set(name, table);
      return table;
    }
    const pairs: Map<Value, Table> = this.#pairs.get(name) ?? new Map();
    this.#pairs.set(name, pairs);
    const table: Table = pairs.get(first) ?? new Map();
    pairs.set(first, table);
    return table;
  }

  #compile(term: Term): Part {
    const cache: WeakMap<Term, Part> = this.#compiled.get(this.#dropped) ?? new WeakMap();
    this.#compiled.set(this.#dropped, cache);
    const compiled = cache.get(term) ?? this.#compileNew(term);
    cache.set(term, compiled);
    return compiled;
  }

  #compileNew(term: Term): Part {
    if (term.kind === "quantified") return this.#compileQuantified(term);
    if (term.kind === "literal") return () => term.value;
    if (term.kind === "variable") {
      const slot = this.#slot(term);
      return () => slot.value;
    }
    if (term.kind === "rule")
      return this.#compile(term.name === this.#dropped ? term.otherwise : term.term);
    const parts = term.args.map((part) => this.#compile(part));
    if (term.kind === "operation") {
      const { [term.operator]: run } = operations;
      return () => run(parts);
    }
    const { symbol } = term;
    const [first, second] = parts;
    const none = absent[symbol.value] ?? "";
    if (first === undefined) return () => this.#table(symbol, "").get("") ?? none;
    if (second !== undefined) return () => this.#table(symbol, first()).get(second()) ?? none;
    const table = this.#table(symbol, "");
    return () => table.get(first()) ?? none;
  }

  #compileQuantified({ isForAll, variables, body }: Term & { kind: "quantified" }): Part {
    const holds = this.#compile(body);
    const slots = variables.map((one) => ({ slot: this.#slot(one), sort: one.sort }));
    const search = (at: number): boolean => {
      const one = slots[at];
      if (one === undefined) return Boolean(holds());
      for (const member of this.members(one.sort)) {
        one.slot.value = member;
        if (search(at + 1) !== isForAll) return !isForAll;
      }
      return isForAll;
    };
    return () => search(0);
  }
}
