// Reads articles through the cache (cache-aside): one article, several at once, or parts of one.
import { cache } from "./cache.ts";
import { firstRow, rows } from "./database.ts";

export interface Article {
  readonly slug: string;
  readonly title: string;
  readonly lede: string;
  readonly body: string;
  readonly section: string;
  readonly author: string;
  readonly publishedAtMs: number;
}

const select = `SELECT slug, title, lede, body, section, authors.name AS author,
  published_at_ms AS publishedAtMs FROM articles JOIN authors ON authors.id = articles.author`;

/**
 * Returns whether a text can be an article's address. For any other text, neither the cache nor the
 * database is read.
 */
export const isSlug = (text: string): boolean => /^[a-z0-9-]{1,100}$/.test(text);

const articles = cache.namespace<Article, string>("articles", {
  fresh: "5m",
  stale: "1h",
  // The absence of an article is also cached, so that wrong addresses do not reach the database.
  negative: "30s",
  // Concurrent requests in the whole world share one load.
  collapse: "global",
});

/** Reads an article by cache-aside. Returns `null` if there is no such article. */
export async function article(slug: string): Promise<Article | null> {
  if (!isSlug(slug)) return null;
  return articles.getOrSet(slug, () => firstRow<Article>(`${select} WHERE slug = ?`, slug));
}

/** Reads several articles with one command to Redis, and one query for all missing articles. */
export async function articlesOf(slugs: readonly string[]) {
  const { values } = await articles.getOrSetMany(slugs, async (missing) => {
    const among = `${select} WHERE slug IN (SELECT value FROM json_each(?))`;
    const found = await rows<Article>(among, JSON.stringify(missing));
    const bySlug = new Map(found.map((row) => [row.slug, row]));
    return new Map(missing.map((slug) => [slug, bySlug.get(slug) ?? null]));
  });
  return slugs.map((slug) => values.get(slug)).filter((value) => value != null);
}

type Parts = Pick<Article, "title" | "lede" | "body">;

/**
 * Reads some fields of the article's hash in Redis. A caller that needs only the title does not
 * fetch the body.
 */
export async function partsOf(slug: string, names: readonly (keyof Parts)[]) {
  if (!isSlug(slug)) return null;
  const fields = articles.fields(slug);
  const held = await fields.get(names);
  if (held !== undefined && names.every((name) => name in held)) return held;
  // A hash cannot store the absence of an article, but the whole value can.
  if ((await article(slug)) === null) return null;
  const read = () => firstRow<Parts>("SELECT title, lede, body FROM articles WHERE slug = ?", slug);
  let found: Parts | null = null;
  // Read the source in this function, because the cache calls it after it has taken the stamp. A
  // purge during the read then covers these fields.
  await fields.set(async () => (found = await read()) ?? {});
  return found && pick(found, names);
}

const pick = (parts: Parts, names: readonly (keyof Parts)[]) =>
  Object.fromEntries(names.map((name) => [name, parts[name]]));

/** Adds an article, or replaces the article with the same slug. */
export async function saveArticle(given: Omit<Article, "publishedAtMs">): Promise<void> {
  const { slug, title, lede, body, section, author } = given;
  await rows(
    `INSERT INTO articles (slug, title, lede, body, section, author, published_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET
     title = excluded.title, lede = excluded.lede, body = excluded.body, section = excluded.section`,
    slug,
    title,
    lede,
    body,
    section,
    author,
    Date.now(),
  );
}
