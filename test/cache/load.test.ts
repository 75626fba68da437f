// Tests that one fetch answers all concurrent loads of a key. The loaded values are texts, without
// HTTP.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  type FetchResult,
  type Flight,
  type FlightOutcome,
  Flights,
} from "../../src/cache/flights.ts";
import { load, type LoadPolicy } from "../../src/cache/load.ts";

type Shared =
  | { readonly kind: "stored"; readonly stored: string }
  | { readonly kind: "failed"; readonly stored?: undefined };
type Outcome = FlightOutcome<Shared>;
type TextFlight = Flight<Shared>;

const waitTimeoutMs = 1_000;

/** An isolate whose fetches the test ends. */
class Texts {
  readonly flights = new Flights<Shared>();
  /** In the order in which they began. */
  readonly fetches: { flight: TextFlight; key: string; end: (outcome?: Outcome) => void }[] = [];
  /** Whether followers accept a text. By default, they accept all texts. */
  accepts: (text: string) => boolean = () => true;
  turn: LoadPolicy<string, Shared, string>["takeTurn"] = async () => ({ kind: "lead" });
  comeSince: string | undefined;
  onTimeout: string | undefined;
  /** How long each follower takes to judge a failure. Absent: a fetch does not depend on a client. */
  judgesFailureMs: number[] | undefined;

  readonly #by: LoadPolicy<string, Shared, string> = {
    keyOf: (place) => place,
    waitTimeoutMsOf: () => waitTimeoutMs,
    mayShare: () => true,
    withoutAsking: async () => undefined,
    storedSince: () => {
      return this.comeSince === undefined ? undefined : { kind: "answer", answer: this.comeSince };
    },
    takeTurn: (place, flight) => this.turn(place, flight),
    fetch: (key, flight) => this.#fetch(key, flight),
    accepts: async ({ stored }) => {
      const delayMs = stored === undefined ? this.judgesFailureMs?.shift() : undefined;
      if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return stored !== undefined && this.accepts(stored) ? `${stored}, shared` : undefined;
    },
    next: (outcome) => {
      if (outcome.kind === "failed") return { kind: "answer", answer: "told of the failure" };
      return outcome.stored === "elsewhere"
        ? { kind: "elsewhere", place: "b" }
        : { kind: outcome.stored === undefined ? "alone" : "again" };
    },
    onTimeout: async () => this.onTimeout,
    alone: async (place, { hasWaited }) => (hasWaited ? `alone for ${place}` : "alone at once"),
    tooLate: async () => "too late",
  };

  #fetch(key: string, flight: TextFlight): Promise<FetchResult<string>> {
    const fetched = Promise.withResolvers<FetchResult<string>>();
    const end = (outcome?: Outcome) => {
      if (outcome !== undefined) flight.settle(outcome);
      fetched.resolve({ answer: "fetched", done: Promise.resolve() });
    };
    this.fetches.push({ flight, key, end });
    return fetched.promise;
  }

  load(): Promise<string> {
    const afterAnswer = (work: () => Promise<void>) => void work();
    const ports = { flights: this.flights, nowAtMs: Date.now, afterAnswer };
    const start = (key: string) =>
      this.flights.start(key, (flight) => this.#fetch(key, flight), ports, { isAnonymous: true });
    const anonymous = {
      isFault: ({ kind }: Outcome) => kind === "failed",
      isDue: () => this.fetches.length > 0,
      require: () => undefined,
      startsAfterMs: () => waitTimeoutMs,
      start: (key: string) => start(key).flight,
    };
    return load("a", { ...this.#by, ...(this.judgesFailureMs && { anonymous }) }, ports);
  }

  /** Begins `count` loads at once, and resolves when each load leads or waits. */
  async crowd(count: number) {
    const asking = Array.from({ length: count }, () => this.load());
    await pass(0);
    return Promise.all.bind(Promise, asking) as () => Promise<string[]>;
  }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const stored = (text: string): Outcome => ({ kind: "stored", stored: text });
const failed: Outcome = { kind: "failed" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("one fetch answers all concurrent loads", async () => {
  const texts = new Texts();
  const answers = await texts.crowd(3);
  expect(texts.fetches).toHaveLength(1);
  texts.fetches[0]?.end(stored("text"));
  expect(await answers()).toEqual(["fetched", "text, shared", "text, shared"]);
  expect(texts.flights.countAt(Date.now())).toBe(0);
});

it("a load does not fetch if the value was stored after the lookup", async () => {
  const texts = new Texts();
  texts.comeSince = "came";
  const answers = await texts.crowd(2);
  expect([await answers(), texts.fetches.length]).toEqual([["came", "came"], 0]);
});

it("each waiting load proceeds alone if the outcome cannot be shared", async () => {
  const texts = new Texts();
  const answers = await texts.crowd(3);
  texts.fetches[0]?.end();
  expect(await answers()).toEqual(["fetched", "alone for a", "alone for a"]);
});

it("one waiting load fetches again if the waiting loads do not accept the outcome", async () => {
  const texts = new Texts();
  texts.accepts = (text) => text === "new";
  const answers = await texts.crowd(3);
  texts.fetches[0]?.end(stored("old"));
  await pass(0);
  expect(texts.fetches).toHaveLength(2);
  texts.fetches[1]?.end(stored("new"));
  expect((await answers()).sort()).toEqual(["fetched", "fetched", "new, shared"]);
});

it("a crowd repeats a client's failed fetch once, even if a load learns of it late", async () => {
  const texts = new Texts();
  texts.judgesFailureMs = [0, 5];
  const answers = await texts.crowd(3);
  texts.fetches[0]?.end(failed);
  await pass(1);
  texts.fetches[1]?.end(failed);
  await pass(20);
  expect(texts.fetches).toHaveLength(2);
  const told = "told of the failure";
  expect(await answers()).toEqual(["fetched", told, told]);
});

it("one waiting load fetches another key for all loads that continue with that key", async () => {
  const texts = new Texts();
  texts.accepts = (text) => text !== "elsewhere";
  const answers = await texts.crowd(3);
  texts.fetches[0]?.end(stored("elsewhere"));
  await pass(0);
  expect(texts.fetches.map(({ key }) => key)).toEqual(["a", "b"]);
  texts.fetches[1]?.end(stored("text"));
  expect((await answers()).sort()).toEqual(["fetched", "fetched", "text, shared"]);
});

it("a load gives the answer for late loads after three wait timeouts", async () => {
  const texts = new Texts();
  const answers = await texts.crowd(2);
  await pass(3 * waitTimeoutMs);
  texts.fetches[0]?.end();
  expect(await answers()).toEqual(["fetched", "too late"]);
});

it("a load gives another answer after the wait timeout if there is one", async () => {
  const texts = new Texts();
  texts.onTimeout = "older";
  const answers = await texts.crowd(2);
  await pass(waitTimeoutMs);
  texts.fetches[0]?.end();
  expect(await answers()).toEqual(["fetched", "older"]);
});

it("one waiting load fetches again if the leader is slow", async () => {
  const texts = new Texts();
  const answers = await texts.crowd(3);
  texts.fetches[0]?.flight.leads(Date.now());
  await pass(waitTimeoutMs);
  expect(texts.fetches).toHaveLength(2);
  texts.fetches[0]?.end(stored("late"));
  await pass(0);
  texts.fetches[1]?.end(stored("anew"));
  expect((await answers()).sort()).toEqual(["fetched", "fetched", "late, shared"]);
});

it("all loads accept the outcome of a fetch in another colo", async () => {
  const texts = new Texts();
  texts.turn = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { kind: "outcome", outcome: stored("of another colo") };
  };
  const answers = await texts.crowd(3);
  await pass(5);
  expect(new Set(await answers())).toEqual(new Set(["of another colo, shared"]));
  expect([texts.fetches.length, texts.flights.countAt(Date.now())]).toEqual([0, 0]);
});
