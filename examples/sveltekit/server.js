// On Node: Tidemark, with the built site as its origin on a port of its own.
import { once } from "node:events";
import { createServer } from "node:http";
import { serve } from "@hono/node-server";
import { inProcess } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import config from "./tidemark.config.js";

// Tidemark sets these fields, and removes those of clients.
Object.assign(process.env, {
  HOST_HEADER: "x-forwarded-host",
  PROTOCOL_HEADER: "x-forwarded-proto",
  ADDRESS_HEADER: "x-real-ip",
});
const { handler } = await import("./build/handler.js");
const origin = createServer(handler).listen(0, "127.0.0.1");
await once(origin, "listening");

const env = { ...process.env, ORIGIN_URL: `http://127.0.0.1:${origin.address().port}` };
const context = { waitUntil() {}, passThroughOnException() {}, props: {} };
const worker = createWorker(config, { stores: inProcess() });
const { HOST: hostname, PORT = "3000" } = process.env;
serve({
  fetch: (request, server) => worker.fetch(request, env, context, server),
  hostname,
  port: Number(PORT),
});
