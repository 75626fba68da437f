// The parts of an isolate that its purge probe can use.
import type { TieredCache } from "../create-cache.ts";
import type { Background } from "../platform/platform.ts";
import type { Context } from "../proxy/site/exchange.ts";
import type { Site } from "../proxy/site/site.ts";
import type { ResponseDetail } from "../proxy/stored/stored-response.ts";

export interface ProbeWorker {
  readonly cache: TieredCache<ResponseDetail>;
  readonly site: Site;
  readonly contextFor: (request: Request, background: Background) => Context;
}
