// Rules 11 to 13 and 15: how a view is begun, renewed and kept. How RedisJournal pages and joins is
// tried against real servers in redis-journal.test.ts.
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { openJournalled } from "../../../testing/site/purge-sender.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";
import { boundMs, Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

const red = () => newEntry({ tags: ["tag:red"] });

/** A view that was begun with what that journal held. */
async function begun(): Promise<Isolate> {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  await isolate.settle();
  isolate.journal.asked.length = 0;
  return isolate;
}

describe("rule 11: a refresh begins where the view ends", () => {
  it("reads on from its last entry, and no more than that", async () => {
    const isolate = await begun();
    const stored = await isolate.filled();
    isolate.journal.write(red());
    await isolate.renew();
    expect([isolate.judge(stored), isolate.journal.asked]).toEqual(["hard", ["since"]]);
  });

  it("is as old as the moment before it was sent, not as its answer", async () => {
    const isolate = await begun();
    isolate.clock.advance(boundMs / 1_000);
    const sentAtMs = isolate.clock.atMs;
    isolate.journal.beforeAnswer = async () => isolate.clock.advance(1.5);
    await isolate.view.attend(isolate.attention)?.();
    await isolate.settle();
    expect(isolate.view.sentAtMs).toBe(sentAtMs);
  });

  it("fails as a whole: the old view stays, and ages", async () => {
    const isolate = await begun();
    const stored = await isolate.filled();
    const { sentAtMs } = isolate.view;
    isolate.journal.down = ["since"];
    await isolate.renew();
    expect([isolate.view.sentAtMs, isolate.judge(stored)]).toEqual([sentAtMs, "usable"]);
    await isolate.renew();
    expect(isolate.judge(stored)).toBe("unverified");
  });
});

describe("rule 12: a cold view", () => {
  it("is what is newest, and knows nothing older than its oldest entry", async () => {
    const isolate = new Isolate();
    const { journal } = isolate;
    const old = journal.write(newEntry({ n: "old" }));
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    const stored = await isolate.filled();
    expect(isolate.view.chain?.entries.length).toBe(1_000);
    expect(isolate.judge(stored)).toBe("usable");
    expect(isolate.judge({ ...stored, stamp: { position: old, n: "old" } })).toBe("unverified");
  });

  it("keeps to 8,000 entries by letting the oldest of them go", async () => {
    const isolate = await begun();
    const stored = await isolate.filled();
    for (let at = 0; at < 7_999; at += 1) isolate.journal.write(newEntry({ n: `${at}` }));
    await isolate.renew();
    expect([isolate.view.chain?.entries.length, isolate.judge(stored)]).toEqual([8_000, "usable"]);
    const second = isolate.journal.stream.items[1]?.id ?? "";
    isolate.journal.write(newEntry({ n: "one more" }));
    await isolate.renew();
    expect(isolate.view.chain?.entries.length).toBe(8_000);
    expect(isolate.judge(stored)).toBe("unverified");
    expect(isolate.judge({ ...stored, stamp: { position: second, n: "0" } })).toBe("usable");
    expect(isolate.judge(await isolate.filled())).toBe("usable");
  });
});

describe("rule 13: views merge forwards only", () => {
  it("a result for a position that is no longer ours is thrown away", async () => {
    const isolate = await begun();
    const { journal, clock, view } = isolate;
    const gate = closedGate();
    const stored = await isolate.filled();
    journal.write(red());
    journal.beforeAnswer = () => gate.opened;
    clock.advance(6);
    void view.attend(isolate.attention);
    // It takes too long for whoever comes next, who renews the view without it.
    clock.advance(2.5);
    journal.beforeAnswer = () => Promise.resolve();
    await view.attend(isolate.attention)?.();
    await idle();
    const { sentAtMs } = view;
    expect([sentAtMs, isolate.judge(stored)]).toEqual([clock.atMs, "hard"]);
    gate.open();
    await isolate.settle();
    expect([view.sentAtMs, view.chain?.entries.length]).toEqual([sentAtMs, 2]);
    expect(isolate.judge(stored)).toBe("hard");
  });

  it("a renewal that never ends holds up nobody after the clock was set back", async () => {
    const isolate = await begun();
    const { journal, clock, view } = isolate;
    journal.beforeAnswer = () => new Promise(() => undefined);
    clock.advance(70);
    void view.attend(isolate.attention);
    clock.advance(-60);
    journal.beforeAnswer = () => Promise.resolve();
    const { readCount } = journal;
    await view.attend(isolate.attention)?.();
    expect([view.sentAtMs, journal.readCount]).toEqual([clock.atMs, readCount + 1]);
  });

  it("also that of a check at the primary, however much it has read", async () => {
    const isolate = await begun();
    const { journal, clock, view } = isolate;
    const stored = await isolate.filled();
    const gate = closedGate();
    for (let at = 0; at < 1_000; at += 1) journal.write(newEntry({ n: `${at}` }));
    journal.replicaLagMs = 60_000;
    journal.beforeAnswer = async () => {
      if (journal.asked.at(-1) === "atPrimary") await gate.opened;
    };
    clock.advance(6);
    void view.attend(isolate.attention);
    await idle();
    clock.advance(2.5);
    journal.replicaLagMs = 0;
    journal.beforeAnswer = () => Promise.resolve();
    journal.write(newEntry({ n: "red", tags: ["tag:red"] }));
    await view.attend(isolate.attention)?.();
    await idle();
    gate.open();
    await isolate.settle();
    expect([view.chain?.end.n, isolate.judge(stored)]).toEqual(["red", "hard"]);
  });

  it("a second beginning does not replace the first", async () => {
    const isolate = new Isolate();
    const { journal, clock, view } = isolate;
    const first = journal.write(newEntry({ n: "first" }));
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    void view.attend(isolate.attention);
    clock.advance(2.5);
    journal.beforeAnswer = () => Promise.resolve();
    const second = journal.write(newEntry({ n: "second" }));
    await view.attend(isolate.attention)?.();
    const { sentAtMs } = view;
    gate.open();
    await isolate.settle();
    expect(first).not.toBe(second);
    expect([view.chain?.end.position, view.sentAtMs]).toEqual([second, sentAtMs]);
  });
});

describe("rule 15: the view is renewed while requests come in", () => {
  it.each([
    { id: "just-below-half", ageMs: boundMs / 2 - 1, reads: 0, waits: false },
    { id: "at-half", ageMs: boundMs / 2, reads: 1, waits: false },
    { id: "at-the-bound", ageMs: boundMs, reads: 1, waits: false },
    { id: "past-the-bound", ageMs: boundMs + 1, reads: 1, waits: true },
  ])("and only past the bound does a request wait: $id", async ({ ageMs, reads, waits }) => {
    const isolate = await begun();
    isolate.clock.advance(ageMs / 1_000);
    const renewed = isolate.view.attend(isolate.attention);
    expect([isolate.journal.readCount, renewed !== undefined]).toEqual([reads, waits]);
    await isolate.settle();
  });

  it("at most once per half of N − A under load", async () => {
    const isolate = await begun();
    for (let ms = 0; ms < 60_000; ms += 50) {
      isolate.clock.advance(0.05);
      void isolate.view.attend(isolate.attention);
      await isolate.settle();
    }
    expect(isolate.journal.readCount).toBe(Math.floor(60_000 / (boundMs / 2)));
  });

  it("on its way through the application: not while it is young, nor without requests", async () => {
    const { site, upstash } = openJournalled({ origin: () => page("page", cc("max-age=600")) });
    await site.get("/a");
    const before = upstash.journalReadCount;
    // The view is renewed at 0.475 of N − A: 4.275 s.
    for (let turn = 0; turn < 42; turn += 1) {
      site.clock.advance(0.1);
      await site.get("/a");
    }
    expect(upstash.journalReadCount).toBe(before);
    site.clock.advance(3_600);
    await site.settle();
    expect(upstash.journalReadCount).toBe(before);
  });

  it("one renewal at a time, however many ask for it", async () => {
    const isolate = await begun();
    const gate = closedGate();
    isolate.journal.beforeAnswer = () => gate.opened;
    isolate.clock.advance(maxLagMs / 1_000);
    const waiting = Array.from({ length: 50 }, () => isolate.view.attend(isolate.attention)?.());
    await idle();
    gate.open();
    for (const each of waiting) await each;
    expect([isolate.journal.readCount, isolate.view.sentAtMs]).toEqual([1, isolate.clock.atMs]);
  });

  describe("whoever waits does so under a timer of its own", () => {
    afterEach(() => vi.useRealTimers());

    it.each(["attend", "seek", "stamp"] as const)(
      "when a renewal never settles: %s",
      async (ask) => {
        vi.useFakeTimers();
        const isolate = ask === "stamp" ? new Isolate({ clock: new FakeClock() }) : await begun();
        isolate.journal.beforeAnswer = () => new Promise(() => undefined);
        isolate.clock.advance(maxLagMs / 1_000);
        let endedCount = 0;
        for (let at = 0; at < 3; at += 1) {
          const asked = isolate.view[ask](isolate.attention);
          const waiting = typeof asked === "function" ? asked() : asked;
          void Promise.resolve(waiting).then(() => (endedCount += 1));
        }
        await vi.advanceTimersByTimeAsync(1_999);
        expect([endedCount, isolate.journal.readCount]).toEqual([0, 1]);
        await vi.advanceTimersByTimeAsync(1);
        expect(endedCount).toBe(3);
      },
    );

    it("and the next one begins anew", async () => {
      const isolate = await begun();
      isolate.clock.advance(maxLagMs / 1_000);
      isolate.journal.beforeAnswer = () => new Promise(() => undefined);
      void isolate.view.attend(isolate.attention);
      isolate.clock.advance(1.999);
      void isolate.view.attend(isolate.attention);
      expect(isolate.journal.readCount).toBe(1);
      isolate.clock.advance(0.001);
      isolate.journal.beforeAnswer = () => Promise.resolve();
      await isolate.view.attend(isolate.attention)?.();
      expect([isolate.journal.readCount, isolate.view.sentAtMs]).toEqual([2, isolate.clock.atMs]);
    });
  });
});

/** Lets promises run that wait for nothing else. */
async function idle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
