// Routes of the news itself: articles, feed, sections, breaking line, search, RSS.
import { Hono, type Context } from "hono";
import { articleJson, articlePage } from "./article-page.ts";
import { articleTag, articleTags, cacheControl, listTags } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { breakingFragment, feedPage, rssFeed, searchPage, sectionPage } from "./list-pages.ts";
import type { ArticleCard, Edition } from "./newsroom.ts";
import { isSection } from "./sections.ts";
import { send } from "./send.ts";
import {
  dataValidators,
  frameNow,
  htmlType,
  jsonType,
  pageValidators,
  sendGone,
  sendMissing,
  sendPlainPage,
  type Site,
} from "./site.ts";

const feedPageArticles = 12;
const sectionArticles = 24;
const rssArticles = 20;

export function newsRoutes(site: Site): Hono<DemoEnv> {
  const { newsroom } = site;
  const routes = new Hono<DemoEnv>();
  routes.get("/articles/:file", (context) => {
    const file = context.req.param("file");
    const json = file.endsWith(".json");
    return sendArticle(context, site, { slug: json ? file.slice(0, -5) : file, json });
  });
  routes.get("/feed", (context) => sendFeed(context, site, "html"));
  routes.get("/feed.json", (context) => sendFeed(context, site, "json"));
  routes.get("/sections/:section", (context) => sendSection(context, site));
  routes.get("/search", (context) => {
    const sought = (context.req.query("q") ?? "").trim();
    return send(context, {
      contentType: htmlType,
      cacheControl: cacheControl.never,
      compressible: true,
      render: async () => {
        const articles = sought === "" ? [] : await newsroom.search(sought);
        return { body: await searchPage(frameNow(context, site), { sought, articles }) };
      },
    });
  });
  routes.get("/breaking", (context) =>
    send(context, {
      contentType: htmlType,
      cacheControl: cacheControl.breaking,
      compressible: true,
      render: async () => {
        const line = await newsroom.breaking();
        const pageVersion = line?.id ?? 0;
        return { body: await breakingFragment(line), tags: ["breaking"], pageVersion };
      },
    }),
  );
  routes.get("/rss.xml", (context) => sendRss(context, site));
  return routes;
}

function sendArticle(
  context: Context<DemoEnv>,
  site: Site,
  { slug, json }: { slug: string; json: boolean },
): Promise<Response> | Response {
  const validators = json ? dataValidators : pageValidators.bind(undefined, site);
  const current = site.newsroom.versionOf(slug);
  if (current === undefined) {
    const says = "No article has this address. It may have been renamed.";
    return sendMissing(context, site, { says, tags: [articleTag(slug)] });
  }
  if (current.withdrawnAtMs !== null) {
    const gone = { tags: [articleTag(slug)], pageVersion: current.version };
    return sendGone(context, site, gone);
  }
  return send(context, {
    contentType: json ? jsonType : htmlType,
    cacheControl: cacheControl.article,
    compressible: true,
    current: validators(current),
    render: async () => {
      const article = await site.newsroom.article(slug);
      if (article === undefined) throw new Error(`The article ${slug} vanished while rendering.`);
      return {
        body: json ? articleJson(article) : await articlePage(frameNow(context, site), article),
        validators: validators(article),
        tags: articleTags(article),
        pageVersion: article.version,
      };
    },
  });
}

async function sendFeed(
  context: Context<DemoEnv>,
  site: Site,
  form: "html" | "json",
): Promise<Response> {
  const asked = context.req.query("page") ?? "1";
  if (!/^[1-9]\d{0,5}$/.test(asked)) {
    const says = `The page ${JSON.stringify(asked)} is not a number from 1 up. Try /feed?page=1.`;
    return sendPlainPage(context, site, { status: 400, title: "No such page number", says });
  }
  const page = Number(asked);
  const edition = site.newsroom.edition();
  if (page > feedPageCount(edition)) {
    const says = `The feed ends with page ${feedPageCount(edition)}.`;
    return sendMissing(context, site, { says, tags: ["feed"] });
  }
  const validators = form === "json" ? dataValidators : pageValidators.bind(undefined, site);
  return send(context, {
    contentType: form === "json" ? jsonType : htmlType,
    cacheControl: cacheControl.list,
    compressible: true,
    current: validators(edition),
    render: async () => {
      const offset = (page - 1) * feedPageArticles;
      const list = await site.newsroom.latest({ offset, limit: feedPageArticles });
      const given = { articles: list.articles, page, pageCount: feedPageCount(list.edition) };
      const body =
        form === "json" ? feedJson(given) : await feedPage(frameNow(context, site), given);
      return { body, validators: validators(list.edition), tags: listTags(list.articles) };
    },
  });
}

/** An empty newsroom still has a first page. */
const feedPageCount = ({ articleCount }: Edition): number =>
  Math.max(1, Math.ceil(articleCount / feedPageArticles));

const feedJson = (given: { articles: ArticleCard[]; page: number; pageCount: number }): string =>
  JSON.stringify({ ...given, articles: given.articles.map(cardJson) });

/** An article's card as JSON consumers see it, without the columns of the database. */
export const cardJson = (card: ArticleCard): Record<string, string | number> => ({
  slug: card.slug,
  title: card.title,
  lede: card.lede,
  section: card.section,
  author: card.authorName,
  version: card.version,
  publishedAt: new Date(card.publishedAtMs).toISOString(),
});

function sendSection(context: Context<DemoEnv>, site: Site): Promise<Response> {
  const section = context.req.param("section") ?? "";
  if (!isSection(section)) {
    return sendMissing(context, site, { says: "The paper has no such section." });
  }
  return send(context, {
    contentType: htmlType,
    cacheControl: cacheControl.list,
    compressible: true,
    current: pageValidators(site, site.newsroom.edition()),
    render: async () => {
      const { articles, edition } = await site.newsroom.inSections([section], sectionArticles);
      return {
        body: await sectionPage(frameNow(context, site), { section, articles }),
        validators: pageValidators(site, edition),
        tags: [`section:${section}`, ...listTags(articles)],
      };
    },
  });
}

function sendRss(context: Context<DemoEnv>, site: Site): Promise<Response> {
  const siteUrl = site.siteUrl ?? new URL(context.req.url).origin;
  return send(context, {
    contentType: "application/rss+xml; charset=utf-8",
    cacheControl: cacheControl.syndication,
    compressible: true,
    current: dataValidators(site.newsroom.edition()),
    render: async () => {
      const list = await site.newsroom.latest({ offset: 0, limit: rssArticles });
      return {
        body: await rssFeed(siteUrl, list.articles),
        validators: dataValidators(list.edition),
        tags: listTags(list.articles),
      };
    },
  });
}
