// Appends purges of keys that no test stores, so that views drop older entries.
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../examples/purges.ts";
import { upstashStore } from "../fakes/upstash-store.ts";

/** Appends purges to the journal of a database, a hundred at a time. Throws if the journal does not confirm them. */
export async function purgeOthers(
  purgeCount: number,
  database: Parameters<typeof upstashStore.client>[0],
  namespace = "tidemark",
): Promise<void> {
  const { nowAtMs } = database;
  const redis = upstashStore.client(database);
  const randomText = () => crypto.randomUUID();
  const journal = new RedisJournal({ redis, namespace, nowAtMs, randomText });
  for (let at = 0; at < purgeCount; at += 100) {
    const tags = (nth: number) => [`url:tidemark-data:/others/${at + nth}`];
    const purges = Array.from({ length: 100 }, (_, nth) => newEntry({ n: "n", tags: tags(nth) }));
    const answer = await journal.append(purges);
    if (answer.kind !== "appended") throw new Error(`The journal is ${answer.kind}.`);
  }
}
