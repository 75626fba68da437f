// On Node: Tidemark, with the built site as its origin on a port of its own.
import { once } from "node:events";
import { createServer } from "node:http";
import { serve } from "@hono/node-server";
import { inProcess } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import { listener } from "./.output/server/index.mjs";
import config from "./tidemark.config.js";

// Tidemark names the host of the site in this field, and removes that of a client.
const origin = createServer((request, response) => {
  request.headers.host = request.headers["x-forwarded-host"] ?? request.headers.host;
  listener(request, response);
}).listen(0, "127.0.0.1");
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
