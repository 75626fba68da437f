// Real colos before a Redis that is broken in many ways: what they answered keeps the promise. And
// the same found broken, where it is. `npm run bench -- consistency` does this for as long as one likes.
import { describe, expect, it } from "vitest";
import { faultNames, revealing } from "../../testing/consistency/nemesis.ts";
import type { PlantedFault } from "../../testing/consistency/planted-faults.ts";
import { run, type RunSettings } from "../../testing/consistency/run.ts";

/** Bundling, and the start of a Redis, its replica and the colos, on a busy machine. */
const startMsMax = 40_000;
const activeMs = 9_000;
/** An isolate asks again for a database that was away that long after 8 s at the latest. */
const quietMs = 12_000;
const testMsMax = startMsMax + activeMs + quietMs + 20_000;

const settingsOf = (parts: Partial<RunSettings>): RunSettings => ({
  seed: 1,
  activeMs,
  coloCount: 2,
  pagesPerKind: 3,
  readersPerColo: 12,
  thinkMsMax: 60,
  writerCount: 6,
  writePauseMsMax: 1_500,
  faults: [],
  restMsMax: 1_200,
  quietMs,
  // What was just fetched may be used at once, however long the database was away.
  readsPerRound: 2,
  checkEveryMs: 0,
  ...parts,
});

describe("nothing that was purged is answered past the bound, and hits return", () => {
  it.each([{ seed: 1, faults: faultNames }])(
    "seed $seed",
    { timeout: testMsMax },
    async ({ seed, faults }) => {
      const { history, findings } = await run(settingsOf({ seed, faults }));
      expect(findings.violations.map(({ what }) => what)).toEqual([]);
      const accepted = history.purges.filter(({ outcome }) => outcome.kind === "accepted");
      const hits = history.reads.filter(({ cacheStatus }) => cacheStatus.includes("; hit"));
      // Who reads nothing, purges nothing or breaks nothing finds nothing.
      expect(accepted.length).toBeGreaterThan(5);
      expect(hits.length).toBeGreaterThan(50);
      expect(findings.switchJudgedCount).toBeGreaterThan(50);
      expect(history.faults.length).toBeGreaterThan(3);
    },
  );
});

describe("a Worker with a fault is found out", () => {
  const found: readonly { fault: PlantedFault; rule: RegExp }[] = [
    { fault: "memory-not-judged", rule: /purged-version/ },
    { fault: "stamp-after-fetch", rule: /purged-version/ },
  ];
  it.each(found)("$fault", { timeout: testMsMax + 20_000 }, async ({ fault, rule }) => {
    const faults = revealing[fault];
    const settings = { fault, faults, activeMs: 30_000, checkEveryMs: 500 };
    const { findings } = await run(settingsOf(settings));
    expect(findings.violations.map((violation) => violation.rule)[0]).toMatch(rule);
  });
});
