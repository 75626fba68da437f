// On Workers: Tidemark, with the built site as its origin in the same Worker.
import { env as bindings } from "cloudflare:workers";
import { durableObjects } from "tidemark/cloudflare";
import { tidemark } from "tidemark/hono";
import { server } from "./build/workers/server/instance.js";
import build from "./build/workers/files/_app/version.json" with { type: "json" };
import config from "./tidemark.config.js";

export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";

const ready = server.init({ env: bindings });

const site = {
  async fetch(request, env, context) {
    await ready;
    const getClientAddress = () => request.headers.get("x-real-ip") ?? "";
    return server.respond(request, { platform: { env, context }, getClientAddress });
  },
};

export default tidemark(site, config, { build: build.version, stores: durableObjects() });
