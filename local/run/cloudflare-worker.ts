// The Worker of `npm start -- --stores cloudflare`: this site's configuration over the stores of
// Cloudflare, without Redis, with the dashboard.
import { durableObjects, r2Bodies } from "../../src/cloudflare.ts";
import { esi } from "../../src/esi/esi.ts";
import { dashboard } from "../../src/operate/dashboard/dashboard.ts";
import { operate } from "../../src/operate.ts";
import { query } from "../../src/query/query.ts";
import { slices } from "../../src/slices/slices.ts";
import { createWorker } from "../../src/worker.ts";
import config from "../../tidemark.config.ts";

export { TidemarkJournal, TidemarkRecords } from "../../src/cloudflare.ts";

export default createWorker(Object.assign(config, { dashboard: dashboard() }), {
  stores: {
    ...durableObjects({ journal: { longPoll: true } }),
    bodies: r2Bodies({ binding: "BODIES" }),
  },
  operate: operate(),
  esi: esi(),
  query: query(),
  slices: slices(),
});
