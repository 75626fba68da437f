// Rule 15 with copies: when a view is renewed, from what, and who reads the journal for a colo; and
// rule 6, where a copy may be what is sought.
import { afterEach, describe, expect, it, vi } from "vitest";
import { asked, Colo, host, informed } from "./colo-copies.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { boundMs, newEntry } from "../../../testing/examples/purges.ts";

afterEach(() => void vi.useRealTimers());

const seconds = (ms: number) => ms / 1_000;

describe("rule 15: renewed at an age that is drawn anew", () => {
  it.each([
    { draw: 0, least: 0.35 * boundMs },
    { draw: 0.5, least: 0.475 * boundMs },
    { draw: 0.999_999, least: 0.6 * boundMs },
  ])("from 0.35 to 0.6 of N − A: $draw", async ({ draw, least }) => {
    const colo = new Colo();
    const isolate = colo.isolate({ random: () => draw });
    await isolate.filled();
    await isolate.settle();
    const { readCount } = colo.journal;
    clockTo(colo, least - 1);
    await asked(isolate);
    expect(colo.journal.readCount).toBe(readCount);
    clockTo(colo, 1);
    await asked(isolate);
    expect(colo.journal.readCount).toBe(readCount + 1);
  });

  it("each time", async () => {
    const colo = new Colo();
    const draws = [0, 0, 1];
    const isolate = colo.isolate({ random: () => draws.shift() ?? 0 });
    await isolate.filled();
    await isolate.settle();
    // The first was drawn for a view that was not there yet.
    clockTo(colo, 0.35 * boundMs);
    await asked(isolate);
    const { readCount } = colo.journal;
    clockTo(colo, 0.59 * boundMs);
    await asked(isolate);
    expect(colo.journal.readCount).toBe(readCount);
    clockTo(colo, 0.011 * boundMs);
    await asked(isolate);
    expect(colo.journal.readCount).toBe(readCount + 1);
  });
});

describe("rule 15: from the copy, or from the journal after a claim", () => {
  it.each([
    { id: "just-below-half", copyAgeMs: boundMs / 2 - 1, reads: 0 },
    { id: "at-half", copyAgeMs: boundMs / 2, reads: 1 },
  ])("by the copy's age: $id", async ({ copyAgeMs, reads }) => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    await asked(reader);
    const readAtMs = clock.atMs;
    journal.asked.length = 0;
    clock.advance(seconds(copyAgeMs));
    await asked(other);
    expect(journal.readCount).toBe(reads);
    expect(other.view.sentAtMs).toBe(reads === 0 ? readAtMs : clock.atMs);
  });

  it("what another has claimed is left to it, up to the bound", async () => {
    const { colo, journal, clock, other, readAtMs } = await informed();
    clock.advance(8);
    await colo.copies().claim(host);
    clock.advance(1);
    expect(other.view.attend(other.attention)).toBe(undefined);
    await other.settle();
    expect([journal.asked, other.view.sentAtMs]).toEqual([[], readAtMs]);
    clock.advance(0.999);
    await other.view.attend(other.attention)?.();
    expect([journal.asked, other.view.sentAtMs]).toEqual([["since"], clock.atMs]);
    await other.settle();
  });

  it("is asked for at most twice a second, however many requests come", async () => {
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

  it("past the bound a request waits, and is content with a copy that is young", async () => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    await asked(reader);
    journal.asked.length = 0;
    clock.advance(4);
    await other.view.attend(other.attention)?.();
    expect([journal.asked, other.view.sentAtMs]).toEqual([[], reader.view.sentAtMs]);
    await other.settle();
  });

  it("what is not newer is no renewal, however young", async () => {
    const { colo, journal, clock, reader } = await informed();
    const eager = colo.isolate({ random: () => 0 });
    await eager.filled();
    journal.asked.length = 0;
    // Its copy is 0.4 of N − A old, and as old as the view.
    clock.advance(seconds(0.4 * boundMs));
    await asked(eager);
    expect([journal.asked, eager.view.sentAtMs]).toEqual([["since"], clock.atMs]);
    expect(reader.view.sentAtMs).toBeLessThan(clock.atMs);
  });

  it("nobody waits for the publishing", async () => {
    // No timer ends the wait for a cache that does not answer.
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { cache, clock, reader } = await informed();
    const gate = closedGate();
    clock.advance(10);
    const puts = cache.journalPuts;
    cache.beforePut = async () => {
      if (cache.journalPuts > puts + 1) await gate.opened;
    };
    await reader.view.attend(reader.attention)?.();
    expect(reader.view.sentAtMs).toBe(clock.atMs);
    gate.open();
    await reader.settle();
    expect(cache.journalPuts).toBe(puts + 2);
  });

  it.each(["throws", "forgets"] as const)(
    "a cache that %s costs reads of the journal and nothing else",
    async (mode) => {
      const { cache, journal, clock, other } = await informed();
      cache.mode = mode;
      const stored = await other.filled();
      for (let turn = 0; turn < 5; turn += 1) {
        clock.advance(6);
        await asked(other);
        expect(other.judge(stored)).toBe("usable");
      }
      expect(journal.readCount).toBe(5);
    },
  );

  it("without a host there are no copies", async () => {
    const { cache, journal, clock, other } = await informed();
    clock.advance(6);
    const matches = cache.journalMatches;
    const { host: _, ...attention } = other.attention;
    void other.view.attend(attention);
    await other.settle();
    expect([cache.journalMatches, journal.readCount]).toEqual([matches, 1]);
  });
});

describe("rule 6: what is sought", () => {
  /** Filled in another colo, by one who has read an entry more than anybody here. */
  async function filledElsewhere() {
    const here = await informed();
    here.clock.advance(1);
    here.journal.write(newEntry({ n: "new" }));
    const far = new Colo();
    Object.assign(far, { clock: here.clock, journal: here.journal });
    const stored = await far.isolate().filled({ colo: "NRT" });
    here.journal.asked.length = 0;
    return { ...here, stored };
  }

  it("is found in a copy, if it is there", async () => {
    const { journal, reader, other, stored } = await filledElsewhere();
    await reader.view.seek(reader.attention, stored.stamp);
    await reader.settle();
    journal.asked.length = 0;
    await other.view.seek(other.attention, stored.stamp);
    await other.settle();
    expect([other.judge(stored), journal.asked]).toEqual(["usable", []]);
  });

  it("else in the journal, whatever others have claimed", async () => {
    const { colo, journal, other, stored } = await filledElsewhere();
    await colo.copies().claim(host);
    await other.view.seek(other.attention, stored.stamp);
    expect([other.judge(stored), journal.asked]).toEqual(["usable", ["since"]]);
    await other.settle();
  });

  it("also where a renewal was under way that sought nothing", async () => {
    const { colo, journal, clock, other, stored } = await filledElsewhere();
    clock.advance(5);
    await colo.copies().claim(host);
    void other.view.attend(other.attention);
    await other.view.seek(other.attention, stored.stamp);
    expect([other.judge(stored), journal.asked]).toEqual(["usable", ["since"]]);
    await other.settle();
  });
});

function clockTo({ clock }: Colo, afterMs: number): void {
  clock.advance(seconds(afterMs));
}
