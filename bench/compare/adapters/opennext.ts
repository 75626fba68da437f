// The caches of OpenNext in two colos.
import type { Adapter } from "../adapter.ts";
import { startWorkers } from "./workers.ts";

export const openNext: Adapter = {
  title: "@opennextjs/cloudflare 1.20.17",
  configuration:
    "The guideline for a large site: withRegionalCache(r2IncrementalCache, short-lived) and " +
    "doShardedTagCache({ baseShardSize: 12 }). The bench calls OpenNext's cache as a fetch of " +
    "Next.js 16.4 does. Hard: { expire: 0 }. Soft: the profile max. Two colos.",
  promise: {
    text:
      "revalidateTag(tag, { expire: 0 }): stale content is never served, so the next request is a " +
      "blocking revalidate or a cache miss. max: stale content while the revalidation runs.",
    source: "opennext.js.org/cloudflare/caching, which refers to Next.js on revalidateTag",
    excuses: ["late store", "fault"],
  },
  modes: ["hard", "soft"],
  start: (world) =>
    startWorkers(world, {
      worker: new URL("./opennext-worker.js", import.meta.url),
      r2Bucket: "NEXT_INC_CACHE_R2_BUCKET",
      objects: { NEXT_TAG_CACHE_DO_SHARDED: "DOShardedTagCache" },
    }),
};
