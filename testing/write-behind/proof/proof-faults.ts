// Faults of Redis, flushers, colos and the process, while counters receive adds.
import { setTimeout as delay } from "node:timers/promises";
import { dataFaults, type DataVictim } from "../../consistency/data/data-faults.ts";
import type { Fault } from "../../consistency/fault.ts";
import type { Asking } from "./asking.ts";
import type { FailingD1 } from "./failing-d1.ts";

export interface ProofVictim extends DataVictim {
  readonly d1: FailingD1;
  readonly asking: Asking;
  /**
   * The numbers of colos that were killed while the database had their batch, by the end of the
   * batch.
   */
  readonly midst: { committed: number; "not committed": number };
}

type ProofFault = Fault<ProofVictim>;

/**
 * The share of pauses that are longer than a batch is retried, so that changes are lost or in
 * doubt.
 */
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

/** Longer than the ten seconds after which the next slice can be flushed. */
const batchMsMax = 14_000;

/** Kills a colo while the database has a batch of its flush. Another colo begins a flush. */
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
