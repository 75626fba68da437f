// Targets of a second go into one purge, each after the answer that named it, and a request that
// ends takes no other's purge with it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { joinMs, JoinedPurges } from "../../../src/purge/acceptance/joined-purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Isolate {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics(0);
  readonly log: string[] = [];
  /** Every try: how long after the start, and what it was about. */
  readonly tries: { atMs: number; tags: readonly string[] }[] = [];
  readonly orders: SignedOrder[] = [];
  isUp = true;
  /** What every try waits for. */
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  readonly #startedAtMs = this.clock.atMs;
  readonly #purges = new JoinedPurges({
    metrics: this.metrics,
    nowAtMs: this.clock.nowAtMs,
    log: ({ message }) => void this.log.push(message),
    acceptances: {
      accept: async (order) => {
        this.tries.push({ atMs: this.clock.atMs - this.#startedAtMs, tags: order.targets.tags });
        this.orders.push(order);
        const { isUp } = this;
        await this.beforeAnswer();
        return isUp ? { kind: "accepted", position: "1-0" } : { kind: "unavailable" };
      },
    },
  });

  get counts() {
    return this.metrics.snapshot().invalidations;
  }

  /** @param how `gone`: nothing of this request's goes on behind its answer */
  answered(exact: string, how: "stays" | "gone" = "stays"): void {
    const afterAnswer = (work: () => Promise<void>) => void (how === "stays" && work());
    const targets = [{ exact, wider: "route:a" }];
    this.#purges.add(targets, { atMs: this.clock.atMs, afterAnswer });
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(0.1);
      await vi.advanceTimersByTimeAsync(100);
    }
  }
}

describe("joined", () => {
  it("the first is sent at once, and what comes within a second of that goes together", async () => {
    const isolate = new Isolate();
    for (const tag of ["a", "b", "c"]) {
      isolate.answered(tag);
      await isolate.pass(300);
    }
    await isolate.pass(2_000);
    expect(isolate.tries).toEqual([
      { atMs: 0, tags: ["a"] },
      { atMs: joinMs, tags: ["b", "c"] },
    ]);
    expect(isolate.counts).toEqual({ named: 3, widened: 0, purged: 2, failed: 0 });
  });

  it("by wider targets, once an isolate has named 64 KiB of exact ones within ten minutes", async () => {
    const isolate = new Isolate();
    const url = (nth: number) => `url:${nth}:${"a".repeat(1_000)}`;
    for (let nth = 0; nth < 70; nth += 1) {
      isolate.answered(url(nth));
      await isolate.pass(1_000);
    }
    const tags = isolate.tries.flatMap((each) => each.tags);
    expect(tags.filter((tag) => tag.startsWith("url:")).length).toBe(64);
    expect(tags.slice(64)).toEqual(Array(6).fill("route:a"));
    expect(isolate.counts).toMatchObject({ named: 70, widened: 6 });
    await isolate.pass(540_000);
    isolate.answered("url:later");
    await isolate.pass(1_000);
    expect(isolate.tries.at(-1)?.tags).toEqual(["url:later"]);
  });

  it("and a URL that is named again and again counts as often as it is written", async () => {
    const isolate = new Isolate();
    const url = `url:${"a".repeat(1_000)}`;
    for (let nth = 0; nth < 200; nth += 1) {
      isolate.answered(url);
      await isolate.pass(100);
    }
    expect(isolate.counts).toMatchObject({ named: 200, widened: 0 });
  });

  it("hard, in the name of nobody who could use an id again", async () => {
    const isolate = new Isolate();
    isolate.answered("a");
    expect(isolate.orders).toEqual([
      {
        id: "",
        bodyDigest: "",
        by: "invalidation",
        reason: "RFC 9111 §4.4",
        mode: "hard",
        targets: { tags: ["a"], prefixes: [] },
      },
    ]);
  });

  it("none waits longer than a second, nor after a pause at all", async () => {
    const isolate = new Isolate();
    isolate.answered("a");
    await isolate.pass(900);
    isolate.answered("b");
    await isolate.pass(1_200);
    isolate.answered("c");
    await isolate.pass(100);
    expect(isolate.tries.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_100]);
  });

  it("one a second at the most, whoever writes how much", async () => {
    const isolate = new Isolate();
    for (let nth = 0; nth < 200; nth += 1) {
      isolate.answered(`${nth}`);
      await isolate.pass(100);
    }
    expect(isolate.tries.length).toBe(21);
    expect(new Set(isolate.tries.flatMap(({ tags }) => tags)).size).toBe(200);
  });

  it("also where the clock is set back", async () => {
    const isolate = new Isolate();
    isolate.answered("a");
    isolate.clock.advance(-3_600);
    isolate.answered("b");
    await vi.advanceTimersByTimeAsync(joinMs);
    expect(isolate.tries.length).toBe(2);
  });
});

describe("the same once more", () => {
  it("is one before its purge is sent", async () => {
    const isolate = new Isolate();
    for (const tag of ["a", "b", "b"]) isolate.answered(tag);
    await isolate.pass(2_000);
    expect(isolate.tries.map(({ tags }) => tags)).toEqual([["a"], ["b"]]);
  });

  it.each(["sent", "answered"])("is another once its purge is %s", async (when) => {
    const isolate = new Isolate();
    const gate = closedGate();
    isolate.beforeAnswer = () => gate.opened;
    isolate.answered("a");
    if (when === "answered") gate.open();
    await isolate.pass(100);
    isolate.answered("a");
    await isolate.pass(1_000);
    expect(isolate.tries).toEqual([
      { atMs: 0, tags: ["a"] },
      { atMs: joinMs, tags: ["a"] },
    ]);
  });
});

describe("the journal is down", () => {
  it("is tried with back-off for some twenty seconds, then counted and said", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    isolate.answered("url:https://a.example/x?token=s3cret");
    await isolate.pass(60_000);
    expect(isolate.tries.map(({ atMs }) => atMs / 1_000)).toEqual([0, 1, 3, 7, 11, 15, 19]);
    expect(isolate.counts).toEqual({ named: 1, widened: 0, purged: 0, failed: 1 });
    expect(isolate.log).toEqual([
      "Could not write invalidations to the purge journal: url:https://a.example/x?…. " +
        "Other isolates and colos keep these responses until they expire. Purge them once the journal works.",
    ]);
  });

  it("ends within 30 s also where each try takes all of its time", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    isolate.beforeAnswer = () => new Promise((resolve) => setTimeout(resolve, 5_000));
    isolate.answered("a");
    await isolate.pass(28_000);
    expect([isolate.tries.length, isolate.counts.failed]).toEqual([4, 1]);
  });

  it("and back: what waited is purged, and nothing is lost or counted as failed", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    for (const tag of ["a", "b"]) isolate.answered(tag);
    await isolate.pass(6_000);
    isolate.isUp = true;
    await isolate.pass(10_000);
    expect(isolate.counts).toEqual({ named: 2, widened: 0, purged: 2, failed: 0 });
    expect(isolate.log).toEqual([]);
  });

  it("what joins while a batch is tried again goes with the next", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    isolate.answered("a");
    isolate.answered("b");
    await isolate.pass(500);
    isolate.isUp = true;
    await isolate.pass(3_000);
    expect(isolate.tries.map(({ tags }) => tags)).toEqual([["a"], ["b"], ["a"]]);
    expect(isolate.log).toEqual([]);
  });

  it("names no more than three of them", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    for (let nth = 0; nth < 6; nth += 1) isolate.answered(`tag ${nth}`);
    await isolate.pass(60_000);
    expect(isolate.log.length).toBe(2);
    expect(isolate.log[1]).toContain(": tag 1, tag 2, tag 3 and 2 more.");
    expect(isolate.counts.failed).toBe(6);
  });

  it("also under a clock that stands still", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    isolate.answered("a");
    await vi.advanceTimersByTimeAsync(120_000);
    expect([isolate.tries.length, isolate.counts.failed]).toEqual([8, 1]);
  });
});

describe("a request that ends before its batch is sent", () => {
  it("is stood in for by another of the batch", async () => {
    const isolate = new Isolate();
    isolate.answered("a");
    isolate.answered("b", "gone");
    isolate.answered("c");
    await isolate.pass(3_000);
    expect(isolate.tries.map(({ tags }) => tags)).toEqual([["a"], ["b", "c"]]);
  });

  it("or by the next that comes, also if all of a batch are gone", async () => {
    const isolate = new Isolate();
    for (let nth = 0; nth < 8; nth += 1) isolate.answered(`${nth}`, "gone");
    await isolate.pass(5_000);
    isolate.answered("late");
    await isolate.pass(100);
    expect(isolate.tries.map(({ tags }) => tags.length)).toEqual([9]);
  });

  it("also in the middle of a try", async () => {
    const isolate = new Isolate();
    isolate.answered("a");
    isolate.answered("b");
    isolate.answered("c");
    let isFirst = true;
    isolate.beforeAnswer = () => {
      const ends = isFirst ? new Promise<void>(() => undefined) : Promise.resolve();
      isFirst = false;
      return ends;
    };
    await isolate.pass(10_000);
    expect(isolate.tries.map(({ tags }) => tags)).toEqual([["a"], ["b", "c"], ["b", "c"]]);
    expect(isolate.counts.purged).toBe(2);
  });

  it("nobody stands in while there is a sign of life", async () => {
    const isolate = new Isolate();
    isolate.isUp = false;
    isolate.beforeAnswer = () => new Promise((resolve) => setTimeout(resolve, 5_000));
    for (const tag of ["a", "b", "c", "d"]) isolate.answered(tag);
    await isolate.pass(60_000);
    expect(isolate.tries.filter(({ tags }) => tags.includes("c")).length).toBe(3);
    expect(isolate.counts.failed).toBe(4);
  });
});
