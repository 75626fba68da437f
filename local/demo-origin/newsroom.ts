// The newsroom's data: articles, the edition they make up, the breaking line. Statements are
// prepared once; reading what a page shows is slow on purpose, reading a validator is not.
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as waitMs } from "node:timers/promises";
import type { Section } from "./sections.ts";

export interface ArticleCard {
  slug: string;
  title: string;
  lede: string;
  section: Section;
  authorId: string;
  authorName: string;
  version: number;
  publishedAtMs: number;
  updatedAtMs: number;
}

export interface Article extends ArticleCard {
  body: string;
  authorBeat: string;
}

export type ArticleVersion = Pick<Article, "version" | "publishedAtMs" | "updatedAtMs"> & {
  /** `null` for an article that stands. */
  withdrawnAtMs: number | null;
};

/** All articles as they stand at one instant; a list page is as old as its edition. */
export interface Edition {
  /** Without the withdrawn. */
  articleCount: number;
  /** Grows by one with each publication, correction and withdrawal. */
  version: number;
  updatedAtMs: number;
}

export interface List {
  edition: Edition;
  articles: ArticleCard[];
}

export interface BreakingLine {
  /** Grows with each line. */
  id: number;
  /** `null` when the line before it was taken back and nothing is breaking. */
  text: string | null;
  saidAtMs: number;
}

export type Author = { id: string; name: string };

export type ArticleText = Pick<Article, "title" | "lede" | "body">;

export interface Newsroom {
  /** Fast: what a conditional request needs. `undefined` when there is no such article. */
  versionOf(slug: string): ArticleVersion | undefined;
  /** Fast. */
  edition(): Edition;
  /** Withdrawn or not: a page begun before the withdrawal is still made. */
  article(slug: string): Promise<Article | undefined>;
  /** Newest first. `offset` past the end gives an empty list. */
  latest(range: { offset: number; limit: number }): Promise<List>;
  /** Newest first, of all named sections together; no sections, no articles. */
  inSections(sections: readonly Section[], limit: number): Promise<List>;
  /** Articles with `text` in title, lede or body, taken literally; at most 20. */
  search(text: string): Promise<ArticleCard[]>;
  /** The newest line; `undefined` when nothing was ever said. */
  breaking(): Promise<BreakingLine | undefined>;
  /** Fast; by name. */
  authors(): Author[];
  /** Replaces the given parts and raises the version by one. Throws unless the article stands. */
  correct(slug: string, parts: Partial<ArticleText>): void;
  /** Adds an article as version 1, published now. Throws when the slug is taken. */
  publish(article: ArticleText & { slug: string; section: Section; authorId: string }): void;
  /** Takes an article out of the paper; its slug stays taken. Throws unless the article stands. */
  withdraw(slug: string): void;
  /** @returns the new line's id; `null` says that nothing is breaking any more */
  announce(text: string | null): number;
}

const cardColumns = `
  articles.slug, articles.title, articles.lede, articles.section, articles.author_id AS authorId,
  authors.name AS authorName, articles.version, articles.published_at_ms AS publishedAtMs,
  articles.updated_at_ms AS updatedAtMs`;
const fromArticles = "FROM articles JOIN authors ON authors.id = articles.author_id";
const standing = "articles.withdrawn_at_ms IS NULL";
const newestFirst = "ORDER BY articles.published_at_ms DESC, articles.slug";

function prepareReads(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    version: prepare(`SELECT version, published_at_ms AS publishedAtMs,
      updated_at_ms AS updatedAtMs, withdrawn_at_ms AS withdrawnAtMs
      FROM articles WHERE slug = ?`),
    // Every change of an article adds one to this sum, so it names the edition.
    edition: prepare(`SELECT count(*) FILTER (WHERE ${standing}) AS articleCount,
      coalesce(sum(version), 0) AS version, coalesce(max(updated_at_ms), 0) AS updatedAtMs
      FROM articles`),
    article: prepare(`SELECT ${cardColumns}, articles.body, authors.beat AS authorBeat
      ${fromArticles} WHERE articles.slug = ?`),
    latest: prepare(`SELECT ${cardColumns} ${fromArticles} WHERE ${standing} ${newestFirst}
      LIMIT ? OFFSET ?`),
    inSections: prepare(`SELECT ${cardColumns} ${fromArticles}
      WHERE ${standing} AND articles.section IN (SELECT value FROM json_each(?))
      ${newestFirst} LIMIT ?`),
    search: prepare(`SELECT ${cardColumns} ${fromArticles} WHERE ${standing} AND instr(
      lower(articles.title || char(10) || articles.lede || char(10) || articles.body), lower(?)
      ) > 0 ${newestFirst} LIMIT 20`),
    breaking: prepare(`SELECT id, text, said_at_ms AS saidAtMs FROM breaking
      ORDER BY id DESC LIMIT 1`),
    authors: prepare("SELECT id, name FROM authors ORDER BY name"),
  };
}

function prepareWrites(database: DatabaseSync) {
  return {
    correct: database.prepare(`UPDATE articles SET title = coalesce(?, title),
      lede = coalesce(?, lede), body = coalesce(?, body), version = version + 1,
      updated_at_ms = ? WHERE slug = ? AND ${standing}`),
    withdraw: database.prepare(`UPDATE articles SET version = version + 1, updated_at_ms = ?,
      withdrawn_at_ms = ? WHERE slug = ? AND ${standing}`),
    publish: database.prepare(`INSERT INTO articles (slug, title, lede, body, section, author_id,
      version, published_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)`),
    announce: database.prepare("INSERT INTO breaking (text, said_at_ms) VALUES (?, ?)"),
  };
}

/** Waits `queryMs` and then reads: the rows are as they stand when the slow query ends. */
export function slowQuery(queryMs: number) {
  return async <Rows>(read: () => Rows): Promise<Rows> => {
    if (queryMs > 0) await waitMs(queryMs);
    return read();
  };
}

/**
 * @param given.queryMs what each reading query takes; 0 in tests
 * @param given.nowAtMs the newsroom's clock, for publication and correction
 */
export function createNewsroom(given: {
  database: DatabaseSync;
  queryMs: number;
  nowAtMs: () => number;
}): Newsroom {
  const { database, nowAtMs } = given;
  const reads = prepareReads(database);
  const slowly = slowQuery(given.queryMs);
  // The driver types a row as a record of SQL values; each statement names its row's columns.
  const edition = () => reads.edition.get() as unknown as Edition;
  // Edition and rows are read in one turn, so that a list never carries another list's validator.
  const list = (rows: () => unknown): Promise<List> =>
    slowly(() => ({ edition: edition(), articles: rows() as ArticleCard[] }));
  return {
    versionOf: (slug) => reads.version.get(slug) as ArticleVersion | undefined,
    edition,
    article: (slug) => slowly(() => reads.article.get(slug) as unknown as Article | undefined),
    latest: ({ offset, limit }) => list(() => reads.latest.all(limit, offset)),
    inSections: (wanted, limit) => list(() => reads.inSections.all(JSON.stringify(wanted), limit)),
    search: (text) => slowly(() => reads.search.all(text) as unknown as ArticleCard[]),
    breaking: () => slowly(() => reads.breaking.get() as unknown as BreakingLine | undefined),
    authors: () => reads.authors.all() as unknown as Author[],
    ...newsdesk(database, nowAtMs),
  };
}

function newsdesk(
  database: DatabaseSync,
  nowAtMs: () => number,
): Pick<Newsroom, "correct" | "publish" | "withdraw" | "announce"> {
  const writes = prepareWrites(database);
  return {
    correct(slug, { title, lede, body }) {
      const parts = [title ?? null, lede ?? null, body ?? null] as const;
      if (writes.correct.run(...parts, nowAtMs(), slug).changes > 0) return;
      throw notStanding(slug, "corrected");
    },
    publish({ slug, title, lede, body, section, authorId }) {
      const atMs = nowAtMs();
      writes.publish.run(slug, title, lede, body, section, authorId, atMs, atMs);
    },
    withdraw(slug) {
      const atMs = nowAtMs();
      if (writes.withdraw.run(atMs, atMs, slug).changes > 0) return;
      throw notStanding(slug, "withdrawn");
    },
    announce: (text) => Number(writes.announce.run(text, nowAtMs()).lastInsertRowid),
  };
}

const notStanding = (slug: string, wish: "corrected" | "withdrawn"): Error =>
  new Error(
    `The article ${JSON.stringify(slug)} was not ${wish}. No article in the paper has that slug. ` +
      "Take the slug from the article's address.",
  );
