// Tests hints of new entries: who listens in a colo, when the others learn of news, and that lost,
// repeated, forged and late hints, failures and clocks cost nothing but the time of a read.
import { describe, expect, it, vi } from "vitest";
import type { ListenForEntries } from "../../../src/purge/journal/journal.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { Colo, host } from "./colo-copies.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

/** A journal whose hints the test sends. */
class Hints {
  /** The handlers of the listeners, in the order of their turns. */
  readonly heard: ((position?: string) => void)[] = [];
  readonly signals: AbortSignal[] = [];
  /** The pauses after reads. */
  readonly pauses: number[] = [];
  /** Why no hints arrive. */
  why: string | undefined;
  /** Ends the streams. */
  readonly end: (() => void)[] = [];

  readonly listen: ListenForEntries = (heard, signal) => {
    this.heard.push(heard);
    this.signals.push(signal);
    if (this.why !== undefined) return Promise.resolve(this.why);
    return new Promise((resolve) => {
      this.end.push(() => resolve(undefined));
      signal.addEventListener("abort", () => resolve(undefined));
    });
  };

  onPause: (ms: number) => void = () => undefined;

  readonly pauseMs = async (ms: number) => {
    this.pauses.push(ms);
    this.onPause(ms);
  };

  async send(position?: string): Promise<void> {
    this.heard.at(-1)?.(position);
    await rest();
  }
}

/** Lets all work run that waits for no timer. The work needs fewer than 50 turns of the loop. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Creates two isolates that know the journal's first entry. Both may listen. */
async function informed() {
  const colo = new Colo();
  colo.journal.write(newEntry({ n: "first" }));
  const hints = new Hints();
  const [listener, other] = [colo.isolate({ hints }), colo.isolate({ hints })];
  const stored = await other.filled({ tags: ["red"] });
  await listener.filled();
  await Promise.all([listener.settle(), other.settle()]);
  colo.journal.asked.length = 0;
  const look = async (isolate = other) => {
    void isolate.view.renewIfDue(isolate.requester);
    await rest();
  };
  /** Appends a purge, and returns its position. */
  const purge = (n: string) => colo.journal.write(newEntry({ n, tags: ["tag:red"] }));
  return { colo, hints, listener, other, stored, look, purge };
}

describe("a purge", () => {
  it("reaches every isolate of the colo within their next 0.2 s, by one read", async () => {
    const { colo, hints, listener, other, stored, look, purge } = await informed();
    await look(listener);
    await look(other);
    expect(hints.heard).toHaveLength(1);
    colo.clock.advance(0.1);
    await hints.send(purge("purge"));
    expect([listener.judge(stored), other.judge(stored)]).toEqual(["hard", "usable"]);
    await look(other);
    expect(other.judge(stored)).toBe("usable");
    colo.clock.advance(0.1);
    await look(other);
    expect(other.judge(stored)).toBe("hard");
    expect(colo.journal.asked).toHaveLength(1);
    expect(hints.pauses).toEqual([250]);
  });

  it("is found by the usual renewal if its hint is lost, or nobody listens", async () => {
    const { colo, hints, other, stored, look, purge } = await informed();
    hints.why = "The database is away.";
    await look(other);
    expect(other.view.hintsState).toBe("off: The database is away.");
    purge("purge");
    for (let second = 0; second < 10; second += 1) {
      colo.clock.advance(1);
      await look(other);
    }
    expect(other.judge(stored)).toBe("hard");
    expect(hints.heard).toHaveLength(1);
  });

  it("is found at once by a listener whose stream opens after it", async () => {
    const { hints, other, stored, look, purge } = await informed();
    await look(other);
    purge("purge");
    await hints.send();
    expect(other.judge(stored)).toBe("hard");
    expect(other.view.hintsState).toBe("on");
  });
});

describe("a hint", () => {
  it("causes no read if it is repeated or late", async () => {
    const { colo, hints, listener, look, purge } = await informed();
    await look(listener);
    const [old, last] = [purge("a"), purge("b")];
    colo.clock.advance(0.1);
    for (const position of [last, old, last]) await hints.send(position);
    expect(colo.journal.asked).toHaveLength(1);
  });

  it("of a purge that the listener has accepted itself brings it to the others of the colo", async () => {
    const { colo, hints, listener, other, stored, look, purge } = await informed();
    await look(listener);
    const position = purge("own");
    await listener.view.tail.catchUp();
    colo.clock.advance(0.2);
    await hints.send(position);
    await look(other);
    expect(other.judge(stored)).toBe("hard");
  });

  it("that overtakes its entry on the way to a replica is read again after growing pauses", async () => {
    const { colo, hints, listener, stored, look, purge } = await informed();
    await look(listener);
    colo.clock.advance(5);
    colo.journal.replicaLagMs = 3_000;
    hints.onPause = (ms) => colo.clock.advance(ms / 1_000);
    await hints.send(purge("purge"));
    expect(listener.judge(stored)).toBe("hard");
    expect(hints.pauses).toEqual([250, 500, 1_000, 2_000, 250]);
  });

  it.each(["1-0", "nonsense"])("is awaited although another one follows: %s", async (later) => {
    const { colo, hints, listener, stored, look, purge } = await informed();
    await look(listener);
    colo.clock.advance(5);
    colo.journal.replicaLagMs = 3_000;
    hints.onPause = (ms) => {
      hints.heard.at(-1)?.(later);
      colo.clock.advance(ms / 1_000);
    };
    await hints.send(purge("purge"));
    expect(listener.judge(stored)).toBe("hard");
  });

  it.each(["99999999999999-0", "", "nonsense"])(
    "that is forged causes a bounded number of reads: %j",
    async (position) => {
      const { colo, hints, listener, look } = await informed();
      await look(listener);
      await hints.send(position);
      expect(colo.journal.asked.length).toBeLessThanOrEqual(8);
      expect(hints.pauses.every((ms) => ms >= 250)).toBe(true);
    },
  );
});

describe("a turn", () => {
  it.each([
    { seconds: 22.9, turns: 1 },
    { seconds: 23, turns: 2 },
    { seconds: -2, turns: 1 },
    { seconds: -3, turns: 2 },
  ])(
    "is followed by another isolate's near its end, or after a step of the clock: $seconds s",
    async (row) => {
      const { colo, hints, listener, other, look } = await informed();
      await look(listener);
      colo.clock.advance(row.seconds);
      await look(other);
      expect(hints.heard).toHaveLength(row.turns);
    },
  );

  it("is over after 25 s", async () => {
    const { hints, listener, look } = await informed();
    await look(listener);
    vi.advanceTimersByTime(24_999);
    expect(hints.signals[0]?.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(hints.signals[0]?.aborted).toBe(true);
  });

  it("is over after its first read if another isolate has begun the next one", async () => {
    const { colo, hints, listener, other, look, purge } = await informed();
    await look(listener);
    colo.clock.advance(23);
    await look(other);
    hints.heard[0]?.(purge("purge"));
    await rest();
    expect(hints.signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it("has at most eight reads, and then the next isolate listens", async () => {
    const { colo, hints, listener, other, look, purge } = await informed();
    await look(listener);
    for (let purges = 0; purges < 9; purges += 1) await hints.send(purge(`purge ${purges}`));
    expect([colo.journal.asked.length, hints.heard.length]).toEqual([8, 1]);
    await look(other);
    expect(hints.heard).toHaveLength(2);
  });

  it.each([
    { seconds: 4.9, turns: 1 },
    { seconds: 5, turns: 2 },
  ])("that the journal ends after $seconds s is replaced if it was long", async (row) => {
    const { colo, hints, listener, other, look } = await informed();
    await look(listener);
    colo.clock.advance(row.seconds);
    hints.end[0]?.();
    await rest();
    await look(other);
    expect(hints.heard).toHaveLength(row.turns);
  });

  it("is one at a time in an isolate whose colo keeps no note", async () => {
    const { colo, hints, other, look } = await informed();
    colo.cache.match = async () => undefined;
    for (let nth = 0; nth < 9; nth += 1) {
      await look(other);
      colo.clock.advance(1);
    }
    expect(hints.heard).toHaveLength(1);
  });
});

describe("the note of a listener", () => {
  it("is shared by the isolates of a colo", async () => {
    const colo = new Colo();
    const note = { claimant: "isolate-1", untilAtMs: 5, copyEnd: "1-0" };
    await colo.copies().noteListener(host, note);
    expect(await colo.copies().listenerNote(host)).toEqual(note);
  });

  it.each(["", "a", "a 5", "a soon 1-0", " 5 1-0"])(
    "is absent if it is malformed: %j",
    async (text) => {
      const colo = new Colo();
      const note = { claimant: "a", untilAtMs: 5, copyEnd: "1-0" };
      await colo.copies().noteListener(host, note);
      const [address = ""] = colo.cache.addresses;
      const headers = { "cache-control": "public, max-age=60" };
      await colo.cache.put(address, new Response(text, { headers }));
      expect(await colo.copies().listenerNote(host)).toBe(undefined);
    },
  );
});
