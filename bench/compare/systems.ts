// The compared systems, and those that no machine but their vendor's runs.
import type { Adapter } from "./adapter.ts";
import { bentoCache } from "./adapters/bentocache.ts";
import { nextRedis } from "./adapters/next-redis.ts";
import { nginx } from "./adapters/nginx.ts";
import { openNext } from "./adapters/opennext.ts";
import { responseStore } from "./adapters/response-store.ts";
import { tidemarkCloudflare } from "./adapters/tidemark-cloudflare.ts";
import { tidemarkData } from "./adapters/tidemark-data.ts";
import { tidemarkPages } from "./adapters/tidemark-pages.ts";
import { varnish } from "./adapters/varnish.ts";

export const systems = {
  "tidemark-pages": tidemarkPages,
  "tidemark-data": tidemarkData,
  "tidemark-cloudflare": tidemarkCloudflare,
  "response-store": responseStore,
  opennext: openNext,
  "next-redis": nextRedis,
  bentocache: bentoCache,
  varnish,
  nginx,
} as const satisfies Readonly<Record<string, Adapter>>;

type SystemName = keyof typeof systems;
export const systemNames = Object.keys(systems) as SystemName[];

/** Not tested, so without a verdict. */
export const notTested = ["Cloudflare's CDN cache", "Cloudflare Workers Caching"] as const;
