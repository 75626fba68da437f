// The state of the model while a trace is played: names of its members, and steps that must be possible.
import { FiniteState, type Value } from "./finite-state.ts";
import type { Application, Sort, Term, Variable } from "./formula.ts";
import * as s from "./state.ts";
import { steps } from "./steps.ts";

/** The numbers of an event. Absent ones are 0. */
export type TraceEvent = { readonly step: string; readonly at: number } & Readonly<
  Partial<Record<Field, number>>
>;

type Field =
  | "isolate"
  | "colo"
  | "read"
  | "other"
  | "record"
  | "page"
  | "entry"
  | "first"
  | "count"
  | "sum"
  | "last"
  | "linedFirst"
  | "stamp"
  | "asOf"
  | "requestedAt"
  | "bodyAt"
  | "covers"
  | "hard"
  | "isPrimary"
  | "isFresh"
  | "body"
  | "isHead"
  | "isUnchanged"
  | "isRenewed"
  | "age"
  | "position";

/** An event that is no step of the model. */
export class Impossible extends Error {
  readonly rules: readonly string[];

  constructor(rules: readonly string[]) {
    super(`Impossible by ${rules.join(", ")}`);
    this.rules = rules;
  }
}

export const entryOf = (number: number) => (number === 0 ? "" : `entry ${number}`);

const longAgo = 1e15;

export class TracedState {
  readonly #state = new FiniteState();
  /** By how much less a clock is ahead than one of its colo was, at most. */
  readonly lost: number;
  readonly #lags: readonly number[];
  /** By entry, the covered pages as bits, and by response, its page. */
  readonly #covers = new Map<Value, number>();
  readonly #pages = new Map<Value, number>();
  #count = 0;

  constructor(constants: Readonly<Record<string, number>>, events: readonly TraceEvent[]) {
    this.#lags = [constants["usual_lag"] ?? 0, constants["quick_lag"] ?? 0];
    this.put(s.keptCount, [], constants["kept"] ?? 0);
    this.put(s.A, [], constants["allowance"] ?? 0);
    this.put(s.L, [], constants["replica_lag"] ?? 0);
    // Without steps, clocks differ by their error. Noticed steps lose at most A.
    const isSet = events.some(({ step }) => step === "turn");
    this.lost = Math.max(constants["clock_error"] ?? 0, isSet ? Number(this.get(s.A)) : 0);
    for (const { step, isolate = 0, colo = 0, asOf = 0 } of events) {
      if (step !== "start") continue;
      const place = this.#state.add("Colo", `colo ${colo}`);
      const who = this.#state.add("Isolate", `isolate ${isolate}`);
      this.put(s.coloOf(), [who], place);
      this.put(s.offset(), [who], asOf);
      this.put(s.fast(), [who], asOf);
      this.put(s.isSteady(), [who], true);
      for (const never of [s.highest(), s.doubt(), s.wokenAt()]) this.put(never, [who], -longAgo);
    }
  }

  /** The present time by the clock of an isolate. */
  clock({ at, isolate = 0 }: TraceEvent): number {
    return at + this.offset(isolate);
  }

  offset(isolate: number): number {
    return Number(this.get(s.offset(), `isolate ${isolate}`));
  }

  readonly get = (symbol: Application, ...args: readonly Value[]): Value =>
    this.#state.get(symbol, args);

  put(symbol: Application, args: readonly Value[], value: Value): void {
    this.#state.put(symbol, args, value);
  }

  members(sort: Sort): readonly Value[] {
    return this.#state.members(sort);
  }

  holds(term: Term, variables: readonly Variable[] = [], values: readonly Value[] = []): boolean {
    return Boolean(this.#state.value(term, variables, values));
  }

  /** Takes a step if it is possible. Returns whether it is. */
  mayTake(name: string, ...values: readonly Value[]): boolean {
    const { [name]: step } = steps;
    if (step === undefined) throw new TypeError(`There is no step ${name}.`);
    return this.#state.take(step, values);
  }

  /** @throws Impossible if the step is not possible */
  take(name: string, ...values: readonly Value[]): void {
    this.takeOne([[name, ...values]]);
  }

  /** Takes the first step that is possible. */
  takeOne(attempts: readonly (readonly [name: string, ...values: Value[]])[]): void {
    const rules = new Set<string>();
    for (const [name, ...values] of attempts) {
      if (this.mayTake(name, ...values)) return;
      const { [name]: step } = steps;
      if (step === undefined) continue;
      const against = this.#state.rulesAgainst(step.when, step.parameters, values);
      for (const rule of against) rules.add(rule);
    }
    throw new Impossible([...rules]);
  }

  must(isTrue: boolean, rule: string): void {
    if (!isTrue) throw new Impossible([rule]);
  }

  mustHold(term: Term, variables: readonly Variable[], values: readonly Value[]): void {
    if (!this.holds(term, variables, values))
      throw new Impossible(this.#state.rulesAgainst(term, variables, values));
  }

  /** Adds a member to a sort. */
  add(sort: Sort): string {
    return this.#state.add(sort, `${sort} ${(this.#count += 1)}`);
  }

  addEntry(covers: number): string {
    const entry = this.#state.add("Entry", entryOf(this.#covers.size + 1));
    this.#covers.set(entry, covers);
    for (const response of this.members("Response")) this.#cover(entry, response);
    return entry;
  }

  addResponse(page: number): string {
    const response = this.add("Response");
    this.#pages.set(response, page);
    this.put(s.N(), [response], this.#lags[page] ?? 0);
    for (const entry of this.members("Entry")) this.#cover(entry, response);
    return response;
  }

  pageOf(response: Value): number {
    return this.#pages.get(response) ?? 0;
  }

  #cover(entry: Value, response: Value): void {
    const bits = this.#covers.get(entry) ?? 0;
    this.put(s.covers(), [entry, response], Boolean((bits >> this.pageOf(response)) & 1));
  }
}
