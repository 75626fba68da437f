// Runs the last release and today's Worker in front of one Redis. Both serve and purge, while colos
// change from one version to the other and back. `npm run bench -- consistency -- --released` does
// this for any length of time.
import { expect, it } from "vitest";
import { crossings, versionThat } from "../../testing/consistency/crossings.ts";
import { run } from "../../testing/consistency/run.ts";
import { today } from "../../testing/consistency/site-under-test.ts";
import { lastRelease } from "../../testing/released/release.ts";

const activeMs = 20_000;
const quietMs = 12_000;
/** Time for bundling and for each start of a colo on a busy machine. */
const startsMsMax = 60_000;

it(
  "serves neither the other version's responses nor anything that either version purged",
  { timeout: startsMsMax + activeMs + quietMs },
  async () => {
    const { history, findings } = await run({
      seed: 1,
      maxLagMs: 1_000,
      activeMs,
      coloCount: 2,
      pagesPerKind: 3,
      readersPerColo: 12,
      thinkMsMax: 60,
      writerCount: 4,
      writePauseMsMax: 2_000,
      faults: ["version-changed"],
      restMsMax: 5_000,
      quietMs,
      readsPerRound: 2,
      checkEveryMs: 0,
      besideRelease: true,
    });
    expect(findings.violations.map(({ what }) => what)).toEqual([]);
    const { isolates, purges, faults } = history;
    // Both colos have changed, one to today's version and one to the release.
    expect(faults.length).toBeGreaterThan(1);
    const accepted = purges.filter(({ outcome }) => outcome.kind === "accepted");
    const acceptors = new Set(accepted.map((purge) => versionThat(isolates, purge)));
    const { version } = lastRelease();
    expect([...acceptors]).toEqual(expect.arrayContaining([version, today]));
    const found = crossings(history);
    expect(found.map(({ answeredBy }) => answeredBy)).toEqual([today, version]);
    // Their records differ, so neither answers from a record of the other.
    const none = { edge: 0, shared: 0 };
    expect(crossings(history)).toEqual([
      { storedBy: version, answeredBy: today, ...none },
      { storedBy: today, answeredBy: version, ...none },
    ]);
    // Each has answered from its own.
    const hits = history.reads.filter(({ cacheStatus }) => cacheStatus.includes("; hit;"));
    const answerers = new Set(hits.map((read) => versionThat(isolates, read)));
    expect([...answerers]).toEqual(expect.arrayContaining([version, today]));
  },
);
