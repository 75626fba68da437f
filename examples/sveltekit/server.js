// On Node: Tidemark, with the built site as its origin in the same process.
import { serve } from "@hono/node-server";
import { context, inProcess, loopbackOrigin } from "tidemark/node";
import { createWorker } from "tidemark/worker";
import config from "./tidemark.config.js";

// Tidemark sets these fields, and removes those of clients.
Object.assign(process.env, { PROTOCOL_HEADER: "x-forwarded-proto", ADDRESS_HEADER: "x-real-ip" });
const { handler } = await import("./build/handler.js");
const env = { ...process.env, ORIGIN_URL: await loopbackOrigin(handler) };
const worker = createWorker(config, { stores: inProcess() });
const { HOST: hostname, PORT = "3000" } = process.env;
serve({
  fetch: (request, server) => worker.fetch(request, env, context, server),
  hostname,
  port: Number(PORT),
});
