// Measures hits in memory per second. The two systems take turns in one process.
import { setImmediate as nextTurn } from "node:timers/promises";
import { counted, markdownTable, median, medianInterval } from "../load/figures.ts";
import { articleOf, openSystem, type System, systemNames } from "./systems.ts";

const keyCount = 100;
const roundMs = 250;
/** The number of hits before other tasks may run. */
const burst = 200;

/** The smallest allowed ratio of Tidemark to BentoCache. */
export const ratioMin = 1.5;

export interface HitRates {
  readonly bytes: number;
  /** Hits per second of each round, of Tidemark and of BentoCache. */
  readonly ours: readonly number[];
  readonly its: readonly number[];
}

export async function measureHits(
  { redisUrl, roundCount }: { redisUrl: string; roundCount: number },
  bytes: number,
): Promise<HitRates> {
  const systems = systemNames.map((name) => openSystem(name, { redisUrl }));
  const rates: Record<string, number[]> = {};
  try {
    const keys = Array.from({ length: keyCount }, (_, nth) => `${bytes}/${nth}`);
    for (const system of systems) {
      for (const [nth, key] of keys.entries()) await system.set(key, articleOf(nth, bytes));
      await roundOf(system, keys);
    }
    for (let round = 0; round < roundCount; round += 1) {
      const inTurn = round % 2 === 0 ? systems : systems.toReversed();
      for (const system of inTurn) {
        (rates[system.name] ??= []).push(await roundOf(system, keys));
      }
    }
  } finally {
    for (const system of systems) await system.stop();
  }
  return { bytes, ours: rates["Tidemark"] ?? [], its: rates["BentoCache"] ?? [] };
}

/** @throws Error if a call is not a hit in memory */
async function roundOf(system: System, keys: readonly string[]): Promise<number> {
  const tags: string[] = [];
  const load = () => Promise.reject(new Error(`${system.name} had no value in memory.`));
  const beganMs = performance.now();
  let count = 0;
  while (performance.now() - beganMs < roundMs) {
    for (let nth = 0; nth < burst; nth += 1) {
      const value = await system.getOrSet(keys[nth % keys.length] ?? "", { tags, load });
      if (value === undefined) throw new Error(`${system.name} has lost a value.`);
    }
    count += burst;
    await nextTurn();
  }
  return (1_000 * count) / (performance.now() - beganMs);
}

export const ratiosOf = ({ ours, its }: HitRates) =>
  ours.map((rate, at) => rate / (its[at] ?? NaN));

export function hitsTable(measured: readonly HitRates[]): string {
  const rows = measured.map((rates) => {
    const ratios = ratiosOf(rates);
    const [lower, upper] = medianInterval(ratios).map((ratio) => ratio.toFixed(1));
    return [
      `a value of ${rates.bytes / 1_000} KB`,
      counted(median(rates.ours)),
      counted(median(rates.its)),
      `${median(ratios).toFixed(1)} (${lower}–${upper})`,
    ];
  });
  return markdownTable(
    ["`getOrSet`, hits in memory a second", "Tidemark", "BentoCache", "ratio"],
    rows,
  );
}
