// The Worker of `npm start -- --stores cloudflare`: this site's configuration over the stores of
// Cloudflare, without Redis.
import {
  durableObjectJournal,
  durableObjectRecords,
  r2Bodies,
  workersKv,
} from "../../src/cloudflare.ts";
import { createWorker } from "../../src/worker.ts";
import config from "../../tidemark.config.ts";

export { TidemarkJournal, TidemarkRecords } from "../../src/cloudflare.ts";

export default createWorker(config, {
  journal: durableObjectJournal({ longPoll: true }),
  tiers: [durableObjectRecords(), workersKv({ binding: "PAGES" })],
  bodies: r2Bodies({ binding: "BODIES" }),
});
