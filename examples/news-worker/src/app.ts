// The site as a Hono application. It does not depend on Tidemark's page cache, which the
// configuration controls.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { apiRoutes } from "./api-routes.ts";
import { type AskSite, editorRoutes } from "./editor-routes.ts";
import { publicRoutes } from "./public-routes.ts";
import { readerRoutes } from "./reader-routes.ts";

export function createApp(askSite: AskSite): Hono {
  const app = new Hono();
  app.route("/", editorRoutes(askSite));
  app.route("/", readerRoutes);
  app.route("/", apiRoutes);
  app.route("/", publicRoutes);
  app.onError((error, c) => {
    // The error contains a response, such as the 401 that asks for a password.
    if (error instanceof HTTPException) return error.getResponse();
    console.error(error.name);
    const says = "This page could not be made. Try again in a moment.\n";
    return c.text(says, 503, { "Cache-Control": "no-store" });
  });
  return app;
}
