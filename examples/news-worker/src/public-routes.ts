// Pages that are the same for every reader. Tidemark stores them as its configuration says.
import { type Context, Hono } from "hono";
import { html } from "hono/html";
import { article, articlesOf } from "./articles.ts";
import { breakingLine, breakingTag } from "./breaking.ts";
import { section, sections } from "./catalogue.ts";
import { feed, feedSizes } from "./feed.ts";
import { articleMain, cards, type Html, page } from "./pages.ts";
import { settings } from "./settings.ts";
import { siteCss } from "./site-css.ts";
import { views } from "./views.ts";

export async function sendPage(
  c: Context,
  title: string,
  main: Html,
  status: 200 | 404 | 403 = 200,
) {
  const [site, all] = await Promise.all([settings(), sections()]);
  return c.html(page({ settings: site, sections: all }, title, main), status);
}

const sendMissing = (c: Context, says: string) =>
  sendPage(
    c,
    "Nothing here",
    html`<h1>Nothing here</h1>
      <p>${says}</p>`,
    404,
  );

export const publicRoutes = new Hono();

publicRoutes.get("/", async (c) => {
  const size = feedSizes.find((one) => String(one) === c.req.query("size")) ?? 20;
  return sendPage(c, "Front page", cards(await feed("all", size)));
});

publicRoutes.get("/sections/:section", async (c) => {
  const found = await section(c.req.param("section"));
  if (found === null) return sendMissing(c, "The paper has no such section.");
  const list = cards(await feed(found.id, 20));
  return sendPage(
    c,
    found.title,
    html`<h1>${found.title}</h1>
      ${list}`,
  );
});

publicRoutes.get("/news/:slug", async (c) => {
  const found = await article(c.req.param("slug"));
  if (found === null) return sendMissing(c, "The paper has no such article.");
  return sendPage(c, found.title, articleMain(found));
});

publicRoutes.get("/most-read", async (c) => {
  const slugs = (await views.top(10)).map(([slug]) => slug);
  const list = cards(await articlesOf(slugs));
  return sendPage(
    c,
    "Most read",
    html`<h1>Most read</h1>
      ${list}`,
  );
});

publicRoutes.get("/breaking", async (c) => {
  c.header("Cache-Tag", breakingTag);
  const text = await breakingLine();
  return sendPage(
    c,
    "Breaking",
    html`<h1>Breaking</h1>
      <p class="lede">${text}</p>`,
  );
});

publicRoutes.get("/site.css", (c) => c.text(siteCss, 200, { "Content-Type": "text/css" }));

publicRoutes.notFound((c) => sendMissing(c, "No page has this address."));
