// Purges of invalidated responses (RFC 9111 §4.4): the targets of one second share an entry.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { joinMs, JoinedPurges } from "../../../src/purge/acceptance/joined-purges.ts";
import { orderOf } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Sender {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics(0);
  readonly log: string[] = [];
  /** For each try: the milliseconds since the start, and the targets. */
  readonly tries: { atMs: number; tags: readonly string[] }[] = [];
  readonly orders: SignedOrder[] = [];
  isUp = true;
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

  get tagsTried() {
    return this.tries.map(({ tags }) => tags);
  }

  name(...tags: readonly string[]): void {
    for (const tag of tags) this.#add(tag, (work) => void work());
  }

  /** Adds a target by a request whose background work never runs. */
  nameAndEnd(tag: string): void {
    this.#add(tag, () => undefined);
  }

  #add(exact: string, afterAnswer: (work: () => Promise<void>) => void): void {
    this.#purges.add([{ exact, wider: "route:a" }], { atMs: this.clock.atMs, afterAnswer });
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(0.1);
      await vi.advanceTimersByTimeAsync(100);
    }
  }
}

const slowAnswer = () => new Promise<void>((resolve) => setTimeout(resolve, 5_000));

let sender: Sender;
beforeEach(() => void (sender = new Sender()));

describe("an entry", () => {
  it("is sent at once for the first target, then once for the targets of a second", async () => {
    for (const tag of ["a", "b", "c"]) {
      sender.name(tag);
      await sender.pass(300);
    }
    await sender.pass(2_000);
    expect(sender.tries).toEqual([
      { atMs: 0, tags: ["a"] },
      { atMs: joinMs, tags: ["b", "c"] },
    ]);
    expect(sender.counts).toEqual({ named: 3, widened: 0, purged: 2, failed: 0 });
  });

  it("has wider targets after 64 KiB of exact targets within ten minutes", async () => {
    const url = (nth: number) => `url:${nth}:${"a".repeat(1_000)}`;
    for (let nth = 0; nth < 70; nth += 1) {
      sender.name(url(nth));
      await sender.pass(1_000);
    }
    const tags = sender.tagsTried.flat();
    expect(tags.filter((tag) => tag.startsWith("url:")).length).toBe(64);
    expect(tags.slice(64)).toEqual(Array(6).fill("route:a"));
    expect(sender.counts).toMatchObject({ named: 70, widened: 6 });
    await sender.pass(540_000);
    sender.name("url:later");
    await sender.pass(1_000);
    expect(sender.tagsTried.at(-1)).toEqual(["url:later"]);
  });

  it("counts a repeated URL once per entry towards the limit of 64 KiB", async () => {
    for (let nth = 0; nth < 200; nth += 1) {
      sender.name(`url:${"a".repeat(1_000)}`);
      await sender.pass(100);
    }
    expect(sender.counts).toMatchObject({ named: 200, widened: 0 });
  });

  it("is a hard purge without an id", () => {
    sender.name("a");
    const order = orderOf(["a"], { id: "", bodyDigest: "", by: "invalidation" });
    expect(sender.orders).toEqual([{ ...order, reason: "RFC 9111 §4.4" }]);
  });

  it("waits at most a second, and not at all after a pause", async () => {
    for (const [tag, pauseMs] of Object.entries({ a: 900, b: 1_200, c: 100 })) {
      sender.name(tag);
      await sender.pass(pauseMs);
    }
    expect(sender.tries.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_100]);
  });

  it("is sent at most once per second", async () => {
    for (let nth = 0; nth < 200; nth += 1) {
      sender.name(`${nth}`);
      await sender.pass(100);
    }
    expect(sender.tries.length).toBe(21);
    expect(new Set(sender.tagsTried.flat()).size).toBe(200);
  });

  it("waits at most a second after the clock was set back", async () => {
    sender.name("a");
    sender.clock.advance(-3_600);
    sender.name("b");
    await vi.advanceTimersByTimeAsync(joinMs);
    expect(sender.tries.length).toBe(2);
  });

  it("has each target once, even if requests name it several times", async () => {
    sender.name("a", "b", "b");
    await sender.pass(2_000);
    expect(sender.tagsTried).toEqual([["a"], ["b"]]);
  });

  it.each(["sent", "answered"])(
    "does not stand for a target that is named again after the entry was %s",
    async (when) => {
      const gate = closedGate();
      sender.beforeAnswer = () => gate.opened;
      sender.name("a");
      if (when === "answered") gate.open();
      await sender.pass(100);
      sender.name("a");
      await sender.pass(1_000);
      expect(sender.tries).toEqual([
        { atMs: 0, tags: ["a"] },
        { atMs: joinMs, tags: ["a"] },
      ]);
    },
  );
});

describe("while the journal is unreachable, a batch", () => {
  beforeEach(() => void (sender.isUp = false));

  it("is retried for 20 s, then counted as failed and logged without queries", async () => {
    sender.name("url:https://a.example/x?token=s3cret");
    await sender.pass(60_000);
    expect(sender.tries.map(({ atMs }) => atMs / 1_000)).toEqual([0, 1, 3, 7, 11, 15, 19]);
    expect(sender.counts).toEqual({ named: 1, widened: 0, purged: 0, failed: 1 });
    expect(sender.log).toEqual([
      "Could not write invalidations to the purge journal: url:https://a.example/x?…. " +
        "Other isolates and colos keep these responses until they expire. Purge them once the journal works.",
    ]);
  });

  it("ends within 30 s if each try takes 5 s", async () => {
    sender.beforeAnswer = slowAnswer;
    sender.name("a");
    await sender.pass(28_000);
    expect([sender.tries.length, sender.counts.failed]).toEqual([4, 1]);
  });

  it("ends after eight tries if the clock stands still", async () => {
    sender.name("a");
    await vi.advanceTimersByTimeAsync(120_000);
    expect([sender.tries.length, sender.counts.failed]).toEqual([8, 1]);
  });

  it("is accepted once the journal is back, and not counted as failed", async () => {
    sender.name("a", "b");
    await sender.pass(6_000);
    sender.isUp = true;
    await sender.pass(10_000);
    expect(sender.counts).toEqual({ named: 2, widened: 0, purged: 2, failed: 0 });
    expect(sender.log).toEqual([]);
  });

  it("takes no new targets after its first try; the next batch takes them", async () => {
    sender.name("a", "b");
    await sender.pass(500);
    sender.isUp = true;
    await sender.pass(3_000);
    expect(sender.tagsTried).toEqual([["a"], ["b"], ["a"]]);
  });

  it("logs at most three targets", async () => {
    sender.name(...Array.from({ length: 6 }, (_, nth) => `tag ${nth}`));
    await sender.pass(60_000);
    expect(sender.log.length).toBe(2);
    expect(sender.log[1]).toContain(": tag 1, tag 2, tag 3 and 2 more.");
    expect(sender.counts.failed).toBe(6);
  });

  it("is not sent by a second request while the first makes progress", async () => {
    sender.beforeAnswer = slowAnswer;
    sender.name("a", "b", "c", "d");
    await sender.pass(60_000);
    expect(sender.tagsTried.filter((tags) => tags.includes("c")).length).toBe(3);
    expect(sender.counts.failed).toBe(4);
  });
});

describe("a batch whose request has ended", () => {
  it("is sent by another request of the batch", async () => {
    sender.name("a");
    sender.nameAndEnd("b");
    sender.name("c");
    await sender.pass(3_000);
    expect(sender.tagsTried).toEqual([["a"], ["b", "c"]]);
  });

  it("is sent by the next request if all of its requests have ended", async () => {
    for (let nth = 0; nth < 8; nth += 1) sender.nameAndEnd(`${nth}`);
    await sender.pass(5_000);
    sender.name("late");
    await sender.pass(100);
    expect(sender.tagsTried.map(({ length }) => length)).toEqual([9]);
  });

  it("is sent again if the request ended during a try", async () => {
    sender.name("a", "b", "c");
    const beforeAnswer = vi.fn<() => Promise<void>>(() => Promise.resolve());
    sender.beforeAnswer = beforeAnswer.mockImplementationOnce(() => new Promise(() => undefined));
    await sender.pass(10_000);
    expect(sender.tagsTried).toEqual([["a"], ["b", "c"], ["b", "c"]]);
    expect(sender.counts.purged).toBe(2);
  });
});
