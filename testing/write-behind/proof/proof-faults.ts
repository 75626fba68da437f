// Faults of Redis, flushers, colos and the process, while counters receive adds.
import { setTimeout as delay } from "node:timers/promises";
import { dataFaults, type DataVictim } from "../../consistency/data/data-faults.ts";
import type { Fault } from "../../consistency/fault.ts";
import type { Asking } from "./asking.ts";
import type { FailingD1 } from "./failing-d1.ts";

interface ProofVictim extends DataVictim {
  readonly d1: FailingD1;
  readonly asking: Asking;
  /**
   * How often a colo was restarted because a batch of its flush had ended without an answer: after
   * the batch was committed, and without its commit.
   */
  readonly midst: { committed: number; "not committed": number };
}

type ProofFault = Fault<ProofVictim>;

/** The share of long pauses. They make some batches give up, so changes are lost or in doubt. */
const longShare = 0.25;

const paused: ProofFault = async ({ site, draws }) => {
  const isLong = draws.isLucky(longShare);
  site.redis.pause();
  try {
    await delay(isLong ? draws.between(22_000, 27_000) : draws.between(200, 6_000));
  } finally {
    site.redis.resume();
  }
};

/** How long to wait for a batch of the colo. A slice is ready to be flushed every ten seconds. */
const batchMsMax = 14_000;

/**
 * Restarts a colo as soon as a batch of its flush has ended without an answer. Another colo begins
 * a flush. Without a batch in time, both happen all the same.
 */
const flusherKilled: ProofFault = async ({ site, draws, d1, asking, midst }) => {
  const [victim, other] = draws.shuffled(site.colos);
  if (victim === undefined || other === undefined) return;
  const isOver = new AbortController();
  const batch = d1.nextBatchOf(victim.name);
  const flushes = (async () => {
    while (!isOver.signal.aborted) {
      void asking.flush(victim);
      await delay(500);
    }
  })();
  const end = await Promise.race([batch, delay(batchMsMax, "none" as const)]);
  isOver.abort();
  d1.spare(victim.name);
  void asking.flush(other);
  await victim.restart();
  await flushes;
  if (end !== "none") midst[end] += 1;
};

const { "redis-restarted-whole": killed } = dataFaults.database;
const { "colo-cut-off": cutOff, "colo-unanswered": unanswered } = dataFaults.colo;

export const proofFaults = {
  database: { "redis-paused": paused, "redis-killed": killed },
  flushers: { "flusher-killed": flusherKilled },
  colo: { "colo-cut-off": cutOff, "colo-unanswered": unanswered },
  process: dataFaults.process,
} as const;

export const proofFaultNames: readonly string[] = Object.values(proofFaults).flatMap((faults) =>
  Object.keys(faults),
);
