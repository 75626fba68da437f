// BentoCache in two Node processes.
import type { Adapter } from "../adapter.ts";
import { startDataProcesses } from "./data-processes.ts";

export const bentoCache: Adapter = {
  title: "BentoCache 1.6.1",
  configuration:
    "As on its page on several tiers: memory of 10 MB, Redis and the bus; ttl 1 h; no grace, " +
    "because a graced value may answer after deleteByTag; one Redis with a replica; two processes.",
  promise: {
    text:
      "deleteByTag: an entry that was cached before the invalidation of its tag is stale and " +
      "ignored. Each time a key is invalidated, the other instances delete it from their memory.",
    source: "bentocache.dev/docs/tags and /docs/multi-tier",
    excuses: ["late store", "fault"],
  },
  modes: ["hard"],
  start: (world) => startDataProcesses(world, new URL("./bentocache-process.ts", import.meta.url)),
};
