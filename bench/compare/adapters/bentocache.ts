// BentoCache in two Node processes.
import type { Adapter } from "../adapter.ts";
import { startDataProcesses } from "./data-processes.ts";

export const bentoCache: Adapter = {
  title: "BentoCache 1.6.1",
  configuration:
    "As on its pages on several tiers and on grace periods: memory of 10 MB, Redis and the bus; ttl " +
    "and grace 1 h; one Redis with a replica; two processes. Hard: deleteByTag. Soft: expire.",
  promise: {
    text:
      "deleteByTag: an entry that was cached before the invalidation of its tag is stale and " +
      "ignored. Each time a key is invalidated, the other instances delete it from their memory.",
    source: "bentocache.dev/docs/tags and /docs/multi-tier",
    excuses: ["late store", "fault"],
  },
  modes: ["hard", "soft"],
  start: (world) => startDataProcesses(world, new URL("./bentocache-process.ts", import.meta.url)),
};
