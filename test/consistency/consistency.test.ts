// Runs real colos in front of a Redis that fails in many ways, and checks that their answers keep
// the purge promise. Also plants faults in the Worker, and checks that the checker finds them. For
// any length of time: `npm run bench -- consistency`.
import { describe, expect, it } from "vitest";
import { faultNames, revealing } from "../../testing/consistency/nemesis.ts";
import type { History } from "../../testing/consistency/checker/operations.ts";
import type { PlantedFault } from "../../testing/consistency/planted-faults.ts";
import { run, type RunSettings } from "../../testing/consistency/run.ts";

/** Time for bundling and for the start of a Redis, its replica and the colos on a busy machine. */
const startMsMax = 40_000;
const activeMs = 9_000;
/** After an outage of that length, an isolate probes the database again within 8 s. */
const quietMs = 12_000;
/** A busy machine may need minutes until there are enough operations. */
const testMsMax = startMsMax + activeMs + quietMs + 240_000;

const settingsOf = (parts: Partial<RunSettings>): RunSettings => ({
  seed: 1,
  maxLagMs: 1_000,
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
  // The second read can use the response of the first, however long the outage was.
  readsPerRound: 2,
  checkEveryMs: 0,
  ...parts,
});

const acceptedOf = ({ purges }: Pick<History, "purges">) =>
  purges.filter(({ outcome }) => outcome.kind === "accepted").length;
const hitsOf = ({ reads }: Pick<History, "reads">) =>
  reads.filter(({ cacheStatus }) => cacheStatus.includes("; hit"));

/** A run without hits, purges or faults would find no violation. */
const isEnough = (made: Pick<History, "purges" | "reads" | "faults">) =>
  acceptedOf(made) > 5 && hitsOf(made).length > 50 && made.faults.length > 3;

describe("colos with a failing Redis", () => {
  it.each([{ seed: 1, faults: faultNames }])(
    "serve no purged response past the bound, and serve hits again: seed $seed",
    { timeout: testMsMax },
    async ({ seed, faults }) => {
      const { history, findings } = await run(settingsOf({ seed, faults, isEnough }));
      expect(findings.violations.map(({ what }) => what)).toEqual([]);
      expect(isEnough(history)).toBe(true);
      expect(findings.switchJudgedCount).toBeGreaterThan(50);
    },
  );
});

describe("colos whose journal and records are in failing Durable Objects", () => {
  it(
    "serve no purged response past the bound, and serve hits",
    { timeout: testMsMax },
    async () => {
      const faults = ["object-restarted", "colo-restarted", "origin-slow"] as const;
      const { history, findings } = await run(settingsOf({ faults, isEnough, overObject: true }));
      expect(findings.violations.map(({ what }) => what)).toEqual([]);
      expect(isEnough(history)).toBe(true);
      const shared = hitsOf(history).filter(({ cacheStatus }) =>
        cacheStatus.includes("detail=shared"),
      );
      expect(shared.length).toBeGreaterThan(0);
      const restarts = history.faults.filter(({ fault }) => fault === "object-restarted");
      expect(restarts.length).toBeGreaterThan(0);
    },
  );
});

describe("a Worker with a planted fault", () => {
  const found: readonly { fault: PlantedFault; rule: RegExp }[] = [
    { fault: "memory-not-judged", rule: /purged-version/ },
    { fault: "stamp-after-fetch", rule: /purged-version/ },
  ];
  it.each(found)(
    "violates its rule, and the checker finds it: $fault",
    { timeout: testMsMax + 20_000 },
    async ({ fault, rule }) => {
      const faults = revealing[fault];
      const settings = { fault, faults, activeMs: 30_000, checkEveryMs: 500 };
      const { findings } = await run(settingsOf(settings));
      const rules = findings.violations.map((violation) => violation.rule);
      expect(rules).toContainEqual(expect.stringMatching(rule));
    },
  );
});
