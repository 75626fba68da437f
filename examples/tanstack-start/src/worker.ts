// The site on Workers, with Tidemark in front.
import handler from "@tanstack/react-start/server-entry";
import { durableObjects } from "tidemark/cloudflare";
import { tidemark } from "tidemark/hono";
import { config, data } from "./cache";

export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";

// `vite dev` caches nothing.
export default import.meta.env.DEV
  ? handler
  : tidemark(handler, config, {
      build: import.meta.env.BUILD,
      data,
      stores: durableObjects(),
    });
