// Measures the time that a miss adds to the response time of a slow origin. The systems take turns,
// and send one request at a time. Also measures whether a slow write to Redis delays responses.
import { setTimeout as delay } from "node:timers/promises";
import { Draws } from "../../testing/draws.ts";
import { median } from "../load/figures.ts";
import { ask } from "../load/ask.ts";
import { pageOf } from "./site.ts";
import type { Ground, System } from "./systems.ts";

export const originMs = 50;
export const restRttMs = 5;
export const storingMs = 300;
const warmUpCount = 72;
const thinkingMs = 20;
const bodyBytes = 10_240;
const run = Date.now().toString(36);

interface MissRow {
  readonly name: string;
  /** The durations of all requests, in milliseconds. */
  readonly tookMs: readonly number[];
  /** The median of each round, minus the median of direct requests to the origin in this round. */
  readonly addedMs: readonly number[];
}

export interface MissTimes {
  readonly rows: readonly MissRow[];
  /** The median of direct requests to the origin, for each round. */
  readonly directMs: readonly number[];
}

export const tidemarkName = "Tidemark";
export const slowName = `Tidemark with a relay that delays writes by ${storingMs} ms`;
export const relayName = "Tidemark with the relay, without a delay";

interface Contender {
  readonly name: string;
  readonly system: System;
  readonly said: string;
  /** The time by which the relay delays writes to Redis; absent for systems without the relay. */
  readonly storingMs?: number;
}

async function contendersOf({ systems, redis, start, tidemarkWorker }: Ground) {
  const slow = await start(tidemarkWorker, await redis.call("startSlow"));
  const said = "fwd=uri-miss; fwd-status=200; stored";
  return [
    { name: "the origin itself", system: systems.origin, said: "" },
    { name: "a Worker that only forwards", system: systems.passThrough, said: "" },
    { name: "bare Cache API Worker", system: systems.bare, said: "" },
    { name: "Tidemark without Redis", system: systems.withoutRedis, said },
    { name: tidemarkName, system: systems.tidemark, said },
    { name: relayName, system: slow, said, storingMs: 0 },
    { name: slowName, system: slow, said, storingMs },
  ] satisfies Contender[];
}

/** @throws Error for a response that is not a miss */
export async function missTimes(
  ground: Ground,
  { roundCount, requestCount }: { roundCount: number; requestCount: number },
): Promise<MissTimes> {
  const { origin, redis } = ground;
  const contenders: Contender[] = await contendersOf(ground);
  await redis.call("setRttMs", restRttMs);
  await origin.call("setDelayMs", originMs);
  for (const contender of contenders) await tookMs(ground, contender, warmUpCount);
  const draws = new Draws(1);
  const rounds: number[][][] = [];
  for (let round = 0; round < roundCount; round += 1) {
    const took: number[][] = [];
    for (const [turn, contender] of draws.shuffled([...contenders.entries()])) {
      took[turn] = await tookMs(ground, contender, requestCount);
    }
    rounds.push(took);
  }
  const directMs = rounds.map(([direct = []]) => median(direct));
  const rows = contenders.map(({ name }, at) => ({
    name,
    tookMs: rounds.flatMap((took) => took[at] ?? []),
    addedMs: rounds.map((took, round) => median(took[at] ?? []) - (directMs[round] ?? 0)),
  }));
  await redis.call("setRttMs", 0);
  await origin.call("setDelayMs", 0);
  return { rows, directMs };
}

let pageCount = 0;
function newPage(): string {
  pageCount += 1;
  return pageOf("memory", bodyBytes, `late-${run}-${pageCount}`);
}

async function tookMs(
  { origin, redis }: Ground,
  contender: Contender,
  requestCount: number,
): Promise<number[]> {
  if (contender.storingMs !== undefined) await redis.call("setStoringMs", contender.storingMs);
  await origin.call("take");
  const took: number[] = [];
  while (took.length < requestCount) {
    // Wait for the previous request's background work, so that it is not measured.
    await delay(thinkingMs);
    took.push(await missMs(contender));
  }
  const asked = await origin.call("take");
  if (asked !== took.length)
    throw new Error(`${contender.name}: ${asked} origin requests for ${took.length} misses.`);
  return took;
}

async function missMs({ name, system, said }: Contender): Promise<number> {
  const url = `${system.runtimes[0]?.url}${newPage()}`;
  const { status, cacheStatus, tookMs: took } = await ask(url);
  if (status !== 200 || !cacheStatus.includes(said))
    throw new Error(`${name}: not a miss, but ${status} with "${cacheStatus}".`);
  return took;
}

/** Returns, for each round, the added time of a row as a share of the origin's response time. */
export function addedShare({ rows, directMs }: MissTimes, name: string): number[] {
  const row = rows.find((one) => one.name === name);
  return (row?.addedMs ?? []).map((added, round) => added / (directMs[round] ?? originMs));
}
