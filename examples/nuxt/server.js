// On Node: Tidemark, with the built site as its origin in the same process.
import { serve } from "@hono/node-server";
import { Redis } from "ioredis";
import { context, inProcess, loopbackOrigin, redis } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import build from "./.output/public/_nuxt/builds/latest.json" with { type: "json" };
import { listener } from "./.output/server/index.mjs";
import config from "./tidemark.config.js";

const env = { ...process.env, ORIGIN_URL: await loopbackOrigin(listener) };
const { HOST: hostname, PORT = "3000", REDIS_URL } = process.env;
const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();
const worker = createWorker(config, { build: build.id, stores });
serve({
  fetch: (request, server) => worker.fetch(request, env, context, server),
  hostname,
  port: Number(PORT),
});
