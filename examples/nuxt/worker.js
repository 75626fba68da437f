// On Workers: Tidemark, with the built site as its origin in the same Worker.
import { durableObjects } from "tidemark/cloudflare";
import { tidemark } from "tidemark/hono";
import build from "./.output/public/_nuxt/builds/latest.json" with { type: "json" };
import site from "./.output/server/index.mjs";
import config from "./tidemark.config.js";

export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";

export default tidemark(site, config, { build: build.id, stores: durableObjects() });
