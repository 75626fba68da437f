// Sends one call to a place, and records the call and its result in the books.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../draws.ts";
import { AddsBook, type Violation } from "./adds-book.ts";
import {
  type BehindAnswer,
  type BehindCall,
  type OneAdd,
  type SetName,
  setNames,
} from "./calls.ts";
import { LivesBook } from "./lives-book.ts";
import type { Place } from "./proof-site.ts";

/** Longer than the 35 s within which a durable add has an outcome. */
const callMsMax = 60_000;
const pauseAfterFailureMs = 300;
/** The largest amount of an add, so large that a sum shows which adds it contains. */
const byMax = 1_000_000_000;

export class Asking {
  readonly adds: Readonly<Record<SetName, AddsBook>>;
  readonly lives = new LivesBook();
  readonly violations: Violation[] = [];
  readonly counts = {
    callCount: 0,
    unansweredCount: 0,
    readCount: 0,
    failedReadCount: 0,
    flushCount: 0,
  };
  readonly flushesByState = { done: 0, more: 0, failed: 0 };
  readonly #pending = new Set<Promise<unknown>>();
  readonly #keyCount: number;

  constructor(keyCount: number) {
    this.#keyCount = keyCount;
    this.adds = { sales: new AddsBook("sales", keyCount), views: new AddsBook("views", keyCount) };
  }

  /** Sends a call of adds, and repeats the call until the place has received it. */
  async add(place: Place, set: SetName, adds: readonly OneAdd[]): Promise<void> {
    for (;;) {
      const book = this.adds[set];
      book.send(adds);
      const answer = await this.#ask(place, { op: "add", set, adds });
      if (answer === "nobody-there") {
        book.unsend(adds);
        await delay(pauseAfterFailureMs);
        continue;
      }
      this.counts.callCount += 1;
      if (answer === undefined) {
        this.counts.unansweredCount += 1;
        if (set === "sales") book.tell(adds, []);
        else this.lives.unansweredCount += adds.length;
        return;
      }
      if (answer.failed !== undefined) this.#failed(`add at ${answer.life}: ${answer.failed}`);
      if (set === "sales") book.tell(adds, answer.outcomes ?? []);
      else this.lives.seen(answer.life, answer.settled.views, adds.length);
      return;
    }
  }

  addsOf(set: SetName, count: number, draws: Draws): OneAdd[] {
    return Array.from({ length: count }, () => {
      const key = Math.floor(draws.between(0, this.#keyCount));
      return [key, set === "sales" ? Math.ceil(draws.between(0, byMax)) : 1];
    });
  }

  /** @returns the values, unless the read failed */
  async read(place: Place, set: SetName, keys: readonly number[]) {
    const least = this.adds[set].least(keys);
    const answer = await this.#ask(place, { op: "read", set, keys });
    const values = typeof answer === "object" ? answer.values : undefined;
    this.counts[values === undefined ? "failedReadCount" : "readCount"] += 1;
    if (values !== undefined) {
      this.violations.push(...this.adds[set].read(keys, { least, values }));
    }
    return values;
  }

  /** @returns the answer, if all rested slices are in the database */
  async flush(place: Place): Promise<BehindAnswer | undefined> {
    this.counts.flushCount += 1;
    const asked = this.#ask(place, { op: "flush" });
    this.#pending.add(asked);
    const answer = await asked.finally(() => this.#pending.delete(asked));
    if (typeof answer !== "object") return undefined;
    if (answer.failed !== undefined) this.#failed(`flush at ${answer.life}: ${answer.failed}`);
    const states = setNames.map((set) => answer.flushed?.[set]?.state ?? "failed");
    for (const state of states) this.flushesByState[state] += 1;
    this.lives.seen(answer.life, answer.settled.views, 0);
    return states.every((state) => state === "done") ? answer : undefined;
  }

  async flushesEnded(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #failed(what: string): void {
    this.violations.push({ rule: "call-failed", what });
  }

  /** @returns `undefined` without an answer, so that the effect of the call is unknown */
  async #ask(place: Place, call: BehindCall): Promise<BehindAnswer | "nobody-there" | undefined> {
    try {
      const signal = AbortSignal.timeout(callMsMax);
      const body = JSON.stringify(call);
      const response = await fetch(place.url, { method: "POST", body, signal });
      return response.status === 200 ? ((await response.json()) as BehindAnswer) : undefined;
    } catch (cause) {
      return isRefused(cause) ? "nobody-there" : undefined;
    }
  }
}

function isRefused(cause: unknown): boolean {
  const inner = cause instanceof Error ? cause.cause : undefined;
  return inner instanceof Error && "code" in inner && inner.code === "ECONNREFUSED";
}
