// Appends purges of targets that no test has, as other isolates do.
import { expect } from "vitest";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../examples/purges.ts";
import { upstashStore } from "../fakes/upstash-store.ts";

interface World {
  readonly upstash: { readonly url: string; readonly token: string };
  readonly clock: { readonly nowAtMs: () => number };
}

/** @param count a multiple of 100, because a hundred are appended at a time */
export async function purgeOthers(
  { upstash, clock }: World,
  count: number,
  namespace = "tidemark",
): Promise<void> {
  const { url, token } = upstash;
  const { nowAtMs } = clock;
  const redis = upstashStore.client({ url, token, nowAtMs });
  const settings = { redis, namespace, nowAtMs };
  const journal = new RedisJournal({ ...settings, randomText: () => crypto.randomUUID() });
  for (let at = 0; at < count; at += 100) {
    const tags = (nth: number) => [`url:tidemark-data:/others/${at + nth}`];
    const purges = Array.from({ length: 100 }, (_, nth) => newEntry({ n: "n", tags: tags(nth) }));
    expect(await journal.append(purges)).toMatchObject({ kind: "appended" });
  }
}
