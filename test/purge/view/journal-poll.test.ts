// Tests the poll of the journal: who polls in a colo, when the others learn of news, and that
// failures, lost notes and clocks neither stop it nor make it busy.
import { describe, expect, it } from "vitest";
import { newEntry } from "../../../testing/examples/purges.ts";
import { Colo, host } from "./colo-copies.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

/** A journal that answers waits when the test says so. */
class Waits {
  readonly asked: { readonly n: string; readonly ms: number }[] = [];
  #settle: ((hasNews: boolean) => void)[] = [];
  /** The pauses after reads. */
  readonly pauses: number[] = [];
  isFailing = false;

  readonly poll = {
    awaitNews: ({ n }: { n: string }, ms: number) => {
      this.asked.push({ n, ms });
      if (this.isFailing) return Promise.reject(new Error("Network connection lost."));
      return new Promise<boolean>((resolve) => this.#settle.push(resolve));
    },
    pauseMs: async (ms: number) => void this.pauses.push(ms),
  };

  async reply(hasNews: boolean): Promise<void> {
    const [settle] = this.#settle.splice(0, 1);
    settle?.(hasNews);
    await rest();
  }
}

/** Lets all work run except waits at the journal. The work needs fewer than 50 turns of the loop. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Creates two isolates that know the journal's first entry. Both may poll. */
async function informed() {
  const colo = new Colo();
  colo.journal.write(newEntry({ n: "first" }));
  const waits = new Waits();
  const [poller, other] = [colo.isolate(waits), colo.isolate(waits)];
  const stored = await other.filled({ tags: ["red"] });
  await poller.filled();
  await Promise.all([poller.settle(), other.settle()]);
  colo.journal.asked.length = 0;
  const attend = async (isolate = other) => {
    void isolate.view.attend(isolate.requester);
    await rest();
  };
  return { colo, waits, poller, other, stored, attend };
}

describe("a purge", () => {
  it("reaches every isolate of the colo within their next second, by one read", async () => {
    const { colo, waits, poller, other, stored, attend } = await informed();
    await attend(poller);
    await attend(other);
    expect(waits.asked).toEqual([{ n: "first", ms: 25_000 }]);
    colo.clock.advance(0.5);
    colo.journal.write(newEntry({ n: "purge", tags: ["tag:red"] }));
    await waits.reply(true);
    expect([poller.judge(stored), other.judge(stored)]).toEqual(["hard", "usable"]);
    await attend(other);
    expect(other.judge(stored)).toBe("usable");
    colo.clock.advance(0.5);
    await attend(other);
    expect(other.judge(stored)).toBe("hard");
    expect(colo.journal.asked).toHaveLength(1);
    expect(waits.asked.at(-1)).toEqual({ n: "purge", ms: 24_500 });
  });

  it("is found by the usual renewal if nobody polls", async () => {
    const { colo, waits, other, stored, attend } = await informed();
    waits.isFailing = true;
    await attend(other);
    colo.journal.write(newEntry({ n: "purge", tags: ["tag:red"] }));
    for (let second = 0; second < 10; second += 1) {
      colo.clock.advance(1);
      await attend(other);
    }
    expect(other.judge(stored)).toBe("hard");
    expect(waits.asked).toHaveLength(1);
  });
});

describe("a turn", () => {
  it.each([
    { seconds: 22, polls: 1 },
    { seconds: 23, polls: 2 },
    { seconds: -2, polls: 1 },
    { seconds: -3, polls: 2 },
  ])(
    "is followed by another isolate's near its end, or after a step of the clock: $seconds s",
    async (row) => {
      const { colo, waits, poller, other, attend } = await informed();
      await attend(poller);
      colo.clock.advance(row.seconds);
      await attend(other);
      expect(waits.asked).toHaveLength(row.polls);
    },
  );

  it("ends without a read if another isolate has begun the next one", async () => {
    const { colo, waits, poller, other, attend } = await informed();
    await attend(poller);
    colo.clock.advance(23);
    await attend(other);
    colo.journal.asked.length = 0;
    await waits.reply(true);
    expect([colo.journal.asked.length, waits.asked.length]).toEqual([0, 2]);
  });

  it("has at most eight reads, a second apart, and then the next isolate polls", async () => {
    const { colo, waits, poller, other, attend } = await informed();
    await attend(poller);
    for (let purges = 0; purges < 9; purges += 1) {
      colo.journal.write(newEntry({ n: `purge ${purges}` }));
      await waits.reply(true);
    }
    expect([waits.asked.length, waits.pauses]).toEqual([8, Array(8).fill(1_000)]);
    colo.clock.advance(1);
    await attend(other);
    expect(waits.asked).toHaveLength(9);
  });

  it.each([
    { leftMs: 1_000, polls: 2 },
    { leftMs: 999, polls: 1 },
  ])("is over in its last second, although news arrive: $leftMs", async ({ leftMs, polls }) => {
    const { colo, waits, poller, attend } = await informed();
    await attend(poller);
    colo.clock.advance(25 - leftMs / 1_000);
    colo.journal.write(newEntry({ n: "purge" }));
    await waits.reply(true);
    expect(waits.asked).toHaveLength(polls);
  });
});

describe("the note of a poll", () => {
  const end = { position: "1-0", n: "first" };

  it("is shared by the isolates of a colo", async () => {
    const colo = new Colo();
    await colo.copies().notePoll(host, { claimant: "isolate-1", untilAtMs: 5, end });
    expect(await colo.copies().pollNote(host)).toEqual({
      claimant: "isolate-1",
      untilAtMs: 5,
      end,
    });
  });

  it.each(["", "a", "a 5 1-0", "a soon 1-0 n", " 5 1-0 n"])(
    "is absent if it is malformed: %j",
    async (text) => {
      const colo = new Colo();
      await colo.copies().notePoll(host, { claimant: "a", untilAtMs: 5, end });
      const [address = ""] = colo.cache.addresses;
      const headers = { "cache-control": "public, max-age=60" };
      await colo.cache.put(address, new Response(text, { headers }));
      expect(await colo.copies().pollNote(host)).toBe(undefined);
    },
  );
});
