// The editor's desk. Purges name the values that have changed, also those that were absent. They cover
// the pages that show them.
import { env } from "cloudflare:workers";
import { type Context, Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { csrf } from "hono/csrf";
import { timingSafeEqual } from "hono/utils/buffer";
import { isSlug, saveArticle } from "./articles.ts";
import { breakingTag, sayBreaking } from "./breaking.ts";
import { cache } from "./cache.ts";
import { renameSection, section, sections } from "./catalogue.ts";
import { feedTag } from "./feed.ts";
import { editorMain } from "./pages.ts";
import { sendPage } from "./public-routes.ts";
import { sentIn } from "./sent.ts";
import { saveSetting } from "./settings.ts";

/** Sends a request to the site itself through the cache, as a client would. */
export type AskSite = (url: URL, c: Context) => Promise<Response>;

export function editorRoutes(askSite: AskSite): Hono {
  const routes = new Hono().basePath("/editor");
  const isEditor = async (name: string, password: string) =>
    name === "editor" && (await timingSafeEqual(password, env.EDITOR_PASSWORD));
  // A browser sends the password with every request, so this site must reject forms of other sites.
  routes.use(csrf(), basicAuth({ verifyUser: isEditor }));

  routes.onError((error, c) => {
    if (error.name !== "OperatorError") throw error;
    // Stored pages may be older than the database, so the editor must know about the error.
    const says = "The database has the change, but the cache could not be purged. Send it again.\n";
    return c.text(says, 503, { "Cache-Control": "no-store" });
  });

  routes.get("/", async (c) => {
    c.header("Cache-Control", "private, no-store");
    return sendPage(c, "Editor", editorMain(await sections(), c.req.query("said") ?? ""));
  });

  /**
   * Publishes or updates an article: writes it to the database, purges the older page, and stores
   * the new page before a reader requests it.
   */
  routes.post("/articles", async (c) => {
    const { slug = "", title = "", lede = "", body = "", section: of = "" } = await sentIn(c);
    if (!isSlug(slug) || title === "" || body === "") {
      return answer(c, 400, "An article needs an address of small letters, a title and a text.");
    }
    if ((await section(of)) === null) return answer(c, 400, "The paper has no such section.");
    await saveArticle({ slug, title, lede, body, section: of, author: "hale" });
    await cache.purge({ keys: [["articles", slug]], tags: [feedTag], reason: "published" });
    for (const path of [`/news/${slug}`, "/"]) await askSite(new URL(path, c.req.url), c);
    return answer(c, 200, `Published. The new page is stored: /news/${slug}`);
  });

  routes.post("/breaking", async (c) => {
    const { text = "" } = await sentIn(c);
    await sayBreaking(text);
    const refresh = [new URL("/breaking", c.req.url).href];
    await cache.purge({ tags: [breakingTag], reason: "breaking", refresh });
    return answer(c, 200, "The breaking line is published.");
  });

  routes.post("/sections/:section", async (c) => {
    const { title = "" } = await sentIn(c);
    const found = await section(c.req.param("section"));
    if (found === null) return answer(c, 400, "The paper has no such section.");
    if (title === "") return answer(c, 400, "A section needs a title.");
    await renameSection(found.id, title);
    return answer(c, 200, "Renamed.");
  });

  routes.post("/settings", async (c) => {
    const { motto = "" } = await sentIn(c);
    await saveSetting("motto", motto);
    return answer(c, 200, "The cron trigger loads the motto within a minute.");
  });

  return routes;
}

/** Shows the desk with a message after a form, and otherwise sends the message as text. */
function answer(c: Context, status: 200 | 400, said: string): Response {
  const isForm = c.req.header("content-type")?.startsWith("application/json") !== true;
  if (isForm && status === 200) return c.redirect(`/editor?said=${encodeURIComponent(said)}`, 303);
  return c.text(`${said}\n`, status);
}
