// Measures the first shared hit of an isolate, whose page is older than some purges of other pages.
import { startColo } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { together } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { newEntry } from "../../testing/examples/purges.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";
import { markdownTable } from "../load/figures.ts";

const [token, batch] = ["token", 500] as const;

export interface AgedSettings {
  readonly worker: string;
  readonly originUrl: string;
  readonly rounds: number;
  /** Requests a page. Returns the runtime's CPU time for it, in milliseconds. */
  readonly spentMs: (url: string) => Promise<number>;
  readonly cell: (values: readonly number[]) => string;
}

/** Returns a table with a row for each number of purges, in a journal that grows. */
export function agedHits({ worker, originUrl, rounds, spentMs, cell }: AgedSettings) {
  return together(async (running) => {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const rest = await running.add(startUpstashRestServer({ redisUrl, token }));
    const { url } = rest;
    const env = {
      UPSTASH_REDIS_REST_URL: url,
      UPSTASH_REDIS_REST_TOKEN: token,
      ORIGIN_URL: originUrl,
      SITE_HOST: "127.0.0.1",
    };
    const first = async () => {
      const colo = await startColo({ name: "aged", worker, port: 0, env, onLog: () => undefined });
      try {
        const before = rest.counts();
        const cpuMs = await spentMs(`${colo.url}/page`);
        const { requestCount, responseBytes } = rest.counts();
        const kib = (responseBytes - before.responseBytes) / 1_024;
        return { cpuMs, trips: requestCount - before.requestCount, kib };
      } finally {
        await colo.stop();
      }
    };
    const redis = upstashStore.client({ url, token, readTimeoutMsMax: 5_000, nowAtMs: Date.now });
    const randomText = () => crypto.randomUUID();
    const journal = new RedisJournal({
      redis,
      namespace: "tidemark",
      nowAtMs: Date.now,
      randomText,
    });
    await first();
    const rows: string[][] = [];
    let written = 0;
    for (const purges of [0, 4_000, 20_000]) {
      for (; written < purges; written += batch) {
        const tags = Array.from({ length: batch }, (_, at) => `other:${written + at}`);
        await journal.append(tags.map((tag) => newEntry({ n: randomText(), tags: [tag] })));
      }
      const hits: Awaited<ReturnType<typeof first>>[] = [];
      while (hits.length < rounds) hits.push(await first());
      const column = (of: keyof (typeof hits)[number]) => cell(hits.map((one) => one[of]));
      rows.push([purges.toLocaleString("en"), column("cpuMs"), column("trips"), column("kib")]);
    }
    return markdownTable(
      ["purges since the load", "CPU ms", "requests to Redis", "KiB from Redis"],
      rows,
    );
  });
}
