// An isolate's clock is set back by a minute: hits go on, for one more read of the journal, and
// nothing that was known before the step is taken for young once the clock has caught up.
import { describe, expect, it } from "vitest";
import { Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import { openJournalled } from "../../../testing/site/purge-sender.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";
import { Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

const stepSeconds = 60;

/** A thousand hits of ten pages within a hundred seconds. @returns what they cost */
async function costOfHits(setBackSeconds: number) {
  const origin = () => page("page", cc("max-age=3600"));
  const { site, upstash } = openJournalled({ origin });
  const ask = async (nth: number) => site.get(`/${nth % 10}`);
  for (let nth = 0; nth < 10; nth += 1) await ask(nth);
  const before = { origin: site.origin.count, reads: upstash.journalReadCount };
  site.clock.advance(0.1 - setBackSeconds);
  for (let nth = 0; nth < 1_000; nth += 1) {
    await ask(nth);
    site.clock.advance(0.1);
  }
  const { origin: asked, reads } = before;
  return { origin: site.origin.count - asked, reads: upstash.journalReadCount - reads };
}

describe("through the application", () => {
  it.each([stepSeconds, 5])("hits cost one read more after a step of %i s", async (seconds) => {
    const usual = await costOfHits(0);
    const { origin, reads } = await costOfHits(seconds);
    expect([usual.origin, origin]).toEqual([0, 0]);
    expect(reads).toBeLessThanOrEqual(usual.reads + 1);
  });
});

/** One that has just read the journal, and a request that comes after the step. */
async function setBack() {
  const isolate = new Isolate();
  const { clock, journal, view } = isolate;
  journal.write(newEntry({ n: "first" }));
  const stored = await isolate.filled();
  await isolate.settle();
  const ask = () => view.attend(isolate.attention);
  ask();
  journal.asked.splice(0);
  const step = () => {
    clock.advance(-stepSeconds);
    // Not the clock of the replicas.
    journal.replicaLagMs = -stepSeconds * 1_000;
  };
  return { isolate, clock, journal, view, stored, ask, step };
}

describe("a view", () => {
  it("has no age after the step, and that of the read that follows", async () => {
    const { isolate, clock, journal, view, stored, ask, step } = await setBack();
    step();
    const renewed = ask();
    expect([view.sentAtMs, isolate.judge(stored)]).toEqual([-Infinity, "unverified"]);
    await renewed?.();
    expect([view.sentAtMs, isolate.judge(stored)]).toEqual([clock.atMs, "usable"]);
    expect(journal.asked).toEqual(["since"]);
  });

  it("is not young again once the clock has caught up", async () => {
    const { isolate, clock, journal, stored, ask, step } = await setBack();
    journal.down = ["since"];
    step();
    await ask()?.();
    clock.advance(stepSeconds);
    expect(isolate.judge(stored)).toBe("unverified");
    // Nor is what this colo asked for before the step.
    const own = { ...stored, colo: "HAM", requestedAtMs: clock.atMs };
    expect(isolate.judge(own, { colo: "HAM" })).toBe("unverified");
    clock.advance(1);
    const since = { ...own, requestedAtMs: clock.atMs };
    expect(isolate.judge(since, { colo: "HAM" })).toBe("usable");
  });

  it("takes no age from a read that was sent before the step", async () => {
    const { isolate, clock, journal, view, ask, step } = await setBack();
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    clock.advance(8);
    ask();
    step();
    journal.down = ["since"];
    ask();
    gate.open();
    await isolate.settle();
    expect(view.sentAtMs).toBe(-Infinity);
  });

  it("seeks a stamp, and looks for what is overdue, as soon as before", async () => {
    const { isolate, clock, journal, view, ask, step } = await setBack();
    const sought: string[] = [];
    isolate.onOverdue = async (entries) => void sought.push(...entries.map(({ n }) => n));
    await view.seek(isolate.attention);
    view.apply([{ ...newEntry({ n: "never read" }), position: "1-0" }]);
    step();
    await ask()?.();
    journal.asked.splice(0);
    await view.seek(isolate.attention);
    expect(journal.asked).toEqual(["since"]);
    clock.advance(maxLagMs / 1_000);
    await ask()?.();
    await isolate.settle();
    expect(sought).toEqual(["never read"]);
  });

  it("knows of no failure from before the step", async () => {
    const { isolate, clock, journal, view, ask, step } = await setBack();
    journal.down = ["since"];
    await isolate.renew();
    expect(view.failedAtMs).toBe(clock.atMs);
    step();
    ask();
    expect(view.failedAtMs).toBe(undefined);
  });
});

describe("an isolate that is asked for nothing it has stored until the clock has caught up", () => {
  it("learns of the step from a purge", async () => {
    const { isolate, clock, journal, view, stored, step } = await setBack();
    step();
    const { nowAtMs } = clock;
    const given = { journal, view, nowAtMs, maxLagMs };
    const acceptances = new Acceptances({ ...given, randomText: () => "n" });
    const targets = { tags: ["tag:green"], prefixes: [] };
    const order = { id: "", bodyDigest: "", by: "admin", reason: "", targets };
    await acceptances.accept({ ...order, mode: "hard" }, isolate.attention);
    clock.advance(stepSeconds);
    expect(isolate.judge(stored)).toBe("unverified");
  });

  it("learns of the step from a request that is passed by", async () => {
    const origin = () => page("page", cc("max-age=3600"));
    const { site, upstash } = openJournalled({ origin });
    await site.get("/");
    site.clock.advance(-stepSeconds);
    await site.get("/", { headers: { authorization: "Basic x" } });
    site.clock.advance(stepSeconds);
    const before = upstash.journalReadCount;
    await site.get("/");
    expect(upstash.journalReadCount).toBe(before + 1);
  });
});
