// The data of the pages as JSON. These routes bypass the page cache, so that the effect of the data
// cache is visible.
import { Hono } from "hono";
import { article, articlesOf, isSlug, partsOf } from "./articles.ts";
import { section, sections } from "./catalogue.ts";
import { queriesSoFar } from "./database.ts";
import { feed, feedSizes } from "./feed.ts";
import { settings } from "./settings.ts";
import { views } from "./views.ts";

export const apiRoutes = new Hono().basePath("/api");

/**
 * Adds a field with the number of this isolate's queries during the request. It is 0 if the cache
 * had all values.
 */
apiRoutes.use(async (c, next) => {
  const before = queriesSoFar();
  await next();
  c.header("Queries", String(queriesSoFar() - before));
});

apiRoutes.get("/queries", (c) => c.json({ soFar: queriesSoFar() }));

apiRoutes.get("/articles/:slug", async (c) => {
  const found = await article(c.req.param("slug"));
  return c.json(found, found === null ? 404 : 200);
});

apiRoutes.get("/articles/:slug/:part{title|body}", async (c) => {
  const part = c.req.param("part") === "title" ? "title" : "body";
  const found = await partsOf(c.req.param("slug"), [part]);
  return c.json(found, found === null ? 404 : 200);
});

apiRoutes.get("/feed/:size", async (c) => {
  const size = feedSizes.find((one) => String(one) === c.req.param("size"));
  return size === undefined ? c.json(null, 404) : c.json(await feed("all", size));
});

apiRoutes.get("/sections", async (c) => c.json(await sections()));
apiRoutes.get("/sections/:section", async (c) => {
  const found = await section(c.req.param("section"));
  return c.json(found, found === null ? 404 : 200);
});
apiRoutes.get("/settings", async (c) => c.json(await settings()));

apiRoutes.get("/views/:slug", async (c) => {
  const slug = c.req.param("slug");
  return isSlug(slug) ? c.json({ views: await views.get(slug) }) : c.json(null, 404);
});

apiRoutes.post("/views/:slug", async (c) => {
  const slug = c.req.param("slug");
  if ((await article(slug)) === null) return c.json(null, 404);
  views.add(slug);
  return c.json({ views: await views.get(slug) });
});

apiRoutes.get("/most-read", async (c) => {
  const most = await views.top(10);
  const articles = await articlesOf(most.map(([slug]) => slug));
  const counts = new Map(most);
  return c.json(articles.map(({ slug, title }) => ({ title, views: counts.get(slug) })));
});
