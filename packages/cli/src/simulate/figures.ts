// Computes the figures of a simulated policy: its hits, the load of its origin, and its costs.
import { mixesOf, mixNames } from "./mixes.ts";
import type { Policy } from "./planner.ts";
import { workers } from "./prices.ts";
import { reportCommandsOf } from "./report-commands.ts";
import type { Simulation } from "./simulation.ts";
import { shareOf } from "./totals.ts";

/** A simulated policy. */
export interface PolicyRun {
  /** The name of its configuration. */
  readonly name: string;
  readonly policy: Policy;
  readonly simulation: Simulation;
}

const missedShown = 10;
/** The reads of the journal by one colo, in a period of N − A: docs/costs.md. */
const journalReadsAPeriod = 2.9;
const cronCommandsAMinute = 3;

/** Returns the operations, calls and dollars of a million requests, without CPU time and purges. */
function costsOf({ policy, simulation: { totals, world } }: PolicyRun) {
  const { seconds, all } = totals;
  const { requests } = all;
  const { reads, writes, fills, bytes } = world.shared.calls;
  const { renewalLagMs, allowanceMs } = policy.config.purge;
  const periods = (seconds * 1_000) / Math.max(1_000, renewalLagMs - allowanceMs);
  const journalReads = Math.min(requests, journalReadsAPeriod * periods * world.coloCount);
  const minutes = Math.max(1, seconds / 60);
  const reports = reportCommandsOf({ isolates: world.isolates.length, requests, minutes });
  const others = reports + cronCommandsAMinute * minutes;
  const million = shareOf(1e6, requests);
  const operations = {
    lookUps: reads * million,
    writes: writes * million,
    fills: fills * million,
    bytes: bytes * million,
    journalReads: journalReads * million,
    purges: 0,
    otherCommands: others * million,
  };
  const dollarsOf = (mix: string): number => {
    const found = mixesOf(operations).find(({ name }) => name === mix);
    const { records = 0, journal = 0, duration = 0 } = found ?? {};
    return workers.requests.dollarsAMillion + records + journal + duration;
  };
  const calls = (reads + writes + journalReads) * million;
  return {
    redisCommandsAMillion: calls + operations.otherCommands,
    objectCallsAMillion: calls,
    objectRowsAMillion: operations.writes + operations.fills,
    dollarsAMillion: {
      redis: dollarsOf(mixNames.redis),
      objects: dollarsOf(mixNames.cloudflare),
    },
  };
}

/** Returns the figures of a policy, as `--json` prints them. */
export function figuresOf(played: PolicyRun) {
  const { totals, world, assumed } = played.simulation;
  const { all } = totals;
  const memory = world.memoryByRoute();
  const routes = [...totals.byRoute].map(([route, counts]) => ({
    route,
    requests: counts.requests,
    passed: counts.passed,
    hitRate: counts.hitRate,
    offload: counts.offload,
    originRequests: counts.originRequests,
    originBytes: counts.originBytes,
    memoryBytes: memory.get(route) ?? 0,
  }));
  return {
    config: played.name,
    requests: all.requests,
    seconds: totals.seconds,
    colos: world.coloCount,
    hitRate: all.hitRate,
    offload: all.offload,
    outcomes: { ...all.outcomes, passed: all.passed },
    refreshes: all.refreshes,
    answeredBytes: all.answeredBytes,
    originRequests: all.originRequests,
    originBytes: all.originBytes,
    originPeakASecond: totals.originASecond.most,
    originPeakAMinute: totals.originAMinute.most,
    ...costsOf(played),
    memoryBytes: [...memory.values()].reduce((sum, bytes) => sum + bytes, 0),
    routes: routes.toSorted((one, other) => other.requests - one.requests),
    mostMissed: totals.mostMissed(missedShown).map(([name, misses]) => ({ name, misses })),
    assumed,
  };
}
export type Figures = ReturnType<typeof figuresOf>;
