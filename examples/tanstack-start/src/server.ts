// The site on Node, with Tidemark in front. `server.js` serves it.
import handler from "@tanstack/react-start/server-entry";
import { Redis } from "ioredis";
import { tidemark } from "tidemark/hono";
import { inProcess, redis } from "tidemark/node";
import { config, data } from "./cache";

function cached() {
  const { REDIS_URL } = process.env;
  const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();
  return tidemark(handler, config, { data, env: process.env, stores });
}

// `vite dev` caches nothing.
export default import.meta.env.DEV ? handler : cached();
