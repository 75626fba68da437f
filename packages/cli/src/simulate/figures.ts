// Computes the figures of a simulated policy: its hits, the load of its origin, and its costs.
import { mixesOf, objectMsACall } from "./mixes.ts";
import { billOf, cpuMsOf, secondsAMonth, type Use } from "./month.ts";
import { workers } from "./prices.ts";
import { commandsByTheClock } from "./report-commands.ts";
import type { Policy, Simulation } from "./simulation.ts";
import { type Counts, shareOf } from "./totals.ts";

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

/** A shorter log does not show the rate of a month. */
const monthFromSeconds = 3_600;

/** Returns the operations, calls and dollars of a million requests, without CPU time and purges, and of a month. */
function costsOf({ policy, simulation: { totals, replay } }: PolicyRun) {
  const { seconds, all } = totals;
  const { requests } = all;
  const { reads: lookUps, writes, rows, bytes } = replay.shared;
  const { renewalLagMs, allowanceMs } = policy.config.purge;
  const periods = (seconds * 1_000) / Math.max(1_000, renewalLagMs - allowanceMs);
  const journalReads = Math.min(requests, journalReadsAPeriod * periods * replay.coloCount);
  const minutes = Math.max(1, seconds / 60);
  const isolates = replay.isolateCount;
  const otherCommands = commandsByTheClock({ isolates, requests, minutes });
  const used = { lookUps, writes, rows, bytes, journalReads, purges: 0, otherCommands };
  const million = shareOf(1e6, requests);
  const [redis = 0, , objects = 0] = mixesOf(used).map(
    ({ records, journal, duration }) =>
      workers.requests.dollarsAMillion + (records + journal + duration) * million,
  );
  const calls = (lookUps + writes + journalReads) * million;
  return {
    redisCommandsAMillion: calls + otherCommands * million,
    objectCallsAMillion: calls,
    objectRowsAMillion: rows * million,
    dollarsAMillion: { redis, objects },
    month: seconds < monthFromSeconds ? null : monthOf({ ...used, requests, seconds }),
  };
}

interface LogUse extends Omit<Parameters<typeof mixesOf>[0], "purges"> {
  readonly requests: number;
  /** The duration of the log. */
  readonly seconds: number;
}

/** Returns the bill of a month with the log's rate, in which no calls of an object overlap. */
function monthOf({ requests, seconds, lookUps, writes, journalReads, ...more }: LogUse) {
  const factor = secondsAMonth / seconds;
  const calls = (lookUps + writes + journalReads) * factor;
  const base: Use = {
    workerRequests: requests * factor,
    cpuMs: cpuMsOf(requests, lookUps) * factor,
    redisCommands: 0,
    redisGigabytes: 0,
    objectRequests: 0,
    objectRows: 0,
    objectSeconds: 0,
  };
  const redis: Use = {
    ...base,
    redisCommands: calls + more.otherCommands * factor,
    redisGigabytes: (more.bytes * factor) / 1e9,
  };
  const objectSeconds = (calls * objectMsACall) / 1_000;
  const objects: Use = {
    ...base,
    objectRequests: calls,
    objectRows: more.rows * factor,
    objectSeconds,
  };
  return {
    requests: base.workerRequests,
    dollars: { redis: billOf(redis), objects: billOf(objects) },
  };
}

/** Returns the figures that a route and the whole site have. */
function sharesOf({ requests, passed, hitRate, offload, originRequests, originBytes }: Counts) {
  return { requests, passed, hitRate, offload, originRequests, originBytes };
}

/** Returns the figures of a policy, as `--json` prints them. */
export function figuresOf(run: PolicyRun) {
  const { totals, replay, assumed } = run.simulation;
  const { passed, ...shares } = sharesOf(totals.all);
  const { outcomes, refreshes, answeredBytes } = totals.all;
  const routes = [...totals.byRoute].map(([route, counts]) =>
    Object.assign({ route }, sharesOf(counts)),
  );
  return {
    config: run.name,
    seconds: totals.seconds,
    colos: replay.coloCount,
    ...shares,
    outcomes: { ...outcomes, passed },
    refreshes,
    answeredBytes,
    originPeakASecond: totals.originASecond.most,
    originPeakAMinute: totals.originAMinute.most,
    ...costsOf(run),
    routes: routes.toSorted((one, other) => other.requests - one.requests),
    mostMissed: totals.mostMissed(missedShown).map(([name, misses]) => ({ name, misses })),
    assumed,
  };
}
export type Figures = ReturnType<typeof figuresOf>;
