// Lists of the newest articles, in several lengths. One tag purges all of them.
import type { Article } from "./articles.ts";
import { cache } from "./cache.ts";
import { rows } from "./database.ts";

export type Card = Pick<Article, "slug" | "title" | "lede" | "section" | "publishedAtMs">;

/**
 * The allowed lengths. With any length that a client chooses, the cache would store a copy for each
 * number.
 */
export const feedSizes = [5, 10, 20] as const;
export type FeedSize = (typeof feedSizes)[number];

export const feedTag = "feed";

const feeds = cache.namespace<readonly Card[], readonly [string, number]>("feeds", {
  fresh: "1m",
  stale: "10m",
  tags: [feedTag],
});

/** @param section the id of a section, or "all" */
export async function feed(section: string, size: FeedSize): Promise<readonly Card[]> {
  const load = () =>
    rows<Card>(
      `SELECT slug, title, lede, section, published_at_ms AS publishedAtMs FROM articles
       WHERE ?1 IN ('all', section) ORDER BY published_at_ms DESC, slug LIMIT ?2`,
      section,
      size,
    );
  return (await feeds.getOrSet([section, size], load)) ?? [];
}
