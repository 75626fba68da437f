// Counts the Redis commands that each call sends, as MONITOR reports them. Reads of Tidemark's journal
// are not counted: an active isolate sends them every few seconds, independently of calls.
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { markdownTable } from "../load/figures.ts";
import { articleOf, openSystem, type System, type SystemName, systemNames } from "./systems.ts";

/** The caches of two processes, `here` and `there`. */
interface Pair {
  readonly here: System;
  readonly there: System;
}

type Call = (pair: Pair) => Promise<unknown>;

const keys = Array.from({ length: 100 }, (_, nth) => `many/${nth}`);
const load = async () => articleOf(1, 1_000);

/** The calls in this order: a call may use the data of an earlier one. */
const calls: Readonly<Record<string, Call>> = {
  "`getOrSet`, loaded, with 3 tags": ({ here }) =>
    here.getOrSet("a", { tags: ["x", "y", "z"], load }),
  "`getOrSet`, hit in memory, with 3 tags": ({ here }) => here.getOrSet("a", { tags: [], load }),
  "`getOrSet`, hit in Redis, with 3 tags": ({ there }) => there.getOrSet("a", { tags: [], load }),
  "`get` of a missing key": ({ here }) => here.get("nothing"),
  "`set`": ({ here }) => here.set("b", articleOf(2, 1_000)),
  "100 keys, hits in Redis": ({ there }) => there.getMany(keys),
  "purge of a key": ({ here }) => here.delete("b"),
  "purge of a tag": ({ here }) => here.purgeTag("x"),
};

/** Returns the commands of each call by system, such as `2 GET, 1 SET`. */
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
const ofJournal = ["xrange", "xrevrange"];

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
