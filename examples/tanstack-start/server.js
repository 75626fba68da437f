// Serves the built site on Node: files from dist/client, and everything else by dist/server.
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import site from "./dist/server/server.js";

const app = new Hono();
app.use("/assets/*", serveStatic({ root: "dist/client" }));
app.all("*", (c) => site.fetch(c.req.raw, c.env));

const { PORT = "3000", HOST } = process.env;
serve({ fetch: app.fetch, port: Number(PORT), hostname: HOST }, ({ port }) => {
  console.log(`listening on http://localhost:${port}`);
});
