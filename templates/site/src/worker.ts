// The main module of wrangler.jsonc: a Worker with the configuration.
// Its stores are Durable Objects, so it needs no account beside Cloudflare.
import { durableObjects } from "tidemark/cloudflare";
import { createWorker } from "tidemark/worker";
import config from "../tidemark.config.ts";

export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";

export default createWorker(config, { stores: durableObjects() });
