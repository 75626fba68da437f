// The site on Workers, with Tidemark in front.
import { createRequestHandler } from "react-router";
import { durableObjects } from "tidemark/cloudflare";
import { tidemark } from "tidemark/hono";
import * as build from "virtual:react-router/server-build";
import { config, data } from "../app/cache.server";

export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";

const handle = createRequestHandler(build);
const site = { fetch: (request: Request) => handle(request) };

// `react-router dev` caches nothing.
export default import.meta.env.DEV
  ? site
  : tidemark(site, config, { build: import.meta.env.BUILD, data, stores: durableObjects() });
