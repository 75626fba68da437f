// Faults of the database: Redis, or Durable Objects.
import { setTimeout as delay } from "node:timers/promises";
import { type Fault, lasting, pause, type Victim } from "./fault.ts";
import { allowanceMsOf } from "./promise.ts";
import { journalKey } from "./site-under-test.ts";

/** A time in which the REST server reconnects: it needs 200 ms once Redis is up. */
const reconnectMs = 300;

/**
 * Limits the length of a pause. The REST server gives a command up after 5 s, and the recorder would not know of an
 * append that Redis executes later.
 */
const brief = ({ draws, maxLagMs }: Pick<Victim, "draws" | "maxLagMs">) => ({
  draws,
  maxLagMs: Math.min(maxLagMs, 1_500),
});

const paused: Fault = (victim) => {
  const { redis } = victim.site;
  const change = { begin: () => redis.pause(), end: () => redis.resume() };
  return lasting([0.2, 3], brief(victim), change);
};

const clientsPaused: Fault = async (victim) => {
  const { site } = victim;
  const { draws, maxLagMs } = brief(victim);
  const pauseMs = Math.round(maxLagMs * draws.between(0.2, 2));
  await site.redis.pauseClients(pauseMs);
  await delay(pauseMs);
};

const restartedEmpty: Fault = async (victim) => {
  const { site, recorder } = victim;
  const killedAtMs = recorder.nowMs();
  await site.redis.kill();
  await pause([0, 2.5], victim);
  recorder.losses.push({ killedAtMs, upAtMs: recorder.nowMs(), keptUpTo: "" });
  await site.redis.startEmpty();
  await delay(reconnectMs);
};

/** Restores a snapshot: purges after it are lost, and the journal then grows again. */
const restored: Fault = async (victim) => {
  const { site, recorder, draws } = victim;
  const keptUpTo = await site.redis.takeSnapshot(journalKey);
  await pause([0.5, 4], victim);
  const killedAtMs = recorder.nowMs();
  await site.redis.kill();
  await pause([0, 2], victim);
  recorder.losses.push({ killedAtMs, upAtMs: recorder.nowMs(), keptUpTo });
  await site.redis.startFromSnapshot();
  await delay(reconnectMs + draws.between(0, 2_000));
};

const slow: Fault = (victim) => {
  const { rest } = victim.site;
  const rttMs = victim.draws.between(20, 700);
  const change = { begin: () => rest.setRttMs(rttMs), end: () => rest.setRttMs(0) };
  return lasting([1, 4], victim, change);
};

/** Sets a replica lag, either within the allowance or beyond it. */
const replicaLagging: Fault = (victim) => {
  const lagMs = allowanceMsOf(victim.maxLagMs) * victim.draws.oneOf([0.5, 1, 2, 4.5]);
  const change = { begin: () => setLag(victim, lagMs), end: () => setLag(victim, 0) };
  return lasting([2, 5], victim, change);
};

/** Sets the lag. Records an increase before it takes effect, and a decrease afterwards. */
async function setLag({ site, recorder }: Victim, lagMs: number): Promise<void> {
  if (lagMs > 0) recorder.replicaLags.push({ fromMs: recorder.nowMs(), lagMs });
  await site.rest.setReplicaLagMs(lagMs);
  if (lagMs === 0) recorder.replicaLags.push({ fromMs: recorder.nowMs(), lagMs });
}

type ObjectFault = Fault<Victim<"objectHost">>;

/** Ends the object's process. Calls in progress fail, and confirmed entries stay. */
const objectRestarted: ObjectFault = async (victim) => {
  const { site } = victim;
  await site.objectHost?.kill();
  await pause([0, 2], victim);
  await site.objectHost?.startAgain();
};

/** Makes the storage of the records refuse writes for some time. */
const objectsFull: ObjectFault = (victim) => {
  const set = (isFull: boolean) => () => victim.site.objectHost?.setFull(isFull);
  return lasting([0.5, 5], victim, { begin: set(true), end: set(false) });
};

/** Faults of the Durable Objects with the journal and the records. */
export const objectFaults = {
  "object-restarted": objectRestarted,
  "objects-full": objectsFull,
} as const satisfies Record<string, ObjectFault>;

/** Faults of Redis. */
export const databaseFaults = {
  "redis-paused": paused,
  "redis-clients-paused": clientsPaused,
  "redis-restarted-empty": restartedEmpty,
  "redis-restored": restored,
  "redis-slow": slow,
  "replica-lagging": replicaLagging,
} as const satisfies Record<string, Fault>;
