// The Worker of `npm start`: this site's configuration over Redis, with the dashboard.
import { esi } from "../../src/esi/esi.ts";
import { dashboard } from "../../src/operate/dashboard/dashboard.ts";
import { operate } from "../../src/operate.ts";
import { query } from "../../src/query/query.ts";
import { slices } from "../../src/slices/slices.ts";
import { upstash } from "../../src/upstash.ts";
import { createWorker } from "../../src/worker.ts";
import config from "../../tidemark.config.ts";

export default createWorker(Object.assign(config, { dashboard: dashboard() }), {
  stores: upstash(),
  operate: operate(),
  esi: esi(),
  query: query(),
  slices: slices(),
});
