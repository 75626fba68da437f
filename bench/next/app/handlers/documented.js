// A handler as the Next.js documentation of `cacheHandlers` describes it: entries and the times of
// purges in Redis, times copied by `refreshTags`, an entry judged by its `timestamp`.
import { createClient } from "redis";

const client = createClient({ url: process.env.REDIS_URL });
client.on("error", () => {});
const isBuild = process.env.NEXT_PHASE === "phase-production-build";
if (!isBuild) await client.connect();

/** The times of purges by tag: { stale, expired }, in milliseconds. */
let times = new Map();

/** Returns a handler. `stampOf` gives the time by which purges judge an entry. */
export function documentedHandler(stampOf) {
  return {
    async get(key) {
      const text = isBuild ? null : await client.get(`entry:${key}`).catch(() => null);
      if (text === null) return undefined;
      const { value, ...entry } = JSON.parse(text);
      const known = entry.tags.map((tag) => times.get(tag) ?? {});
      const isPast = (atMs) => atMs >= entry.timestamp && atMs <= Date.now();
      if (known.some(({ expired }) => isPast(expired))) return undefined;
      if (known.some(({ stale }) => isPast(stale))) entry.revalidate = -1;
      return { ...entry, value: new Response(Buffer.from(value, "base64")).body };
    },
    async set(key, pending) {
      const entry = await pending;
      const bytes = Buffer.from(await new Response(entry.value).arrayBuffer());
      const stored = { ...entry, timestamp: stampOf(entry), value: bytes.toString("base64") };
      if (!isBuild) await client.set(`entry:${key}`, JSON.stringify(stored), { EX: entry.expire });
    },
    async refreshTags() {
      if (isBuild) return;
      const all = await client.hGetAll("tags");
      times = new Map(Object.entries(all).map(([tag, text]) => [tag, JSON.parse(text)]));
    },
    async getExpiration(tags) {
      return Math.max(0, ...tags.map((tag) => times.get(tag)?.expired ?? 0));
    },
    async updateTags(tags, durations) {
      const now = Date.now();
      for (const tag of tags) {
        const soft = { stale: now, expired: now + (durations?.expire ?? 0) * 1_000 };
        const event = durations === undefined ? { ...times.get(tag), expired: now } : soft;
        times.set(tag, event);
        await client.hSet("tags", tag, JSON.stringify(event));
      }
    },
  };
}

export default documentedHandler((entry) => entry.timestamp);
