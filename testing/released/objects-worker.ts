// The Worker of a release over Durable Objects alone, with their classes.
import { durableObjects } from "../../src/cloudflare.ts";
import { createWorker } from "../../src/worker.ts";
import config from "../../tidemark.config.ts";

export { TidemarkJournal, TidemarkRecords } from "../../src/cloudflare.ts";
export default createWorker(config, {
  stores: durableObjects({ records: { objects: 2 } }),
});
