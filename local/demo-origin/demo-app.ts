// The demo news site as a Hono application, without a port.
import { Hono } from "hono";
import { loadAssets } from "./assets.ts";
import { cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { editorRoutes, type EditorsRoom } from "./editor-routes.ts";
import { fileRoutes } from "./file-routes.ts";
import { newsRoutes } from "./news-routes.ts";
import type { Newsroom } from "./newsroom.ts";
import { readerRoutes } from "./reader-routes.ts";
import type { Readers } from "./readers.ts";
import { sendMissing, type Site } from "./site.ts";

/**
 * @param given.nowAtMs     the origin's clock: `Date` fields and the stamp in the footer
 * @param given.editorsRoom absent, there is no editor's desk
 * @param given.reportError told of every failure that a reader sees as a 500
 * @param given.siteUrl     where readers see the site, for links in the RSS feed, such as
 *                          "https://post.example"; absent, links lead where the request went
 * @example
 * const response = await createDemoApp({ newsroom, readers }).request("/feed?page=2");
 */
export function createDemoApp(given: {
  newsroom: Newsroom;
  readers: Readers;
  editorsRoom?: EditorsRoom;
  nowAtMs?: () => number;
  reportError?: (error: Error) => void;
  siteUrl?: string | undefined;
}): Hono<DemoEnv> {
  const { newsroom, readers, nowAtMs = Date.now, reportError = console.error } = given;
  const { siteUrl, editorsRoom } = given;
  const site: Site = { newsroom, readers, assets: loadAssets(), nowAtMs, siteUrl };
  const app = new Hono<DemoEnv>();
  app.use(async (context, next) => {
    context.set("arrivedAtMs", nowAtMs());
    await next();
    context.res.headers.set("Date", new Date(nowAtMs()).toUTCString());
  });
  app.get("/healthz", (context) =>
    context.body("ok\n", 200, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": "3",
      "Cache-Control": cacheControl.never,
    }),
  );
  if (editorsRoom !== undefined) app.route("/", editorRoutes(site, editorsRoom));
  app.route("/", readerRoutes(site));
  app.route("/", newsRoutes(site));
  app.route("/", fileRoutes(site));
  app.notFound((context) => sendMissing(context, site, { says: "No page has this address." }));
  app.onError((error, context) => {
    reportError(error);
    const says = "The newsroom could not make this page. Try again in a moment.\n";
    return context.body(says, 500, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": String(says.length),
      "Cache-Control": cacheControl.never,
    });
  });
  return app;
}
