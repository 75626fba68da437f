// The site on Node, with Tidemark in front. `server.js` serves it.
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { Redis } from "ioredis";
import { createRequestHandler } from "react-router";
import { tidemark } from "tidemark/hono";
import { inProcess, redis } from "tidemark/node";
import * as build from "virtual:react-router/server-build";
import { config, data } from "../app/cache.server";

const handle = createRequestHandler(build);
const { REDIS_URL } = process.env;
const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();

const site = new Hono();
site.use("/assets/*", serveStatic({ root: "build/client" }));
site.all("*", (c) => handle(c.req.raw));

export default tidemark(site, config, {
  build: import.meta.env.BUILD,
  data,
  env: process.env,
  stores,
});
