// Rule 10: after the clock was set back, hits continue, and earlier readings of the clock do not
// look recent. Pages that are then dated in the future are loaded once.
import { describe, expect, it } from "vitest";
import { openJournalled } from "../../../testing/site/purge-sender.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";
import {
  Isolate,
  maxLagMs,
  newEntry,
  orderOf,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const stepSeconds = 60;
const openCachedSite = (more = {}) =>
  openJournalled({ origin: () => page("page", cc("max-age=3600", more)) });

/**
 * @param given.ageSeconds the age of ten stored pages at the step
 * @returns the origin requests and journal reads of a thousand hits in the 100 s after the step
 */
async function costOfHits(given: { setBackSeconds: number; ageSeconds?: number; more?: object }) {
  const { setBackSeconds, ageSeconds = 0, more } = given;
  const { site, upstash } = openCachedSite(more);
  const ask = async (nth: number) => site.get(`/${nth % 10}`);
  for (let nth = 0; nth < 10; nth += 1) await ask(nth);
  site.clock.advance(ageSeconds);
  await ask(0);
  const before = { origin: site.origin.count, reads: upstash.journalReadCount };
  site.clock.advance(0.1 - setBackSeconds);
  for (let nth = 0; nth < 1_000; nth += 1) {
    await ask(nth);
    site.clock.advance(0.1);
  }
  const { origin: asked, reads } = before;
  return { origin: site.origin.count - asked, reads: upstash.journalReadCount - reads };
}

describe("a step back costs at most one journal read", () => {
  const varying = { vary: "accept-language" };

  it.each([
    { id: "60 s, older pages", setBackSeconds: stepSeconds, ageSeconds: stepSeconds, origin: 0 },
    { id: "5 s, older pages", setBackSeconds: 5, ageSeconds: 5, origin: 0 },
    // The age of a page that is dated in the future is unknown.
    { id: "60 s", setBackSeconds: stepSeconds, origin: 10 },
    { id: "5 s", setBackSeconds: 5, origin: 10 },
    { id: "60 s, variants", setBackSeconds: stepSeconds, more: varying, origin: 10 },
  ])("and one origin request for a page from the future: $id", async ({ origin, ...given }) => {
    const usual = await costOfHits({ ...given, setBackSeconds: 0 });
    const stepped = await costOfHits(given);
    expect([usual.origin, stepped.origin]).toEqual([0, origin]);
    expect(stepped.reads).toBeLessThanOrEqual(usual.reads + 1);
  });
});

/** Creates an isolate that has just read the journal. `step` sets its clock back. */
async function beforeStep() {
  const isolate = await warmIsolate();
  const { clock, journal, view } = isolate;
  const stored = await isolate.filled();
  const ask = () => view.renewIfDue(isolate.requester);
  ask();
  journal.asked.splice(0);
  const step = () => {
    clock.advance(-stepSeconds);
    // The step does not affect the clock of the replicas.
    journal.replicaLagMs = -stepSeconds * 1_000;
  };
  return { isolate, clock, journal, view, stored, ask, step };
}

describe("after a step back, the view", () => {
  it("has no age until the next read", async () => {
    const { isolate, clock, journal, view, stored, ask, step } = await beforeStep();
    step();
    const renewed = ask();
    expect([view.tail.sentAtMs, isolate.judge(stored)]).toEqual([-Infinity, "unverified"]);
    await renewed?.();
    expect([view.tail.sentAtMs, isolate.judge(stored)]).toEqual([clock.atMs, "usable"]);
    expect(journal.asked).toEqual(["since"]);
  });

  it("stays too old when the clock has caught up, and so do bodies of this colo", async () => {
    const { isolate, clock, journal, stored, ask, step } = await beforeStep();
    journal.down = ["since"];
    step();
    await ask()?.();
    clock.advance(stepSeconds);
    expect(isolate.judge(stored)).toBe("unverified");
    const own = { ...stored, colo: "HAM", requestedAtMs: clock.atMs };
    expect(isolate.judge(own, { colo: "HAM" })).toBe("unverified");
    clock.advance(1);
    const since = { ...own, requestedAtMs: clock.atMs };
    expect(isolate.judge(since, { colo: "HAM" })).toBe("usable");
  });

  it("gets no age from a read that was sent before the step", async () => {
    const { isolate, clock, journal, view, ask, step } = await beforeStep();
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    clock.advance(8);
    ask();
    step();
    journal.down = ["since"];
    ask();
    gate.open();
    await isolate.settle();
    expect(view.tail.sentAtMs).toBe(-Infinity);
  });

  it("is renewed by a new read, even if a read from before a small step is under way", async () => {
    const { isolate, clock, journal, view, stored, ask } = await beforeStep();
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    clock.advance(8);
    ask();
    clock.advance(-1.5);
    journal.beforeAnswer = () => Promise.resolve();
    const renewed = ask()?.();
    gate.open();
    await renewed;
    expect([view.tail.sentAtMs, isolate.judge(stored)]).toEqual([clock.atMs, "usable"]);
    expect(journal.asked).toEqual(["since", "since"]);
    await isolate.settle();
  });

  it("seeks stamps and reports overdue entries as soon as without a step", async () => {
    const { isolate, clock, journal, view, ask, step } = await beforeStep();
    const sought: string[] = [];
    isolate.onOverdue = async (entries) => void sought.push(...entries.map(({ n }) => n));
    await view.seek(isolate.requester);
    view.tail.apply([{ ...newEntry({ n: "never read" }), position: "1-0" }]);
    step();
    await ask()?.();
    journal.asked.splice(0);
    await view.seek(isolate.requester);
    expect(journal.asked).toEqual(["since"]);
    clock.advance(maxLagMs / 1_000);
    await ask()?.();
    await isolate.settle();
    expect(sought).toEqual(["never read"]);
  });

  it("forgets failures from before the step", async () => {
    const { isolate, clock, journal, view, ask, step } = await beforeStep();
    journal.down = ["since"];
    await isolate.renew();
    expect(view.failedAtMs).toBe(clock.atMs);
    step();
    ask();
    expect(view.failedAtMs).toBe(undefined);
  });
});

describe("an isolate notices a step back", () => {
  it.each([
    { id: "a read", note: ({ view }: Isolate) => view.tail.catchUp() },
    { id: "a stamp", note: ({ view, requester }: Isolate) => view.stamp(requester) },
  ])("to a step forward that only $id has seen", async ({ note }) => {
    let aheadMs = 0;
    const isolate = new Isolate({ aheadMs: () => aheadMs });
    const { clock, journal, view } = isolate;
    journal.write(newEntry({ n: "first" }));
    await isolate.renew();
    aheadMs = stepSeconds * 1_000;
    await note(isolate);
    aheadMs = 0;
    clock.advance(2 * stepSeconds);
    view.arrived(clock.atMs);
    expect(view.tail.sentAtMs).toBe(-Infinity);
  });

  it("at a purge", async () => {
    const { isolate, clock, stored, step } = await beforeStep();
    step();
    await isolate.acceptances().accept(orderOf(["tag:green"], { id: "" }), isolate.requester);
    clock.advance(stepSeconds);
    expect(isolate.judge(stored)).toBe("unverified");
  });

  it("at a bypassed request", async () => {
    const { site, upstash } = openCachedSite();
    await site.get("/");
    site.clock.advance(-stepSeconds);
    await site.get("/", { headers: { authorization: "Basic x" } });
    site.clock.advance(stepSeconds);
    const before = upstash.journalReadCount;
    await site.get("/");
    expect(upstash.journalReadCount).toBe(before + 1);
  });
});
