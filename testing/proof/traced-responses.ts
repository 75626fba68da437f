// The responses of a trace: loads from the origin, what tiers store and return, and answers.
import { type Variable, variablesOf } from "./formula.ts";
import { promises } from "./promises.ts";
import * as s from "./state.ts";
import { mayAnswer, mayValidate } from "./verdict.ts";
import type { Value } from "./finite-state.ts";
import { entryOf, Impossible, type TracedState, type TraceEvent } from "./traced-state.ts";

/** A response as it is stored. The same record may have several, which differ in their stamps. */
interface Stored {
  readonly record: number;
  readonly response: string;
  readonly body: number;
}

/** A request to the origin. */
interface Load {
  /** The response, if the origin generates one. */
  readonly response: string;
  /** The requests that might have a validator: the trace does not name the validated response. */
  readonly conditional: readonly { readonly asked: string; readonly of: Stored }[];
  /** The responses that a 304 might freshen. */
  freshened: readonly (Stored & { readonly of: Stored })[];
  body: number;
  age: number;
}

const use = variablesOf("Isolate Response Bool Int");
const [i, r, isFresh, reading] = use as [Variable, Variable, Variable, Variable];
const answer = mayAnswer(i, r, { isFresh, reading });
const validation = mayValidate(i, r, reading);
const promised = [
  "no answer later than N after a purge",
  "10: with a steady clock, an isolate's own dates lose at most A",
  "an isolate that knows a purge obeys it",
];

/** Stands for any number in an event. */
const anything = -1;

const isSame = (asked: number | undefined, value: number) =>
  asked === anything || (asked ?? 0) === value;

export class TracedResponses {
  readonly #state: TracedState;
  readonly #loads = new Map<number, Load>();
  readonly #stored = new Map<number, Stored[]>();

  constructor(state: TracedState) {
    this.#state = state;
  }

  loads({ isolate = 0, record = 0, page = 0, body = 0, ...event }: TraceEvent): void {
    const who = `isolate ${isolate}`;
    const { requestedAt = 0 } = event;
    const response = this.#state.addResponse(page);
    this.#state.must(requestedAt === this.#state.clock({ isolate, ...event }), "1 clock");
    this.#state.take("request", who, response);
    this.#state.must(this.#hasStamp(response, event.stamp), "1 stamp");
    const conditional: Load["conditional"][number][] = [];
    const candidates = [...this.#stored.values()]
      .flat()
      .filter(
        (one) =>
          this.#state.pageOf(one.response) === page &&
          (event.isHead || (body !== 0 && isSame(body, one.body))),
      );
    for (const of of candidates) {
      const asked = this.#state.addResponse(page);
      if (this.#state.mayTake("revalidate", who, asked, of.response))
        conditional.push({ asked, of });
    }
    if (body !== 0 && conditional.length === 0) {
      const { response: old } = candidates.at(-1) ?? { response };
      this.#state.take("revalidate", who, this.#state.addResponse(page), old);
    }
    this.#loads.set(record, { response, conditional, freshened: [], body: 0, age: 0 });
  }

  generates({
    isolate = 0,
    record = 0,
    body = 0,
    isUnchanged,
    isRenewed,
    age = 0,
  }: TraceEvent): void {
    const load = this.#load(record);
    const page = this.#state.pageOf(load.response);
    load.freshened = load.conditional.flatMap(({ asked, of }) => {
      const isOther = !isUnchanged && of.body !== body;
      const x = this.#state.addResponse(page);
      if (
        isOther ||
        !this.#state.mayTake(
          "freshen",
          `isolate ${isolate}`,
          asked,
          x,
          isUnchanged === 1 && !isRenewed,
        )
      )
        return [];
      return [{ record, response: x, body: of.body, of }];
    });
    if (isUnchanged) return;
    load.body = body;
    load.age = age;
    if (age === 0 && !this.#state.get(s.isGenerated(), load.response))
      this.#state.take("generate", load.response);
  }

  stores(event: TraceEvent): void {
    const { isolate = 0, record = 0, body = 0 } = event;
    const who = `isolate ${isolate}`;
    const clock = this.#state.clock(event);
    const load = this.#load(record);
    const isGenerated =
      isSame(event.body, load.body) && event.bodyAt === this.#state.get(s.bodyAt(), load.response);
    const fresh = load.freshened.filter(
      (one) => isSame(event.body, one.body) && this.#isOf(one.response, event),
    );
    if (fresh.length > 0 && !isGenerated) {
      // A judgement may have given the validated response a new stamp meanwhile.
      const isValid = ({ response }: Stored) =>
        this.#state.holds(validation, use, [who, response, false, clock]);
      const valid = fresh.filter(({ of }) => this.#named(of.record).some(isValid));
      this.#state.must(valid.length > 0, "23 again");
      // Several responses may have the same body. The origin has validated the last of them most recently.
      this.#stored.set(record, valid.slice(-1));
      return;
    }
    this.#state.must(load.freshened.length === 0 || load.body !== 0, "2 body");
    const counted = Number(event.requestedAt) - load.age;
    if (load.age > 0) {
      this.#state.must(event.bodyAt === counted, "29 body");
      const fast =
        Number(this.#state.get(s.bodyAt(), load.response)) -
        Number(this.#state.get(s.bodyTrue(), load.response));
      this.#state.take("answerWithAge", who, load.response, counted - fast, counted);
    } else this.#state.take("store", who, load.response);
    this.#state.must(this.#hasStamp(load.response, event.stamp), "1 stamp");
    this.#state.must(this.#isOf(load.response, event), "1 clock");
    this.#stored.set(record, [{ record, response: load.response, body }]);
  }

  /** A tier returns a response, with its own metadata and body (rules 3 and 4). */
  reads(event: TraceEvent): void {
    const all = this.#named(event.record);
    const stamped = all.filter(({ response }) => this.#hasStamp(response, event.stamp));
    this.#state.must(stamped.length > 0, "4 stamp");
    this.#state.must(
      stamped.some(({ response }) => this.#isOf(response, event)),
      "4 time",
    );
    this.#state.must(
      stamped.some(({ body }) => isSame(event.body, body)),
      "3 body",
    );
  }

  answers(event: TraceEvent): void {
    const fresh = Boolean(event.isFresh);
    const clock = this.#state.clock(event);
    const who = `isolate ${event.isolate ?? 0}`;
    const all = this.#named(event.record).filter(
      ({ response }) => event.stamp === anything || this.#hasStamp(response, event.stamp),
    );
    const answering = all.filter(({ response }) =>
      this.#state.holds(answer, use, [who, response, fresh, clock]),
    );
    const [first] = answering.length > 0 ? answering : all;
    if (first === undefined) throw new Impossible(["4 stamp"]);
    this.#state.mustHold(answer, use, [who, first.response, fresh, clock]);
    const isPromised = (response: string) =>
      promised.every((name) => {
        const { [name]: promise } = promises;
        if (promise?.kind !== "quantified") throw new TypeError(`There is no promise ${name}.`);
        const { variables, body } = promise;
        return this.#state.members("Entry").every((entry) => {
          const values = [who, response, entry, fresh, clock, event.at, this.#state.lost];
          return this.#state.holds(body, variables, values.slice(0, variables.length));
        });
      });
    this.#state.must(
      answering.some(({ response }) => isPromised(response)),
      "the promise",
    );
  }

  /** By the view, by epochs, or by both (rule 27 b and f). */
  restamps({ isolate = 0, record = 0, entry, stamp = 0 }: TraceEvent): void {
    const all = this.#named(record);
    const former = all.find(({ response }) => this.#hasStamp(response, entry));
    if (former === undefined) throw new Impossible(["4 stamp"]);
    if (all.some(({ response }) => this.#hasStamp(response, stamp))) return;
    const response = this.#restamped(`isolate ${isolate}`, former.response, entryOf(stamp));
    this.#state.must(this.#hasStamp(response, stamp), "27 f joint");
    all.push({ record, response, body: former.body });
  }

  #restamped(who: string, old: string, stamp: Value): string {
    const state = this.#state;
    const { get } = state;
    const [response, verified] = [0, 1].map(() => state.addResponse(state.pageOf(old))) as [
      string,
      string,
    ];
    const isAtEnd = get(s.end(), who) === stamp;
    if (isAtEnd && state.mayTake("restampByView", who, old, response)) return response;
    const isInView = (one: Value) =>
      get(s.upTo(), get(s.floor(), who), one) && get(s.upTo(), one, get(s.end(), who));
    const isJoint = (one: Value) =>
      isInView(one) && state.mayTake("restampByEpochs", who, old, verified, one);
    const entries = state.members("Entry");
    const joint = entries.findLast(isJoint);
    if (joint === stamp) return verified;
    if (joint !== undefined) state.take("restampByView", who, verified, response);
    else
      state.takeOne([
        ["restampByView", who, old, response],
        ...entries
          .filter((one) => one === stamp || isInView(one))
          .map((one) => ["restampByEpochs", who, old, response, one] as const),
      ]);
    return response;
  }

  #load(record: number): Load {
    const load = this.#loads.get(record);
    if (load === undefined) throw new TypeError(`Response ${record} was not requested.`);
    return load;
  }

  /** Returns the stored responses of a number; the generated one if none was stored yet. */
  #named(record = 0): Stored[] {
    const { response, body } = this.#load(record);
    const stored = this.#stored.get(record) ?? [{ record, response, body }];
    this.#stored.set(record, stored);
    return stored;
  }

  #hasStamp(response: string, stamp = 0): boolean {
    const has = this.#state.get(s.hasStamp(), response);
    return (has ? this.#state.get(s.stamp(), response) : entryOf(0)) === entryOf(stamp);
  }

  #isOf(response: string, { bodyAt = 0, colo = 0 }: TraceEvent): boolean {
    const isOfColo = this.#state.get(s.bodyColo(), response) === `colo ${colo}`;
    return isOfColo && this.#state.get(s.bodyAt(), response) === bodyAt;
  }
}
