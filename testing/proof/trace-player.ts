// Plays a trace of the simulation by the steps of the model: each event must be a possible step, each
// answer must keep the promises, and the last state must have the whole invariant.
import { FiniteState, type Value } from "./finite-state.ts";
import type { Application, Sort, Term, Variable } from "./formula.ts";
import { variablesOf } from "./formula.ts";
import { invariant, mayAnswer, promises } from "./invariant.ts";
import * as s from "./state.ts";
import { steps } from "./steps.ts";

type Event = { readonly step: string; readonly at: number } & Readonly<
  Partial<Record<EventField, number>>
>;
type EventField =
  | "isolate"
  | "colo"
  | "read"
  | "other"
  | "record"
  | "page"
  | "entry"
  | "first"
  | "last"
  | "notedFirst"
  | "linedFirst"
  | "notedLast"
  | "stamp"
  | "asOf"
  | "requestedAt"
  | "bodyAt"
  | "covers"
  | "hard"
  | "isPrimary"
  | "isFresh";

/** The first event that is not possible. */
export interface Refusal {
  readonly event: string;
  /** The rules that forbid it, or the part of the invariant or the promise that it breaks. */
  readonly rules: readonly string[];
}

class Impossible extends Error {
  readonly rules: readonly string[];

  constructor(rules: readonly string[]) {
    super(`Impossible by ${rules.join(", ")}`);
    this.rules = rules;
  }
}

const asked = variablesOf("Isolate Response Bool Int");
const [i, r, isFresh, reading] = asked as [Variable, Variable, Variable, Variable];
const answers: Term = mayAnswer(i, r, { isFresh, reading });
const promised = [
  "no answer later than N after a purge",
  "an isolate that knows a purge obeys it",
].map((name) => {
  const promise = promises[name];
  if (promise?.kind !== "quantified") throw new TypeError(`There is no promise ${name}.`);
  return { ...promise, name };
});

/** Returns why a trace is not a history of the model; `undefined` if it is one. */
export function refusalOf(lines: readonly string[]): Refusal | undefined {
  const [first = "{}", ...rest] = lines;
  const events = rest.map((line) => JSON.parse(line) as Event);
  const player = new TracePlayer(JSON.parse(first) as Record<string, number>, events);
  for (const event of events) {
    const rules = player.rulesAgainst(event);
    if (rules !== undefined) return { event: JSON.stringify(event), rules };
  }
  const broken = player.brokenPart();
  return broken === undefined ? undefined : { event: "the last state", rules: [broken] };
}

class TracePlayer {
  readonly #state = new FiniteState();
  readonly #lags: readonly number[];
  readonly #offsets = new Map<number, number>();
  readonly #covers = new Map<Value, number>();
  readonly #pages = new Map<Value, number>();
  /** By isolate and number: the read that was sent, or the copy that was found. */
  readonly #reads = new Map<string, string>();
  readonly #found = new Map<string, string>();
  readonly #copies = new Map<string, string>();
  readonly #inColo = new Map<Value, string>();
  /** For each response, those that differ from it in their stamp alone. */
  readonly #restamped = new Map<number, string[]>();
  #count = 0;

  constructor(constants: Readonly<Record<string, number>>, events: readonly Event[]) {
    this.#lags = [constants["usual_lag"] ?? 0, constants["quick_lag"] ?? 0];
    this.#put(s.A, [], constants["allowance"] ?? 0);
    this.#put(s.E, [], constants["clock_error"] ?? 0);
    this.#put(s.L, [], constants["replica_lag"] ?? 0);
    for (const { step, isolate = 0, colo = 0, asOf = 0 } of events) {
      if (step !== "start") continue;
      this.#offsets.set(isolate, asOf);
      const place = this.#state.add("Colo", `colo ${colo}`);
      this.#put(s.coloOf(), [this.#state.add("Isolate", `isolate ${isolate}`)], place);
      const ahead = this.#state
        .members("Isolate")
        .filter((one) => this.#get(s.coloOf(), one) === place);
      const offsets = ahead.map((one) => this.#offsets.get(Number(String(one).slice(8))) ?? 0);
      this.#put(s.ahead(), [place], Math.min(...offsets));
    }
  }

  /** Takes the steps of an event. Returns the rules against it; `undefined` if it is possible. */
  rulesAgainst(event: Event): readonly string[] | undefined {
    try {
      if (event.at > Number(this.#get(s.now))) this.#take("wait", event.at);
      this.#play(event);
      return undefined;
    } catch (error) {
      if (error instanceof Impossible) return error.rules;
      throw error;
    }
  }

  /** Returns the name of a part of the invariant that does not hold. */
  brokenPart(): string | undefined {
    return Object.entries(invariant).find(([, part]) => !this.#state.value(part))?.[0];
  }

  #put(symbol: Application, args: readonly Value[], value: Value): void {
    this.#state.put(symbol, args, value);
  }

  #get(symbol: Application, ...args: readonly Value[]): Value {
    return this.#state.get(symbol, args);
  }

  #take(name: string, ...values: readonly Value[]): void {
    this.#takeOne([[name, ...values]]);
  }

  /** Takes the first step that is possible. */
  #takeOne(attempts: readonly (readonly [name: string, ...values: Value[]])[]): void {
    const rules = new Set<string>();
    for (const [name, ...values] of attempts) {
      const step = steps[name];
      if (step === undefined) throw new TypeError(`There is no step ${name}.`);
      if (this.#state.take(step, values)) return;
      const against = this.#state.rulesAgainst(step.when, step.parameters, values);
      for (const rule of against) rules.add(rule);
    }
    throw new Impossible([...rules]);
  }

  #must(isTrue: boolean, rule: string): void {
    if (!isTrue) throw new Impossible([rule]);
  }

  #new(sort: Sort): string {
    return this.#state.add(sort, `${sort} ${(this.#count += 1)}`);
  }

  #play(event: Event): void {
    const { step, isolate = 0, read = 0, entry = 0, record = 0 } = event;
    const who = `isolate ${isolate}`;
    const slot = `${isolate} ${read}`;
    const clock = event.at + (this.#offsets.get(isolate) ?? 0);
    switch (step) {
      case "send":
      case "send_back":
      case "send_append": {
        this.#reads.set(slot, this.#new("Read"));
        this.#found.delete(slot);
        return this.#take("send", who, this.#readAt(slot), clock);
      }
      case "serve":
        return this.#serves(event, slot);
      case "purge":
      case "mark":
        return this.#appends(event, slot);
      case "lose":
        return this.#take("lose", entryOf(event.last ?? 0), !event.last);
      case "answer_sender": {
        this.#must(entry !== 0, "21 own");
        if (!this.#get(s.isAccepted(), entryOf(entry))) this.#take("accept", entryOf(entry));
        return;
      }
      case "accept":
        return this.#take("apply", who, entryOf(entry));
      case "replace":
        return this.#take("apply", who, entryOf(event.other ?? 0));
      case "take":
        return this.#renews(event, { who, slot, clock });
      case "copy": {
        this.#must(this.#get(s.end(), who) === entryOf(event.last ?? 0), "12 chain");
        this.#must(this.#get(s.sentAt(), who) === event.asOf, "14 date");
        const copy = this.#new("Copy");
        this.#copies.set(copyKey(event), copy);
        return this.#take("copy", who, copy, entryOf(event.first ?? 0), clock);
      }
      case "put": {
        const copy = this.#copies.get(copyKey(event));
        this.#must(copy !== undefined, "14 date");
        this.#inColo.set(this.#get(s.coloOf(), who), copy ?? "");
        return;
      }
      case "find": {
        const copy = this.#inColo.get(this.#get(s.coloOf(), who));
        if (copy !== undefined) this.#found.set(slot, copy);
        return;
      }
      case "load":
        return this.#loads(event, who);
      case "generate":
        return this.#take("generate", `response ${record}`);
      case "store": {
        const response = `response ${record}`;
        this.#take("store", who, response, clock);
        this.#must(this.#hasStamp(response, event.stamp), "1 stamp");
        this.#must(this.#get(s.bodyAt(), response) === event.bodyAt, "1 clock");
        return;
      }
      case "restamp":
        return this.#restamps(event, who, slot);
      case "answer":
        return this.#answers(event, who, clock);
      case "start":
      case "arrive":
      case "miss":
      case "ask":
      case "reply":
      case "confirm":
        return;
      default:
        throw new Impossible(["20 stays"]);
    }
  }

  #readAt(slot: string): string {
    const read = this.#reads.get(slot);
    if (read === undefined) throw new Impossible(["11 joint"]);
    return read;
  }

  #serves(event: Event, slot: string): void {
    const { first = 0, last = 0, notedFirst = 0, notedLast = 0, linedFirst = 0 } = event;
    if (event.isPrimary) {
      const newest = this.#get(s.isFilled) ? this.#get(s.newest) : "";
      this.#must(newest === (last ? entryOf(last) : ""), "20 stays");
    }
    if (!last) return;
    // A book that does not end with the last entry is not used (rule 27 b).
    const named = notedLast === last ? notedFirst : last;
    const path = [first, last, named, linedFirst || first].map(entryOf);
    this.#take("serve", this.#readAt(slot), ...path, Boolean(event.isPrimary), true);
  }

  #appends({ step, entry = 0, covers = 0, hard }: Event, slot: string): void {
    const number = this.#covers.size + 1;
    const added = this.#state.add("Entry", entryOf(number));
    const isMark = step === "mark";
    this.#covers.set(added, isMark ? -1 : covers);
    for (const response of this.#state.members("Response")) this.#cover(added, response);
    this.#put(s.isHard(), [added], isMark || Boolean(hard));
    this.#put(s.isMark(), [added], isMark);
    if (!isMark) return this.#take("append", added);
    this.#put(s.marks(), [added], entry > 0 ? entryOf(entry) : added);
    this.#take("mark", added);
    const first = this.#state
      .members("Entry")
      .find((one) => this.#state.get(s.upTo(), [one, added]));
    this.#take(
      "serve",
      this.#readAt(slot),
      first ?? added,
      added,
      added,
      first ?? added,
      true,
      true,
    );
  }

  #cover(entry: Value, response: Value): void {
    const bits = this.#covers.get(entry) ?? 0;
    const page = this.#pages.get(response) ?? 0;
    this.#put(s.covers(), [entry, response], Boolean((bits >> page) & 1));
  }

  #renews(
    event: Event,
    { who, slot, clock }: Record<"who" | "slot", string> & { clock: number },
  ): void {
    const first = entryOf(event.first ?? 0);
    const copy = this.#found.get(slot);
    if (copy !== undefined) this.#take("take", who, copy, first);
    else if (!this.#get(s.hasView(), who))
      this.#take("begin", who, this.#readAt(slot), first, clock);
    else this.#rereads(first, { who, read: this.#readAt(slot), clock });
    this.#must(this.#get(s.end(), who) === entryOf(event.last ?? 0), "12 chain");
    const { asOf } = event;
    const dating = copy === undefined ? "11 date" : "14 date";
    this.#must(asOf === undefined || asOf === this.#get(s.sentAt(), who), dating);
  }

  /** A read extends the view, or the view begins again. */
  #rereads(
    first: string,
    { who, read, clock }: Record<"who" | "read", string> & { clock: number },
  ): void {
    const end = this.#get(s.end(), who);
    const marks = this.#state
      .members("Entry")
      .filter((one) => this.#get(s.isMark(), one) && this.#get(s.marks(), one) === end);
    this.#takeOne([
      ["extend", who, read, first, clock],
      // Without a loss, the view begins again without a mark.
      ...[end, ...marks].map((mark) => ["restart", who, read, first, mark, clock] as const),
    ]);
  }

  #loads({ record = 0, page = 0, stamp, requestedAt = 0 }: Event, who: string): void {
    const response = this.#addResponse(`response ${record}`, page);
    this.#restamped.set(record, [response]);
    this.#take("request", who, response, requestedAt);
    this.#must(this.#hasStamp(response, stamp), "1 stamp");
  }

  #addResponse(name: string, page: number): string {
    const response = this.#state.add("Response", name);
    this.#pages.set(response, page);
    this.#put(s.N(), [response], this.#lags[page] ?? 0);
    for (const entry of this.#state.members("Entry")) this.#cover(entry, response);
    return response;
  }

  #hasStamp(response: string, stamp = 0): boolean {
    const own = this.#get(s.hasStamp(), response) ? this.#get(s.stamp(), response) : entryOf(0);
    return own === entryOf(stamp);
  }

  #stamped(record: number, stamp: number | undefined): string {
    const found = this.#restamped.get(record)?.find((one) => this.#hasStamp(one, stamp));
    if (found === undefined) throw new Impossible(["4 stamp"]);
    return found;
  }

  #restamps({ record = 0, entry, stamp = 0 }: Event, who: string, slot: string): void {
    const former = this.#stamped(record, entry);
    const response = this.#addResponse(this.#new("Response"), this.#pages.get(former) ?? 0);
    const { restamp } = steps;
    // An earlier read may have justified the stamp for another response.
    const isJustified = this.#state
      .members("Read")
      .filter((q) => this.#get(s.base(), q) === entryOf(stamp))
      .some((q) => restamp && this.#state.take(restamp, [who, q, former, response]));
    if (!isJustified) {
      const last = this.#readAt(slot);
      this.#must(this.#get(s.base(), last) === entryOf(stamp), "27 question");
      this.#take("restamp", who, last, former, response);
    }
    this.#restamped.get(record)?.push(response);
  }

  #answers({ record = 0, stamp, ...event }: Event, who: string, clock: number): void {
    const response = this.#stamped(record, stamp);
    const fresh = Boolean(event.isFresh);
    const use = [who, response, fresh, clock];
    if (!this.#state.value(answers, asked, use))
      throw new Impossible(this.#state.rulesAgainst(answers, asked, use));
    for (const entry of this.#state.members("Entry")) {
      for (const { name, variables, body } of promised) {
        const values = [who, response, entry, fresh, clock, event.at].slice(0, variables.length);
        this.#must(Boolean(this.#state.value(body, variables, values)), name);
      }
    }
  }
}

const entryOf = (number: number) => (number === 0 ? "" : `entry ${number}`);

const copyKey = ({ isolate = 0, asOf = 0, last = 0 }: Event) => `${isolate} ${asOf} ${last}`;
