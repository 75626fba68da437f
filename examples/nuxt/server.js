// On Node: Tidemark, with the built site as its origin in the same process.
import { serve } from "@hono/node-server";
import { context, inProcess, loopbackOrigin } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import { listener } from "./.output/server/index.mjs";
import config from "./tidemark.config.js";

const env = { ...process.env, ORIGIN_URL: await loopbackOrigin(listener) };
const worker = createWorker(config, { stores: inProcess() });
const { HOST: hostname, PORT = "3000" } = process.env;
serve({
  fetch: (request, server) => worker.fetch(request, env, context, server),
  hostname,
  port: Number(PORT),
});
