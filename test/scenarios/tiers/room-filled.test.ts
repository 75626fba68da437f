// Tests that random queries cannot fill a real Redis database so far that it refuses a purge.
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { together } from "../../../local/running.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { connectToRedis } from "../../../local/upstash-rest/redis-connection.ts";
import { databaseInfoIn } from "../../../src/remote/redis/database-info.ts";
import { runningClock, soon } from "../../parts/operate/health/health-world.ts";
import { startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const roomBytes = 4 * 1_048_576;
const cacheable = { headers: { "cache-control": "max-age=3600" } };
/** Returns a large size for the first pages, and a small size for the pages that fill the rest. */
const pageBytes = (nth: number) => (nth < 30 ? 131_072 : 4_096);
const madeOf = (url: string) => Number(new URL(url).searchParams.get("made"));

it.concurrent.each([
  { policy: "noeviction", hasOwnJournal: false },
  { policy: "volatile-lru", hasOwnJournal: false },
  { policy: "noeviction", hasOwnJournal: true },
])(
  "a database filled by random queries accepts each purge: $policy, own journal: $hasOwnJournal",
  async ({ policy, hasOwnJournal }) => {
    await together(async (running) => {
      const token = "token";
      const restOver = async () => {
        const { url: redisUrl } = await running.add(startEmbeddedValkey());
        return [redisUrl, await running.add(startUpstashRestServer({ redisUrl, token }))] as const;
      };
      const [redisUrl, rest] = await restOver();
      const own = hasOwnJournal ? (await restOver())[1] : undefined;
      const direct = await connectToRedis(redisUrl);
      const used = async () => {
        const outcome = await direct.send(["INFO"]);
        return (
          databaseInfoIn(outcome.kind === "replied" ? String(outcome.reply) : "").usedBytes ?? 0
        );
      };
      const maxBytes = (await used()) + roomBytes;
      await direct.send(["CONFIG", "SET", "maxmemory", String(maxBytes)]);
      await direct.send(["CONFIG", "SET", "maxmemory-policy", policy]);
      const isolate = () =>
        openSite({
          clock: runningClock(),
          config: soon,
          origin: ({ url }) => new Response(randomBytes(pageBytes(madeOf(url))), cacheable),
          env: {
            UPSTASH_REDIS_REST_URL: rest.url,
            UPSTASH_REDIS_REST_TOKEN: token,
            ...(own && { JOURNAL_REDIS_REST_URL: own.url, JOURNAL_REDIS_REST_TOKEN: token }),
            ADMIN_TOKEN: adminToken,
          },
        });
      const sites = [isolate(), isolate(), isolate()] as const;
      await sites[0].fireCron();
      const statuses = new Set<number>();
      for (let nth = 0; nth < 100; nth += 1) {
        const site = sites[nth % 3] ?? sites[0];
        // Requests each page twice, because a page with an unlisted query may need two requests.
        await site.get(`/page?made=${nth}`);
        expect((await site.get(`/page?made=${nth}`)).status).toBe(200);
        if (nth % 10 === 9) statuses.add((await send(site, { tags: [`t${nth}`] })).status);
      }
      expect([...statuses]).toEqual([200]);
      expect(await used()).toBeGreaterThan(0.7 * maxBytes);
      direct.close();
    });
  },
  120_000,
);
