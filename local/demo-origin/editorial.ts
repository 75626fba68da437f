// The editor's changes: each is written together with the purge that it needs, or not at all.
import type { DatabaseSync } from "node:sqlite";
import { articleTags } from "./cache-policy.ts";
import type { ArticleCard, ArticleText, Newsroom } from "./newsroom.ts";
import type { PurgeDesk } from "./purge-desk.ts";
import type { ChangedPage } from "./purge-outbox.ts";
import { transact } from "./transact.ts";

export interface Editorial {
  publish(article: Parameters<Newsroom["publish"]>[0]): void;
  correct(slug: string, text: ArticleText): void;
  withdraw(article: ArticleCard): void;
  announce(text: string): void;
  clearBreaking(): void;
}

interface Change {
  tags: string[];
  reason: string;
  page: ChangedPage;
}

/** Every member throws what its part of the newsroom throws, and then nothing was written. */
export function createEditorial(given: {
  database: DatabaseSync;
  newsroom: Newsroom;
  desk: Pick<PurgeDesk, "enqueue">;
}): Editorial {
  const { database, newsroom, desk } = given;
  const change = (make: () => Change): void =>
    transact(database, () => {
      const { tags, reason, page } = make();
      desk.enqueue({ tags, reason }, page);
    });
  const articlePageNow = (slug: string): ChangedPage => ({
    path: `/articles/${slug}`,
    version: newsroom.versionOf(slug)?.version ?? 0,
  });
  const sayBreaking = (text: string | null, reason: string): void =>
    change(() => {
      const version = newsroom.announce(text);
      return { tags: ["breaking"], reason, page: { path: "/breaking", version } };
    });
  return {
    publish: (article) =>
      change(() => {
        newsroom.publish(article);
        const { slug } = article;
        // Its own tag is that of the page that said there was no such article.
        const tags = [...articleTags(article), "feed"];
        return { tags, reason: `published ${slug}`, page: articlePageNow(slug) };
      }),
    correct: (slug, text) =>
      change(() => {
        newsroom.correct(slug, text);
        // Lists carry the tag of every article they show, so this one tag reaches them too.
        const tags = [`article:${slug}`];
        return { tags, reason: `corrected ${slug}`, page: articlePageNow(slug) };
      }),
    withdraw: (article) =>
      change(() => {
        const { slug } = article;
        newsroom.withdraw(slug);
        // All pages of a list move up by one.
        const tags = [...articleTags(article), "feed"];
        return { tags, reason: `withdrew ${slug}`, page: articlePageNow(slug) };
      }),
    announce: (text) => sayBreaking(text, "set the breaking line"),
    clearBreaking: () => sayBreaking(null, "cleared the breaking line"),
  };
}
