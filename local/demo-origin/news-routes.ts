// Routes of the news: articles, feed, sections, breaking line, search, RSS.
import { type Context, Hono } from "hono";
import { articleJson, articlePage, cardJson } from "./article-page.ts";
import { articleTag, articleTags, cacheControl, listTags } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { breakingFragment, feedPage, rssFeed, searchPage, sectionPage } from "./list-pages.ts";
import { sections, sectionTitle } from "./newsroom.ts";
import { sendJson, sendMissing, sendPage, sendRefused, sendText } from "./send.ts";

const feedPageArticles = 12;
const sectionArticles = 24;
const rssArticles = 20;

export const newsRoutes = new Hono<DemoEnv>();

newsRoutes.get("/articles/:file", async (context) => {
  const file = context.req.param("file");
  const isJson = file.endsWith(".json");
  const slug = isJson ? file.slice(0, -5) : file;
  const article = await context.var.site.newsroom.article(slug);
  if (article === undefined) {
    const says = "No article has this address. It may have been renamed.";
    return sendMissing(context, { says, tags: [articleTag(slug)] });
  }
  const kept = { cacheControl: cacheControl.article, tags: articleTags(article) };
  if (isJson) return sendJson(context, articleJson(article), kept);
  const { title, lede: description } = article;
  return sendPage(context, { ...kept, title, description, content: articlePage(article) });
});

newsRoutes.get("/feed", (context) => sendFeed(context, "html"));
newsRoutes.get("/feed.json", (context) => sendFeed(context, "json"));

async function sendFeed(context: Context<DemoEnv>, form: "html" | "json"): Promise<Response> {
  const { newsroom } = context.var.site;
  const pageText = context.req.query("page") ?? "1";
  if (!/^[1-9]\d{0,5}$/.test(pageText)) {
    const says = `The page ${JSON.stringify(pageText)} is not a number from 1 up. Try /feed?page=1.`;
    return sendRefused(context, { title: "No such page number", says });
  }
  const page = Number(pageText);
  const pageCount = Math.ceil(newsroom.articleCount / feedPageArticles);
  if (page > pageCount) {
    return sendMissing(context, { says: `The feed ends with page ${pageCount}.`, tags: ["feed"] });
  }
  const offset = (page - 1) * feedPageArticles;
  const articles = await newsroom.latest({ offset, limit: feedPageArticles });
  const kept = { cacheControl: cacheControl.list, tags: listTags(articles) };
  if (form === "json") {
    return sendJson(context, { page, pageCount, articles: articles.map(cardJson) }, kept);
  }
  const content = feedPage({ articles, page, pageCount });
  return sendPage(context, { ...kept, title: `Latest, page ${page}`, content });
}

newsRoutes.get("/sections/:section", async (context) => {
  const section = sections.find((one) => one === context.req.param("section"));
  if (section === undefined) {
    return sendMissing(context, { says: "The paper has no such section." });
  }
  const articles = await context.var.site.newsroom.inSections([section], sectionArticles);
  return sendPage(context, {
    title: sectionTitle[section],
    content: sectionPage(section, articles),
    cacheControl: cacheControl.list,
    tags: [`section:${section}`, ...listTags(articles)],
  });
});

newsRoutes.get("/search", async (context) => {
  const query = (context.req.query("q") ?? "").trim();
  const articles = query === "" ? [] : await context.var.site.newsroom.search(query);
  const content = searchPage(query, articles);
  return sendPage(context, { title: "Search", content, cacheControl: cacheControl.never });
});

newsRoutes.get("/breaking", async (context) => {
  const fragment = await breakingFragment(await context.var.site.newsroom.breaking());
  const kept = { cacheControl: cacheControl.breaking, tags: ["breaking"] };
  return sendText(context, "text/html; charset=utf-8", fragment, kept);
});

newsRoutes.get("/rss.xml", async (context) => {
  const { newsroom, siteUrl = new URL(context.req.url).origin } = context.var.site;
  const articles = await newsroom.latest({ offset: 0, limit: rssArticles });
  const kept = { cacheControl: cacheControl.syndication, tags: listTags(articles) };
  const feed = await rssFeed(siteUrl, articles);
  return sendText(context, "application/rss+xml; charset=utf-8", feed, kept);
});
