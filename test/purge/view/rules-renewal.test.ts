// Rules 6 and 15 with copies in the colo: when a view is renewed, whether from a copy or the
// journal, and which isolate reads the journal.
import { describe, expect, it } from "vitest";
import { asked, Colo, host, informed, type IsolateInColo } from "./colo-copies.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { allowanceMs, boundMs, newEntry } from "../../../testing/examples/purges.ts";
import { until } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

describe("rule 15: the age at which a view is renewed is drawn each time", () => {
  it.each([
    { draws: [0], dueAt: 0.35 },
    { draws: [0.5], dueAt: 0.475 },
    { draws: [0.999_999], dueAt: 0.6 },
    // The first draw takes place before the first view.
    { draws: [0, 1, 0], dueAt: 0.6 },
  ])("from 0.35 to 0.6 of N − A: $draws", async ({ draws, dueAt }) => {
    const colo = new Colo();
    const { clock, journal } = colo;
    const left = [...draws];
    const isolate = colo.isolate({ random: () => left.shift() ?? draws.at(-1)! });
    await isolate.filled();
    await isolate.settle();
    const { readCount } = journal;
    clock.advance((dueAt * boundMs - 1) / 1_000);
    await asked(isolate);
    expect(journal.readCount).toBe(readCount);
    clock.advance(0.001);
    await asked(isolate);
    expect(journal.readCount).toBe(readCount + 1);
  });
});

describe("rule 15: an isolate renews its view", () => {
  it.each([
    { id: "from a copy younger than half of N − A", copyAgeMs: boundMs / 2 - 1, reads: 0 },
    { id: "from the journal if the copy is no younger", copyAgeMs: boundMs / 2, reads: 1 },
  ])("$id", async ({ copyAgeMs, reads }) => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    await asked(reader);
    const readAtMs = clock.atMs;
    journal.asked.length = 0;
    clock.advance(copyAgeMs / 1_000);
    await asked(other);
    expect(journal.readCount).toBe(reads);
    expect(other.view.tail.sentAtMs).toBe(reads === 0 ? readAtMs : clock.atMs);
  });

  it("not while another isolate has a claim, except past N − A", async () => {
    const { colo, journal, clock, other, readAtMs } = await informed();
    clock.advance(8);
    await colo.copies().claim(host);
    clock.advance(1);
    expect(other.view.renewIfDue(other.requester)).toBe(undefined);
    await other.settle();
    expect([journal.asked, other.view.tail.sentAtMs]).toEqual([[], readAtMs]);
    clock.advance(0.999);
    await other.view.renewIfDue(other.requester)?.();
    expect([journal.asked, other.view.tail.sentAtMs]).toEqual([["since"], clock.atMs]);
    await other.settle();
  });

  it("with four lookups a second in the colo's cache, however many requests come", async () => {
    const { colo, cache, clock, other } = await informed();
    clock.advance(6);
    const matches = cache.journalMatches;
    for (let ms = 0; ms < 1_000; ms += 10) {
      await colo.copies().claim(host);
      await asked(other);
      clock.advance(0.01);
    }
    const claims = 100;
    expect(cache.journalMatches - matches - claims).toBe(2 * 2);
  });

  it("with a small N from a copy of the claim's owner, before a request waits", async () => {
    const colo = new Colo();
    const { clock, journal } = colo;
    const smallBoundMs = 800;
    journal.write(newEntry());
    const [reader, other] = Array.from({ length: 2 }, () =>
      colo.isolate({ lagMs: allowanceMs + smallBoundMs, random: () => 1 }),
    ) as [IsolateInColo, IsolateInColo];
    for (const isolate of [reader, other]) {
      await isolate.filled();
      await isolate.settle();
    }
    clock.advance((0.6 * smallBoundMs) / 1_000);
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    void reader.view.renewIfDue(reader.requester);
    await until(() => journal.asked.length === 2);
    // The reader's claim keeps the other isolate from reading.
    await asked(other);
    gate.open();
    await reader.settle();
    clock.advance(smallBoundMs / 8 / 1_000);
    await asked(other);
    expect(other.view.tail.sentAtMs).toBe(reader.view.tail.sentAtMs);
    expect(journal.readCount).toBe(2);
  });

  it("from a young copy also past N − A, while the request waits", async () => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    await asked(reader);
    journal.asked.length = 0;
    clock.advance(4);
    await other.view.renewIfDue(other.requester)?.();
    expect([journal.asked, other.view.tail.sentAtMs]).toEqual([[], reader.view.tail.sentAtMs]);
    await other.settle();
  });

  it("not from a copy that is as old as the view", async () => {
    const { colo, journal, clock, reader } = await informed();
    const eager = colo.isolate({ random: () => 0 });
    await eager.filled();
    journal.asked.length = 0;
    clock.advance((0.4 * boundMs) / 1_000);
    await asked(eager);
    expect([journal.asked, eager.view.tail.sentAtMs]).toEqual([["since"], clock.atMs]);
    expect(reader.view.tail.sentAtMs).toBeLessThan(clock.atMs);
  });

  it("without waiting until its own copy is stored", async () => {
    // The faked timers never run, so no timeout ends the wait for the cache.
    const { cache, clock, reader } = await informed();
    const gate = closedGate();
    clock.advance(10);
    const puts = cache.journalPuts;
    cache.beforePut = async () => {
      if (cache.journalPuts > puts + 1) await gate.opened;
    };
    await reader.view.renewIfDue(reader.requester)?.();
    expect(reader.view.tail.sentAtMs).toBe(clock.atMs);
    gate.open();
    await reader.settle();
    expect(cache.journalPuts).toBe(puts + 2);
  });

  it("past N − A without waiting until its claim is stored", async () => {
    const { cache, clock, reader } = await informed();
    const gate = closedGate();
    clock.advance(10);
    cache.beforePut = () => gate.opened;
    await reader.view.renewIfDue(reader.requester)?.();
    expect(reader.view.tail.sentAtMs).toBe(clock.atMs);
    gate.open();
    await reader.settle();
  });

  it.each(["throws", "forgets"] as const)("from the journal if the cache %s", async (mode) => {
    const { cache, journal, clock, other } = await informed();
    cache.mode = mode;
    const stored = await other.filled();
    for (let turn = 0; turn < 5; turn += 1) {
      clock.advance(6);
      await asked(other);
      expect(other.judge(stored)).toBe("usable");
    }
    expect(journal.readCount).toBe(5);
  });

  it("from the journal if the request has no host", async () => {
    const { cache, journal, clock, other } = await informed();
    clock.advance(6);
    const matches = cache.journalMatches;
    const { host: _, ...requester } = other.requester;
    void other.view.renewIfDue(requester);
    await other.settle();
    expect([cache.journalMatches, journal.readCount]).toEqual([matches, 1]);
  });
});

describe("rule 6: an unknown stamp is sought", () => {
  /** Creates a colo, and a response that another colo has filled after reading one more entry. */
  async function filledElsewhere() {
    const here = await informed();
    here.clock.advance(1);
    here.journal.write(newEntry({ n: "new" }));
    const far = Object.assign(new Colo(), { clock: here.clock, journal: here.journal });
    const stored = await far.isolate().filled({ colo: "NRT" });
    here.journal.asked.length = 0;
    return { ...here, stored };
  }

  it("in the colo's copy", async () => {
    const { journal, reader, other, stored } = await filledElsewhere();
    await reader.view.seek(reader.requester, stored);
    await reader.settle();
    journal.asked.length = 0;
    await other.view.seek(other.requester, stored);
    await other.settle();
    expect([other.judge(stored), journal.asked]).toEqual(["usable", []]);
  });

  it.each([
    { id: "despite a claim", isRenewing: false },
    { id: "during a background renewal", isRenewing: true },
  ])("in the journal $id", async ({ isRenewing }) => {
    const { colo, journal, clock, other, stored } = await filledElsewhere();
    if (isRenewing) clock.advance(5);
    await colo.copies().claim(host);
    if (isRenewing) void other.view.renewIfDue(other.requester);
    await other.view.seek(other.requester, stored);
    expect([other.judge(stored), journal.asked]).toEqual(["usable", ["since"]]);
    await other.settle();
  });

  it("in the journal without waiting until the claim is stored", async () => {
    const { cache, journal, clock, other, stored } = await filledElsewhere();
    const gate = closedGate();
    // The reader's claim has expired.
    clock.advance(2);
    cache.beforePut = () => gate.opened;
    await other.view.seek(other.requester, stored);
    expect([other.judge(stored), journal.asked]).toEqual(["usable", ["since"]]);
    gate.open();
    await other.settle();
  });
});
