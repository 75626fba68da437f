// Counts the results of a simulation: by route, and the peaks of the origin.
import type { ReplayResult } from "../../../../src/http-rules.ts";
import type { LogEntry } from "./formats.ts";

type Outcome = Exclude<ReplayResult["outcome"], "passed">;
type Sum = "requests" | "passed" | "originRequests" | "refreshes" | "answeredBytes" | "originBytes";

/** The counts of one route, which also count for all. */
export class Counts {
  requests = 0;
  /** Requests without a lookup. */
  passed = 0;
  readonly outcomes = { hit: 0, "stale-hit": 0, collapsed: 0, stored: 0, forwarded: 0 };
  originRequests = 0;
  /** The background refreshes, which are origin requests. */
  refreshes = 0;
  answeredBytes = 0;
  originBytes = 0;
  readonly #all: Counts | undefined;

  constructor(all?: Counts) {
    this.#all = all;
  }

  add(name: Sum, count = 1): void {
    this[name] += count;
    this.#all?.add(name, count);
  }

  ended(outcome: Outcome): void {
    this.outcomes[outcome] += 1;
    this.#all?.ended(outcome);
  }

  get hits(): number {
    return this.outcomes.hit + this.outcomes["stale-hit"];
  }

  /** The share of the requests with a lookup that a stored response answered; 0 to 1. */
  get hitRate(): number {
    return shareOf(this.hits, this.requests - this.passed);
  }

  /** The share of the requests beyond those that the origin got; below 0 if it got more. */
  get offload(): number {
    return shareOf(this.requests - this.originRequests, this.requests);
  }
}

export const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** The most events in one period. Events come in the order of their times. */
class Peak {
  readonly #periodMs: number;
  #period = -1;
  #count = 0;
  most = 0;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  note(atMs: number): void {
    const period = Math.floor(atMs / this.#periodMs);
    if (period !== this.#period) [this.#period, this.#count] = [period, 0];
    this.#count += 1;
    this.most = Math.max(this.most, this.#count);
  }
}

/** Beyond this number, the page that missed the longest ago is forgotten. */
const missedMax = 50_000;

export class Totals {
  readonly all = new Counts();
  readonly byRoute = new Map<string, Counts>();
  readonly originASecond = new Peak(1_000);
  readonly originAMinute = new Peak(60_000);
  #firstAtMs: number | undefined;
  #lastAtMs = 0;
  /** The misses by page. The page that missed last is last. */
  readonly #missed = new Map<string, number>();

  note({ atMs, bytes = 0 }: LogEntry, { route, outcome, page = "", origin }: ReplayResult): void {
    const counts = this.#of(route, atMs);
    counts.add("requests");
    counts.add("answeredBytes", bytes);
    if (outcome === "passed") counts.add("passed");
    else counts.ended(outcome);
    if (outcome === "stored" || outcome === "forwarded") this.#noteMiss(page);
    if (origin === undefined) return;
    counts.add("originRequests");
    counts.add("originBytes", origin.bytes);
    if (origin.isRefresh) counts.add("refreshes");
    this.originASecond.note(atMs);
    this.originAMinute.note(atMs);
  }

  /** Returns the counts of a request's route. */
  #of(route: string, atMs: number): Counts {
    this.#firstAtMs ??= atMs;
    this.#lastAtMs = atMs;
    let counts = this.byRoute.get(route);
    if (counts === undefined) this.byRoute.set(route, (counts = new Counts(this.all)));
    return counts;
  }

  #noteMiss(page: string): void {
    const misses = (this.#missed.get(page) ?? 0) + 1;
    this.#missed.delete(page);
    this.#missed.set(page, misses);
    if (this.#missed.size <= missedMax) return;
    const [oldest = ""] = this.#missed.keys();
    this.#missed.delete(oldest);
  }

  mostMissed(count: number): readonly (readonly [name: string, misses: number])[] {
    return [...this.#missed].toSorted(([, one], [, other]) => other - one).slice(0, count);
  }

  get seconds(): number {
    return (this.#lastAtMs - (this.#firstAtMs ?? 0)) / 1_000;
  }
}
