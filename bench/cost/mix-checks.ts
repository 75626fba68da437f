// The checks of a run over the stores of Cloudflare.
import type { Check } from "./checks.ts";
import { billOfMix, togetherOf } from "./mixes.ts";
import type { MixRun } from "./mix-run.ts";
import { sumOfCounts } from "./replay-over.ts";

/** The demands on records in Durable Objects: the bill, and the offload below that over Redis. */
const centsMax = 120;
const offloadLossMax = 0.01;

const exactly = (count: number) => ({ min: count, max: count });

interface Given {
  readonly requestCount: number;
  /** The origin requests of the same trace over Redis; absent if it was not replayed. */
  readonly redisOriginRequests?: number | undefined;
}

export function mixChecksOf(run: MixRun, given: Given): Check[] {
  const { failedCount, foreignCount, staleCount, purgesRefusedCount } = run.replayed;
  const checks: Check[] = [
    ...countChecks(run),
    {
      what: "calls and operations that failed or were late; more than 0 means that the machine is too slow for this run",
      measured: unavailableIn(run),
      ...exactly(0),
    },
    {
      what: "responses that failed, had another page or were older than N allows, and refused purges",
      measured: failedCount + foreignCount + staleCount + purgesRefusedCount,
      ...exactly(0),
    },
    ...demands(run, given),
  ];
  const named = ({ what, measured, min, max }: Check): Check => {
    return { what: `cloudflare: ${what}`, measured, min, max };
  };
  return checks.map(named);
}

function demands(run: MixRun, { requestCount, redisOriginRequests }: Given): Check[] {
  const bill: Check = {
    what: "cents of a million requests",
    measured: Math.round(100 * togetherOf(billOfMix(run, requestCount))),
    min: 0,
    max: centsMax,
  };
  if (redisOriginRequests === undefined) return [bill];
  const originRequests: Check = {
    what: "origin requests, at most those over Redis and 1 in 100 of all requests",
    measured: run.origin.requests,
    min: 0,
    max: redisOriginRequests + Math.floor(offloadLossMax * requestCount),
  };
  return [bill, originRequests];
}

/** Checks that the stores and the Workers counted the same. */
function countChecks({ objects, workers }: MixRun): Check[] {
  const { objectCalls, objectRows } = workers;
  const calls = (...names: string[]) =>
    names.reduce((sum, name) => sum + (objects[name]?.calls ?? 0), 0);
  const told = (...purposes: string[]) =>
    purposes.reduce((sum, purpose) => sum + (objectCalls[purpose] ?? 0), 0);
  const received = Object.values(objects);
  const pairs: [what: string, told: number, received: number][] = [
    ["look-ups and probes", told("look-up", "probe"), calls("records/read", "journal/standing")],
    ["writes of records", told("fill", "freshening", "Vary marker"), calls("records/write")],
    ["removals", told("removal"), calls("records/remove")],
    ["purges", told("purge, written"), calls("journal/append")],
    ["all calls", sumOfCounts(objectCalls), received.reduce((sum, one) => sum + one.calls, 0)],
    ["written rows", sumOfCounts(objectRows), received.reduce((sum, one) => sum + one.rows, 0)],
  ];
  return pairs.map(([what, measured, other]) => ({
    what: `${what}, as the Workers counted them and as the store counted them`,
    measured,
    min: other,
    max: other,
  }));
}

function unavailableIn({ objects, reads, writes }: MixRun): number {
  const failed = Object.values(objects).reduce((sum, one) => sum + one.failed, 0);
  const { unavailable: unread = 0 } = reads["shared"] ?? {};
  const { unavailable: unwritten = 0 } = writes["shared"] ?? {};
  return failed + unread + unwritten;
}
