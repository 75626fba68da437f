// A sender of invalidations (RFC 9111 §4.4), over an acceptance that records each try.
import { snapshotOf } from "../../../src/observe/snapshot.ts";
import { vi } from "vitest";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { JoinedPurges } from "../../../src/purge/acceptance/invalidation-batches.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";

export class Sender {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics(0);
  readonly log: string[] = [];
  /** For each try: the milliseconds since the start, and the targets. */
  readonly tries: { atMs: number; tags: readonly string[] }[] = [];
  /** The prefixes of each try. */
  readonly pathsTried: (readonly string[])[] = [];
  readonly orders: SignedOrder[] = [];
  isUp = true;
  /** The prefix that replaces tags; `undefined` for groups, which are named exactly. */
  path: string | undefined = "https://a.example/a?";
  /** The number of requests that `name` gave background work. */
  workCount = 0;
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  readonly #startedAtMs = this.clock.atMs;
  readonly #purges = new JoinedPurges({
    metrics: this.metrics,
    nowAtMs: this.clock.nowAtMs,
    log: ({ message }) => void this.log.push(message),
    acceptances: {
      accept: async (order) => {
        this.tries.push({ atMs: this.passedMs, tags: order.targets.tags });
        this.pathsTried.push(order.targets.prefixes);
        this.orders.push(order);
        const { isUp } = this;
        await this.beforeAnswer();
        const accepted = { kind: "accepted", position: "1-0", n: "n", visibleByAtMs: 0 } as const;
        return isUp ? accepted : { kind: "unavailable" };
      },
    },
  });

  get passedMs(): number {
    return this.clock.atMs - this.#startedAtMs;
  }

  get counts() {
    return snapshotOf(this.metrics).invalidations;
  }

  get tagsTried() {
    return this.tries.map(({ tags }) => tags);
  }

  name(...tags: readonly string[]): void {
    for (const tag of tags) {
      this.#add([tag], (work) => {
        this.workCount += 1;
        void work();
      });
    }
  }

  /** Adds the targets of an answer that names none. */
  nameNone(): void {
    this.#add([], (work) => void work());
  }

  /** Adds a target by a request whose background work never runs. */
  nameAndEnd(tag: string): void {
    this.#add([tag], () => undefined);
  }

  #add(tags: readonly string[], afterAnswer: (work: () => Promise<void>) => void): void {
    const { path } = this;
    const targets = tags.map((tag) => ({ tag, ...(path !== undefined && { path }) }));
    this.#purges.add(targets, { atMs: this.clock.atMs, afterAnswer });
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(0.1);
      await vi.advanceTimersByTimeAsync(100);
    }
  }
}

export const slowAnswer = () => new Promise<void>((resolve) => setTimeout(resolve, 5_000));
