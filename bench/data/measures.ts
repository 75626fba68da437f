// Measures one property of both caches each: the Redis commands of each call, the loads of a herd,
// and a purge during a load.
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { Running } from "../../local/running.ts";
import { markdownTable } from "../load/figures.ts";
import { startPart } from "../load/part.ts";
import type { HerdCalls } from "./herd-process.ts";
import { articleOf, openSystem, type System, type SystemName, systemNames } from "./systems.ts";

/** The caches of two processes, `here` and `there`. */
interface Pair {
  readonly here: System;
  readonly there: System;
}

type Call = (pair: Pair) => Promise<unknown>;

const keys = Array.from({ length: 100 }, (_, nth) => `many/${nth}`);
const loadArticle = async () => articleOf(1, 1_000);

/** The calls in this order: a call may use the data of an earlier one. */
const calls: Readonly<Record<string, Call>> = {
  "`getOrSet`, loaded, with 3 tags": ({ here }) =>
    here.getOrSet("a", { tags: ["x", "y", "z"], load: loadArticle }),
  "`getOrSet`, hit in memory, with 3 tags": ({ here }) =>
    here.getOrSet("a", { tags: [], load: loadArticle }),
  "`getOrSet`, hit in Redis, with 3 tags": ({ there }) =>
    there.getOrSet("a", { tags: [], load: loadArticle }),
  "`get` of a missing key": ({ here }) => here.get("nothing"),
  "`set`": ({ here }) => here.set("b", articleOf(2, 1_000)),
  "100 keys, hits in Redis": ({ there }) => there.getMany(keys),
  "purge of a key": ({ here }) => here.delete("b"),
  "purge of a tag": ({ here }) => here.purgeTag("x"),
};

/**
 * Returns the commands of each call by system, such as `2 GET, 1 SET`, as MONITOR reports them. Reads
 * of Tidemark's journal are not counted: an active isolate sends them every few seconds,
 * independently of calls.
 */
export async function countCommands(redisUrl: string): Promise<Record<string, string[]>> {
  const server = await new Redis(redisUrl).monitor();
  const sent: string[] = [];
  // Commands that a script runs have the source "lua". Clients do not send them.
  server.on("monitor", (_: string, [command = ""]: string[], source: string) => {
    if (source !== "lua") sent.push(command.toLowerCase());
  });
  const said: Record<string, string[]> = {};
  try {
    for (const name of systemNames) {
      const pair = { here: openSystem(name, { redisUrl }), there: openSystem(name, { redisUrl }) };
      for (const key of keys) await pair.here.set(key, articleOf(3, 1_000));
      await warm(pair);
      for (const [title, call] of Object.entries(calls)) {
        sent.length = 0;
        await call(pair);
        // Wait for background work.
        await delay(50);
        (said[title] ??= []).push(countsIn(sent, name));
      }
      await pair.here.stop();
      await pair.there.stop();
    }
  } finally {
    server.disconnect();
  }
  return said;
}

/** Opens the connections, and reads the journal. */
async function warm({ here, there }: Pair): Promise<void> {
  for (const system of [here, there]) await system.get("warm");
  await delay(100);
}

/** Commands of the bench itself, and of new connections. */
const foreign = ["info", "hello", "client", "ping", "select", "auth", "subscribe"];
/** `XREAD` waits for hints of purges (docs/data-on-node.md), also between calls. */
const ofJournal = ["xrange", "xrevrange", "xread"];

function countsIn(sent: readonly string[], name: SystemName): string {
  const apart = name === "Tidemark" ? [...foreign, ...ofJournal] : foreign;
  const counts = new Map<string, number>();
  for (const command of sent)
    if (!apart.includes(command)) counts.set(command, (counts.get(command) ?? 0) + 1);
  const texts = [...counts].map(([command, count]) => `${count} ${command.toUpperCase()}`);
  return texts.length === 0 ? "none" : texts.toSorted().join(", ");
}

export function commandsTable(said: Readonly<Record<string, readonly string[]>>): string {
  const rows = Object.entries(said).map(([title, [ours = "", its = ""]]) => [title, ours, its]);
  return markdownTable(["Redis commands of one call", "Tidemark", "BentoCache"], rows);
}

const callsByProcess = [67, 67, 66];
const tries = 3;

/** Returns the loads of each try: 200 concurrent calls for a missing key from 3 processes. */
export async function countLoads(redisUrl: string): Promise<Record<SystemName, number[]>> {
  const loads: Record<SystemName, number[]> = { Tidemark: [], BentoCache: [] };
  for (const name of systemNames) {
    const running = new Running();
    try {
      const program = new URL("./herd-process.ts", import.meta.url);
      const processes = await Promise.all(
        callsByProcess.map(() => running.add(startPart<HerdCalls>(program))),
      );
      for (const each of processes) await each.call("open", { name, redisUrl });
      for (let nth = 0; nth < tries; nth += 1) {
        const asked = processes.map((each, at) =>
          each.call("ask", { key: `herd/${nth}`, count: callsByProcess[at] ?? 0 }),
        );
        const counts = await Promise.all(asked);
        loads[name].push(counts.reduce((sum, count) => sum + count, 0));
      }
    } finally {
      await running.stop();
    }
  }
  return loads;
}

export function herdTable(loads: Readonly<Record<SystemName, readonly number[]>>): string {
  const title = "3 processes send 200 concurrent calls for one key";
  const { Tidemark: ours, BentoCache: its } = loads;
  return markdownTable(
    [title, 'Tidemark, `collapse: "global"`', "BentoCache"],
    [[`number of loads in each of ${tries} runs`, ours.join(", "), its.join(", ")]],
  );
}

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
