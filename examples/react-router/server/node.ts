// The site on Node, with Tidemark in front. `server.js` serves it.
import { Redis } from "ioredis";
import { createRequestHandler } from "react-router";
import { tidemark } from "tidemark/hono";
import { inProcess, redis } from "tidemark/node";
import * as build from "virtual:react-router/server-build";
import { config, data } from "../app/cache.server";

const handle = createRequestHandler(build);
const { REDIS_URL } = process.env;
const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();

export default tidemark({ fetch: (request) => handle(request) }, config, {
  data,
  env: process.env,
  stores,
});
