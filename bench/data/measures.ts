// Purges a tag while a load reads its source, in both caches.
import { setTimeout as delay } from "node:timers/promises";
import { markdownTable } from "../load/figures.ts";
import { openSystem, type System, type SystemName, systemNames } from "./systems.ts";

/** `foreground`: nothing is stored. `background`: a stale value answers during a new load. */
const manners = ["foreground", "background"] as const;
type Manner = (typeof manners)[number];

/** N plus a margin. A purge applies everywhere after this time. */
const visibleMs = 10_500;

/** The maximum duration of background work. */
const settleMs = 500;

/** The values in the three caches afterwards: `gone`, or the purged version. */
export type Outcomes = Readonly<Record<Manner, Record<SystemName, string>>>;

/**
 * Purges a tag during a load that has already read its source.
 *
 * @returns the values that three caches then return: the loading cache, the purging cache, and a
 *   cache that has not been used before
 */
export async function purgeDuringLoad(redisUrl: string): Promise<Outcomes> {
  const pairs = manners.flatMap((manner) => systemNames.map((name) => ({ manner, name })));
  const outcomes = await Promise.all(
    pairs.map(async ({ manner, name }) => ({
      manner,
      name,
      said: await one(name, manner, redisUrl),
    })),
  );
  const said: Record<Manner, Record<SystemName, string>> = {
    foreground: { Tidemark: "", BentoCache: "" },
    background: { Tidemark: "", BentoCache: "" },
  };
  for (const { manner, name, said: came } of outcomes) said[manner][name] = came;
  return said;
}

async function one(name: SystemName, manner: Manner, redisUrl: string): Promise<string> {
  const isBehind = manner === "background";
  const [loading, purging, later] = [0, 1, 2].map(() =>
    openSystem(name, { redisUrl, isStaleAllowed: isBehind }),
  );
  if (loading === undefined || purging === undefined || later === undefined) throw new Error();
  const key = `race/${manner}`;
  const tags = [`race-${manner}`];
  try {
    for (const system of [loading, purging]) await system.get("warm");
    if (isBehind) {
      await loading.getOrSet(key, { tags, load: async () => "first" });
      await delay(settleMs);
      await loading.expire(key);
    }
    const gate = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<void>();
    const load = () => {
      begun.resolve();
      return gate.promise;
    };
    const asked = loading.getOrSet(key, { tags, load });
    await begun.promise;
    for (const tag of tags) await purging.purgeTag(tag);
    await delay(visibleMs);
    gate.resolve("read before the purge");
    const answer = await asked;
    if (isBehind && answer !== "first") throw new Error(`${name} has loaded in the foreground.`);
    await delay(settleMs);
    return await answersOf([loading, purging, later], key);
  } finally {
    for (const system of [loading, purging, later]) await system.stop();
  }
}

async function answersOf(systems: readonly System[], key: string): Promise<string> {
  const values = await Promise.all(systems.map((system) => system.get(key)));
  const older = values.filter((value) => value !== undefined && value !== null).length;
  return older === 0 ? "gone" : `**${older} of ${systems.length} caches answer the older value**`;
}

export function raceTable(outcomes: Outcomes): string {
  const rows = manners.map((manner) => [
    `the load runs in the ${manner}`,
    outcomes[manner].Tidemark,
    outcomes[manner].BentoCache,
  ]);
  return markdownTable(
    ["the older value, if its tag is purged while a load reads it", "Tidemark", "BentoCache"],
    rows,
  );
}
