// Faults of the database: Redis, or Durable Objects.
import { setTimeout as delay } from "node:timers/promises";
import { type Fault, lasting, type Victim } from "./fault.ts";
import { journalKey } from "./site-under-test.ts";

/** A time in which the REST server reconnects: it needs 200 ms once Redis is up. */
const reconnectMs = 300;

const paused: Fault = (victim) => {
  const { redis } = victim.site;
  const change = { begin: () => redis.pause(), end: () => redis.resume() };
  return lasting([200, 3_000], victim, change);
};

const clientsPaused: Fault = async ({ site, draws }) => {
  const pauseMs = Math.round(draws.between(200, 2_000));
  await site.redis.pauseClients(pauseMs);
  await delay(pauseMs);
};

const restartedEmpty: Fault = async ({ site, recorder, draws }) => {
  const killedAtMs = recorder.nowMs();
  await site.redis.kill();
  await delay(draws.between(0, 2_500));
  recorder.losses.push({ killedAtMs, upAtMs: recorder.nowMs(), keptUpTo: "" });
  await site.redis.startEmpty();
  await delay(reconnectMs);
};

/** Restores a snapshot: purges after it are lost, and the journal then grows again. */
const restored: Fault = async ({ site, recorder, draws }) => {
  const keptUpTo = await site.redis.takeSnapshot(journalKey);
  await delay(draws.between(500, 4_000));
  const killedAtMs = recorder.nowMs();
  await site.redis.kill();
  await delay(draws.between(0, 2_000));
  recorder.losses.push({ killedAtMs, upAtMs: recorder.nowMs(), keptUpTo });
  await site.redis.startFromSnapshot();
  await delay(reconnectMs + draws.between(0, 2_000));
};

const slow: Fault = (victim) => {
  const { rest } = victim.site;
  const rttMs = victim.draws.between(20, 700);
  const change = { begin: () => rest.setRttMs(rttMs), end: () => rest.setRttMs(0) };
  return lasting([1_000, 4_000], victim, change);
};

/** Sets a replica lag, either within the allowance or beyond it. */
const replicaLagging: Fault = (victim) => {
  const lagMs = victim.draws.oneOf([100, 200, 400, 900]);
  const change = { begin: () => setLag(victim, lagMs), end: () => setLag(victim, 0) };
  return lasting([2_000, 5_000], victim, change);
};

/** Sets the lag. Records an increase before it takes effect, and a decrease afterwards. */
async function setLag({ site, recorder }: Victim, lagMs: number): Promise<void> {
  if (lagMs > 0) recorder.replicaLags.push({ fromMs: recorder.nowMs(), lagMs });
  await site.rest.setReplicaLagMs(lagMs);
  if (lagMs === 0) recorder.replicaLags.push({ fromMs: recorder.nowMs(), lagMs });
}

type ObjectFault = Fault<Victim<"objectHost">>;

/** Ends the object's process. Calls in progress fail, and confirmed entries stay. */
const objectRestarted: ObjectFault = async ({ site, draws }) => {
  await site.objectHost?.kill();
  await delay(draws.between(0, 2_000));
  await site.objectHost?.startAgain();
};

/** Makes the storage of the records refuse writes for some time. */
const objectsFull: ObjectFault = (victim) => {
  const set = (isFull: boolean) => () => victim.site.objectHost?.setFull(isFull);
  return lasting([500, 5_000], victim, { begin: set(true), end: set(false) });
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
