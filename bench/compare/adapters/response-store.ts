// @cloudflare/workers-response-store in two colos.
import type { Adapter } from "../adapter.ts";
import { startWorkers } from "./workers.ts";

export const responseStore: Adapter = {
  title: "@cloudflare/workers-response-store 0.1.0-beta.1",
  configuration:
    "The README's setup with a single Worker: its integration loop, R2, one Durable Object. " +
    "Workers Cache does not run here, so each read reads R2. Two colos.",
  promise: {
    text:
      "purge() removes matching metadata and deletes response bodies. A later put can replace the " +
      "tombstone, but an older delayed write cannot recreate purged content.",
    source: "README, API and Storage and operational behavior",
    excuses: ["late store", "fault"],
  },
  modes: ["hard"],
  start: (world) =>
    startWorkers(world, {
      worker: new URL("./response-store-worker.js", import.meta.url),
      r2Bucket: "CACHE_BODIES",
      objects: { CACHE_METADATA: "CacheMetadata" },
    }),
};
