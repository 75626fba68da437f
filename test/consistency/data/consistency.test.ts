// Runs an application's data on real colos and in a Node process, in front of a Redis that fails in
// many ways, and on colos over Durable Objects that fail. Checks that all reads keep the purge
// promise, and that the checker finds planted faults. `npm run bench -- data-consistency` does this
// for any length of time.
import { describe, expect, it } from "vitest";
import { dataFaultNames, revealingData } from "../../../testing/consistency/data/data-faults.ts";
import type { DataRecorder } from "../../../testing/consistency/data/recorder.ts";
import { type DataRunSettings, runData } from "../../../testing/consistency/data/run-data.ts";

/** Time for bundling and for the start of a Redis, the colos and the process on a busy machine. */
const startMsMax = 40_000;
const activeMs = 9_000;
const quietMs = 20_000;
const lifetimesMs = 40_000;
const testMsMax = startMsMax + 2 * activeMs + quietMs + lifetimesMs + 30_000;

const settingsOf = (parts: Partial<DataRunSettings>): DataRunSettings => ({
  store: "redis",
  seed: 1,
  maxLagMs: 1_000,
  activeMs,
  coloCount: 2,
  clientCount: 40,
  thinkMsMax: 200,
  changeShare: 0.03,
  faults: [],
  restMsMax: 2_000,
  quietMs,
  checksLifetimes: true,
  checkEveryMs: 0,
  ...parts,
});

/** A run without purges or faults would find no violation, and a busy machine is slow to make them. */
const isEnough = ({ purges, world }: DataRecorder) =>
  world.faults.length > 3 && purges.filter(({ outcome }) => outcome === "accepted").length > 30;

/** The quiet ends once all keys are found. A busy machine takes longer. */
const longQuietMs = 6 * quietMs;

describe("data in front of a failing Redis", () => {
  it.each([{ seed: 1 }])(
    "is not read past the bound after a purge: seed $seed",
    { timeout: 2 * testMsMax + longQuietMs },
    async ({ seed }) => {
      const faults = dataFaultNames.redis;
      const { history, findings } = await runData(
        settingsOf({ seed, faults, activeMs: 2 * activeMs, quietMs: longQuietMs, isEnough }),
      );
      expect(findings.violations.map(({ what }) => what)).toEqual([]);
      expect(findings.olderReadCount).toBeGreaterThan(0);
      expect(history.reads.some(({ place }) => place === "process")).toBe(true);
    },
  );
});

describe("data in Durable Objects that fail", () => {
  it("is not read past the bound after a purge", { timeout: testMsMax + longQuietMs }, async () => {
    const { findings } = await runData(
      settingsOf({
        store: "objects",
        faults: dataFaultNames.objects,
        activeMs: activeMs / 2,
        restMsMax: 1_000,
        clientCount: 20,
        // The phase ends once every key is found. A busy machine may need minutes.
        quietMs: longQuietMs,
        checksLifetimes: false,
      }),
    );
    expect(findings.violations.map(({ what }) => what)).toEqual([]);
  });
});

describe("a data cache with a planted fault", () => {
  const found: readonly { fault: keyof typeof revealingData.redis; rule: RegExp }[] = [
    { fault: "one-key-not-judged", rule: /^(?:purged-|own-write$)/ },
    { fault: "raised-twice", rule: /^counted-twice$/ },
  ];
  it.each(found)(
    "violates its rule, and the checker finds it: $fault",
    { timeout: testMsMax + 30_000 },
    async ({ fault, rule }) => {
      const faults = revealingData.redis[fault];
      const settings = settingsOf({ fault, faults, activeMs: 40_000, checkEveryMs: 500 });
      const { findings } = await runData(settings);
      const rules = findings.violations.map((violation) => violation.rule);
      expect(rules).toContainEqual(expect.stringMatching(rule));
    },
  );
});
