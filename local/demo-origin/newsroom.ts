// The content of the demo site: the sixty articles of the example, and a breaking line. Reads are slow on purpose.
import { setTimeout as waitMs } from "node:timers/promises";
import {
  newestAtMs,
  type Section,
  type SeedArticle,
  seedArticles,
  seedAuthors,
} from "../../examples/news-worker/stories/seed-articles.ts";

export { type Section, sections } from "../../examples/news-worker/stories/seed-articles.ts";

export const sectionTitle: Readonly<Record<Section, string>> = {
  harbour: "Harbour",
  town: "Town",
  science: "Science",
  culture: "Culture",
};

export interface Article extends SeedArticle {
  readonly authorName: string;
  readonly authorBeat: string;
}

export interface BreakingLine {
  readonly text: string;
  readonly saidAtMs: number;
}

/** All lists are sorted with the newest articles first. */
export interface Newsroom {
  /** Reading this number or calling `has` takes no query. */
  readonly articleCount: number;
  has(slug: string): boolean;
  article(slug: string): Promise<Article | undefined>;
  /** An `offset` past the end returns an empty list. */
  latest(range: { offset: number; limit: number }): Promise<Article[]>;
  /** Returns articles of all given sections together. */
  inSections(wanted: readonly Section[], limit: number): Promise<Article[]>;
  /** Returns at most 20 articles with `text` in title, lede or body. */
  search(text: string): Promise<Article[]>;
  breaking(): Promise<BreakingLine>;
}

/** @param queryMs the duration of each query; 0 in tests */
export function createNewsroom(queryMs: number): Newsroom {
  const authors = new Map(seedAuthors().map((author) => [author.id, author]));
  const articles = seedArticles().map((article): Article => {
    const { name = "", beat = "" } = authors.get(article.authorId) ?? {};
    return Object.assign(article, { authorName: name, authorBeat: beat });
  });
  const bySlug = new Map(articles.map((article) => [article.slug, article]));
  const slowly = async <Found>(found: Found): Promise<Found> => {
    if (queryMs > 0) await waitMs(queryMs);
    return found;
  };
  const says = ({ title, lede, body }: Article, text: string): boolean =>
    `${title}\n${lede}\n${body}`.toLowerCase().includes(text.toLowerCase());
  return {
    articleCount: articles.length,
    has: (slug) => bySlug.has(slug),
    article: (slug) => slowly(bySlug.get(slug)),
    latest: ({ offset, limit }) => slowly(articles.slice(offset, offset + limit)),
    inSections: (wanted, limit) =>
      slowly(articles.filter(({ section }) => wanted.includes(section)).slice(0, limit)),
    search: (text) => slowly(articles.filter((article) => says(article, text)).slice(0, 20)),
    breaking: () =>
      slowly({
        text: "The 17:40 boat is held at Port Ansel for fog; the 18:20 takes all tickets.",
        saidAtMs: newestAtMs,
      }),
  };
}
