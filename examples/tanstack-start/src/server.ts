// The site on Node, with Tidemark in front. `server.js` serves it.
import { serveStatic } from "@hono/node-server/serve-static";
import handler from "@tanstack/react-start/server-entry";
import { Hono } from "hono";
import { Redis } from "ioredis";
import { tidemark } from "tidemark/hono";
import { inProcess, redis } from "tidemark/node";
import { config, data } from "./cache";

function cached() {
  const { REDIS_URL } = process.env;
  const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();
  const site = new Hono();
  site.use("/assets/*", serveStatic({ root: "dist/client" }));
  site.all("*", (c) => handler.fetch(c.req.raw));
  return tidemark(site, config, {
    build: import.meta.env.BUILD,
    data,
    env: process.env,
    stores,
  });
}

// `vite dev` caches nothing.
export default import.meta.env.DEV ? handler : cached();
