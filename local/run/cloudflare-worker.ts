// The Worker of `npm start -- --stores cloudflare`: this site's configuration over the stores of
// Cloudflare, without Redis, with the dashboard.
// Needs parts: dashboard.
import { durableObjects, r2Bodies } from "../../src/cloudflare.ts";
import { createWorker } from "../../src/worker.ts";
import config from "../../tidemark.config.ts";
import { withOperator } from "./with-operator.ts";

export { TidemarkJournal, TidemarkRecords } from "../../src/cloudflare.ts";

export default createWorker(withOperator(config), {
  stores: {
    ...durableObjects({ journal: { hints: true } }),
    bodies: r2Bodies({ binding: "BODIES" }),
  },
});
