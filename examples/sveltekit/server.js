// On Node: Tidemark, with the built site as its origin in the same process.
import { serve } from "@hono/node-server";
import { Redis } from "ioredis";
import { context, inProcess, loopbackOrigin, redis } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import build from "./build/client/_app/version.json" with { type: "json" };
import config from "./tidemark.config.js";

// Tidemark sets these fields, and removes those of clients.
Object.assign(process.env, { PROTOCOL_HEADER: "x-forwarded-proto", ADDRESS_HEADER: "x-real-ip" });
const { handler } = await import("./build/handler.js");
const env = { ...process.env, ORIGIN_URL: await loopbackOrigin(handler) };
const { HOST: hostname, PORT = "3000", REDIS_URL } = process.env;
const stores = REDIS_URL ? redis(new Redis(REDIS_URL)) : inProcess();
const worker = createWorker(config, { build: build.version, stores });
serve({
  fetch: (request, server) => worker.fetch(request, env, context, server),
  hostname,
  port: Number(PORT),
});
