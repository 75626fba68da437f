// Rules 11 to 13 and 15: how a view begins, is renewed and drops entries. redis-journal.test.ts
// tests the pages of RedisJournal.
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import {
  boundMs,
  Isolate,
  maxLagMs,
  newEntry,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const red = () => newEntry({ n: "red", tags: ["tag:red"] });
const atOnce = () => Promise.resolve();
const never = () => new Promise<never>(() => undefined);

/** Lets pending promises run. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

describe("rule 11: a renewal continues from the view's last entry", () => {
  it("reads only the entries after that entry", async () => {
    const isolate = await warmIsolate();
    const stored = await isolate.filled();
    isolate.journal.write(red());
    await isolate.renew();
    expect([isolate.judge(stored), isolate.journal.asked]).toEqual(["hard", ["since"]]);
  });

  it("dates the view by the time of its request, not of its answer", async () => {
    const isolate = await warmIsolate();
    isolate.clock.advance(boundMs / 1_000);
    const sentAtMs = isolate.clock.atMs;
    isolate.journal.beforeAnswer = async () => isolate.clock.advance(1.5);
    await isolate.view.renewIfDue(isolate.requester)?.();
    await isolate.settle();
    expect(isolate.view.tail.sentAtMs).toBe(sentAtMs);
  });

  it("leaves the view as it is, and ageing, if it fails", async () => {
    const isolate = await warmIsolate();
    const stored = await isolate.filled();
    const { sentAtMs } = isolate.view.tail;
    isolate.journal.down = ["since"];
    await isolate.renew();
    expect([isolate.view.tail.sentAtMs, isolate.judge(stored)]).toEqual([sentAtMs, "usable"]);
    await isolate.renew();
    expect(isolate.judge(stored)).toBe("unverified");
  });
});

describe("rule 12: a view", () => {
  it("begins with the newest entries, and knows nothing older", async () => {
    const isolate = new Isolate();
    const { journal } = isolate;
    const old = journal.write(newEntry({ n: "old" }));
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    const stored = await isolate.filled();
    expect(isolate.view.tail.chain?.entries.length).toBe(1_000);
    expect(isolate.judge(stored)).toBe("usable");
    expect(isolate.judge({ ...stored, stamp: { position: old, n: "old" } })).toBe("unverified");
  });

  it("holds 8,000 entries, and drops the oldest beyond that", async () => {
    const isolate = await warmIsolate();
    const stored = await isolate.filled();
    for (let at = 0; at < 7_999; at += 1) isolate.journal.write(newEntry({ n: `${at}` }));
    await isolate.renew();
    const unused = { ...stored };
    expect([isolate.view.tail.chain?.entries.length, isolate.judge(stored)]).toEqual([
      8_000,
      "usable",
    ]);
    const second = isolate.journal.stream.items[1]?.id ?? "";
    isolate.journal.write(newEntry({ n: "one more" }));
    await isolate.renew();
    expect(isolate.view.tail.chain?.entries.length).toBe(8_000);
    // A judgement has moved the other one forward (rule 27 b).
    expect([unused, stored].map((one) => isolate.judge(one))).toEqual(["unverified", "usable"]);
    expect(isolate.judge({ ...stored, stamp: { position: second, n: "0" } })).toBe("usable");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });
});

describe("rule 13: a view only moves forwards", () => {
  it("discards a read that a later read has overtaken", async () => {
    const isolate = await warmIsolate();
    const { journal, clock, view } = isolate;
    const gate = closedGate();
    const stored = await isolate.filled();
    journal.write(red());
    journal.beforeAnswer = () => gate.opened;
    clock.advance(6);
    void view.renewIfDue(isolate.requester);
    // After the timeout, the next request renews the view without that read.
    clock.advance(2.5);
    journal.beforeAnswer = atOnce;
    await view.renewIfDue(isolate.requester)?.();
    await idle();
    const { sentAtMs } = view.tail;
    expect([sentAtMs, isolate.judge(stored)]).toEqual([clock.atMs, "hard"]);
    gate.open();
    await isolate.settle();
    expect([view.tail.sentAtMs, view.tail.chain?.entries.length]).toEqual([sentAtMs, 2]);
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("discards an overtaken check at the primary, although it has read 1,000 entries", async () => {
    const isolate = await warmIsolate();
    const { journal, clock, view } = isolate;
    const stored = await isolate.filled();
    const gate = closedGate();
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    journal.replicaLagMs = 60_000;
    journal.beforeAnswer = async () => {
      if (journal.asked.at(-1) === "atPrimary") await gate.opened;
    };
    clock.advance(6);
    void view.renewIfDue(isolate.requester);
    await idle();
    clock.advance(2.5);
    journal.replicaLagMs = 0;
    journal.beforeAnswer = atOnce;
    journal.write(red());
    await view.renewIfDue(isolate.requester)?.();
    await idle();
    gate.open();
    await isolate.settle();
    expect([view.tail.chain?.end.n, isolate.judge(stored)]).toEqual(["red", "hard"]);
  });

  it("begins with the result of the read that ends first", async () => {
    const isolate = new Isolate();
    const { journal, clock, view } = isolate;
    journal.write(newEntry({ n: "first" }));
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    void view.renewIfDue(isolate.requester);
    clock.advance(2.5);
    journal.beforeAnswer = atOnce;
    journal.write(newEntry({ n: "second" }));
    await view.renewIfDue(isolate.requester)?.();
    const { sentAtMs } = view.tail;
    gate.open();
    await isolate.settle();
    expect([view.tail.chain?.end.n, view.tail.sentAtMs]).toEqual(["second", sentAtMs]);
  });
});

describe("rule 15: requests renew the view", () => {
  it.each([
    { id: "just below half of N − A", ageMs: boundMs / 2 - 1, reads: 0, waits: false },
    { id: "at half", ageMs: boundMs / 2, reads: 1, waits: false },
    { id: "at N − A", ageMs: boundMs, reads: 1, waits: false },
    { id: "past N − A", ageMs: boundMs + 1, reads: 1, waits: true },
  ])("in the background, and wait only past N − A: $id", async ({ ageMs, reads, waits }) => {
    const isolate = await warmIsolate();
    isolate.clock.advance(ageMs / 1_000);
    const renewed = isolate.view.renewIfDue(isolate.requester);
    expect([isolate.journal.readCount, renewed !== undefined]).toEqual([reads, waits]);
    await isolate.settle();
  });

  describe("with their own timers", () => {
    afterEach(() => vi.useRealTimers());

    it.each(["renewIfDue", "seek", "stamp"] as const)(
      "share one renewal, and wait at most the timeout for it: %s",
      async (ask) => {
        vi.useFakeTimers();
        const isolate =
          ask === "stamp" ? new Isolate({ clock: new FakeClock() }) : await warmIsolate();
        isolate.journal.beforeAnswer = never;
        isolate.clock.advance(maxLagMs / 1_000);
        let endedCount = 0;
        for (let at = 0; at < 3; at += 1) {
          const asked = isolate.view[ask](isolate.requester);
          const waiting = typeof asked === "function" ? asked() : asked;
          void Promise.resolve(waiting).then(() => (endedCount += 1));
        }
        await vi.advanceTimersByTimeAsync(1_999);
        expect([endedCount, isolate.journal.readCount]).toEqual([0, 1]);
        await vi.advanceTimersByTimeAsync(1);
        expect(endedCount).toBe(3);
      },
    );
  });

  it.each([
    { id: "after the timeout", laterSeconds: 2 },
    { id: "after the clock was set back", laterSeconds: -60 },
  ])("again $id, if a renewal never ends", async ({ laterSeconds }) => {
    const isolate = await warmIsolate();
    const { journal, clock, view } = isolate;
    clock.advance(70);
    journal.beforeAnswer = never;
    void view.renewIfDue(isolate.requester);
    clock.advance(1.999);
    void view.renewIfDue(isolate.requester);
    expect(journal.readCount).toBe(1);
    clock.advance(laterSeconds - 1.999);
    journal.beforeAnswer = atOnce;
    await view.renewIfDue(isolate.requester)?.();
    expect([journal.readCount, view.tail.sentAtMs]).toEqual([2, clock.atMs]);
  });
});

describe("rule 15: while the journal is known to be unreachable", () => {
  /** opens the breaker of the journal, with a view past N − A. @returns a function that ends the outage */
  async function breakerOpen(isolate: Isolate) {
    isolate.clock.advance(boundMs / 1_000 + 1);
    const gate = closedGate();
    isolate.journal.beforeAnswer = () => gate.opened;
    isolate.isBreakerOpen = true;
    return gate.open;
  }

  it.each(["renewIfDue", "seek"] as const)("no request waits for a probe: %s", async (ask) => {
    const isolate = await warmIsolate();
    const open = await breakerOpen(isolate);
    const stored = await isolate.filled();
    expect(isolate.view[ask](isolate.requester)).toBe(undefined);
    expect([isolate.journal.asked, isolate.judge(stored)]).toEqual([["since"], "unverified"]);
    open();
    await isolate.settle();
    expect(isolate.judge(stored)).toBe("usable");
  });

  it("a cold isolate waits for no stamp, and has none until a probe is answered", async () => {
    const isolate = new Isolate();
    const open = await breakerOpen(isolate);
    const stamps: unknown[] = [];
    void Promise.resolve(isolate.view.stamp(isolate.requester)).then((stamp) => stamps.push(stamp));
    await idle();
    expect([stamps, isolate.journal.asked]).toEqual([["none"], ["newest"]]);
    open();
    await isolate.settle();
    expect(await isolate.view.stamp(isolate.requester)).not.toBe("none");
  });
});

describe("rule 15: while a renewal is in progress", () => {
  it("requests join it, although an earlier renewal ends after its timeout", async () => {
    const isolate = await warmIsolate();
    const { journal, clock, view } = isolate;
    const [early, late] = [closedGate(), closedGate()];
    for (const gate of [early, late]) {
      clock.advance(5);
      journal.beforeAnswer = () => gate.opened;
      void view.renewIfDue(isolate.requester);
    }
    early.open();
    await isolate.pending[0];
    // The early read was sent 6 s ago, so the view is due for another renewal.
    clock.advance(1);
    void view.renewIfDue(isolate.requester);
    expect(journal.readCount).toBe(2);
    late.open();
    await isolate.settle();
  });
});
